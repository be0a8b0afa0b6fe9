"""The way of a gateway's events: a subscription that shakes hands first, then posts them as Event Grid does, or puts them into a queue.

At least once, in no order, again after anything but 200 to 204, never again after 400, 401 and 413; its waits are shorter.
"""
import base64
import http.client
import json
import random
import ssl
import threading
import time
import uuid
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from events import cloud, grid

FINAL = (400, 401, 413)


class Subscription:
    """spec: url, ca (a file), schema (grid or cloud), batch (events a request), twice (each event), or queue (its URL, with a signature)."""

    def __init__(self, spec):
        self.spec, self.waiting, self.lost, self.requests = spec, [], 0, 0
        self.random, self.lock = random.Random(1), threading.Condition()
        self.validated = "queue" in spec or self.shake_hands()
        if self.validated:
            threading.Thread(target=self.run, daemon=True).start()

    def call(self, method, url, body=b"", **headers):
        """(status, text, headers) of an answer; None when there is none."""
        at = urlsplit(url)
        try:
            if at.scheme == "https":
                c = http.client.HTTPSConnection(at.hostname, at.port, timeout=30, context=ssl.create_default_context(cafile=self.spec["ca"]))
            else:
                c = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
            c.request(method, at.path + ("?" + at.query if at.query else ""), body, headers)
            answer = c.getresponse()
            got = answer.status, answer.read(), answer.headers
            c.close()
            return got
        except (OSError, http.client.HTTPException):
            return None

    def shake_hands(self):
        if self.spec.get("schema") == "cloud":
            got = self.call("OPTIONS", self.spec["url"], **{"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "1000"})
            return bool(got) and got[0] == 200 and got[2]["WebHook-Allowed-Origin"] in ("*", "eventgrid.azure.net") and bool(got[2]["WebHook-Allowed-Rate"])
        code = str(uuid.uuid4()).upper()
        event = grid("Microsoft.EventGrid.SubscriptionValidationEvent", {"validationCode": code, "validationUrl": "https://rp.invalid/validate?id=1"})
        got = self.call("POST", self.spec["url"], json.dumps(event).encode(), **{"aeg-event-type": "SubscriptionValidation", "Content-Type": "application/json; charset=utf-8"})
        return bool(got) and got[0] == 200 and json.loads(got[1]) == {"validationResponse": code}

    def tell(self, kind, data, after=0):
        event = cloud(kind, data) if self.spec.get("schema") == "cloud" else grid(kind, data)[0]
        with self.lock:
            self.waiting += [[time.monotonic() + after, 0, event]] * (2 if self.spec.get("twice") else 1)
            self.lock.notify()

    def due(self):
        """Some events whose time has come, in no order; waits for them."""
        with self.lock:
            while True:
                now = time.monotonic()
                ready = [w for w in self.waiting if w[0] <= now]
                if ready:
                    some = self.random.sample(ready, min(len(ready), self.spec.get("batch", 1)))
                    for w in some:
                        self.waiting.remove(w)
                    return some
                self.lock.wait(min((w[0] - now for w in self.waiting), default=None))

    def run(self):
        while True:
            some = self.due()
            status = self.put(some) if "queue" in self.spec else self.post(some)
            with self.lock:
                self.requests += 1
                if status in FINAL:
                    self.lost += len(some)
                elif not status or not 200 <= status <= 204:
                    self.waiting += [[time.monotonic() + min(0.2 * 2 ** tries, 5), tries + 1, event] for _, tries, event in some]

    def post(self, some):
        is_cloud = self.spec.get("schema") == "cloud"
        events = [event for _, _, event in some]
        kind = "application/cloudevents" + ("-batch" if len(events) > 1 else "") + "+json" if is_cloud else "application/json"
        body = events[0] if is_cloud and len(events) == 1 else events
        got = self.call("POST", self.spec["url"], json.dumps(body).encode(), **{"Content-Type": kind + "; charset=utf-8", "aeg-event-type": "Notification",
                        "aeg-delivery-count": str(some[0][1])})
        return got and got[0]

    def put(self, some):
        """One message each."""
        at = urlsplit(self.spec["queue"])
        for _, _, event in some:
            text = base64.b64encode(json.dumps(event).encode()).decode()
            got = self.call("POST", f"{at.scheme}://{at.netloc}{at.path}/messages?{at.query}", f"<QueueMessage><MessageText>{escape(text)}</MessageText></QueueMessage>".encode(),
                            **{"Content-Type": "application/xml", "x-ms-version": "2020-10-02"})
        return got and 200 if got[0] == 201 else 500

    def state(self):
        with self.lock:
            return {"validated": self.validated, "waiting": len(self.waiting), "lost": self.lost, "requests": self.requests}
