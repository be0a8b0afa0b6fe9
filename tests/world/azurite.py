"""The vendor's storage emulator on loopback, and a client of its queues that signs by itself."""
import base64
import hashlib
import hmac
import http.client
import os
import shutil
import time
import urllib.parse
from email.utils import formatdate
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from house import free_port
from peers import installed

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
VERSION = "2020-10-02"


class Azurite:
    """A queue service that belongs to a house: it ends with it."""

    def __init__(self, house, queue="sms-events"):
        self.port, self.queue = free_port(), queue
        there = installed("azurite", "azurite", "the storage emulator")
        program = os.path.join(there, "node_modules", "azurite", "dist", "src", "queue", "main.js")
        house.spawn("azurite", [shutil.which("node"), program, "--silent", "--inMemoryPersistence", "--queueHost", "127.0.0.1", "--queuePort", str(self.port),
                                "--disableTelemetry", "--skipApiVersionCheck"], r"successfully listen", 60)
        assert self.call("PUT", f"/{queue}")[0] == 201

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}/{self.queue}"

    def call(self, method, path, query="", body=b"", headers=False):
        path = f"/{ACCOUNT}{path}"
        date = formatdate(usegmt=True)
        resource = "".join(f"\n{k}:{v}" for k, v in sorted(urllib.parse.parse_qsl(query)))
        kind = "application/xml" if body else ""
        to_sign = f"{method}\n\n\n{len(body) or ''}\n\n{kind}\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{VERSION}\n/{ACCOUNT}{path}{resource}"
        mac = base64.b64encode(hmac.new(base64.b64decode(KEY), to_sign.encode(), hashlib.sha256).digest()).decode()
        signed = {"x-ms-date": date, "x-ms-version": VERSION, "Authorization": f"SharedKey {ACCOUNT}:{mac}"}
        if body:
            signed["Content-Type"] = kind
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.request(method, path + ("?" + query if query else ""), body or None, signed)
        answer = c.getresponse()
        text = answer.read()
        c.close()
        return (answer.status, text, answer.headers) if headers else (answer.status, text)

    def put(self, text, base=True):
        text = base64.b64encode(text.encode()).decode() if base else text
        status, answer = self.call("POST", f"/{self.queue}/messages", body=f"<QueueMessage><MessageText>{escape(text)}</MessageText></QueueMessage>".encode())
        assert status == 201, answer

    def left(self):
        """How many messages there are, visible or not."""
        status, _, headers = self.call("GET", f"/{self.queue}", "comp=metadata", headers=True)
        assert status == 200
        return int(headers["x-ms-approximate-messages-count"])

    def peek(self):
        status, text = self.call("GET", f"/{self.queue}/messages", "numofmessages=32&peekonly=true")
        assert status == 200, text
        return [m.findtext("MessageText") for m in ElementTree.fromstring(text)]

    def sas(self, permissions="p", seconds=3600):
        """A shared access signature of the queue, as the portal makes it."""
        stamp = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
        start, end = stamp(time.time() - 300), stamp(time.time() + seconds)
        to_sign = f"{permissions}\n{start}\n{end}\n/queue/{ACCOUNT}/{self.queue}\n\n\n\n{VERSION}"
        sig = base64.b64encode(hmac.new(base64.b64decode(KEY), to_sign.encode(), hashlib.sha256).digest()).decode()
        return urllib.parse.urlencode({"sv": VERSION, "st": start, "se": end, "sp": permissions, "sig": sig})

