"""A tenant's keys and tokens, made with the openssl command, and a server on loopback that shows the public ones."""
import base64
import json
import os
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*args, **kw):
    return subprocess.run(["openssl", *args], check=True, capture_output=True, **kw).stdout


class Tenant:
    """Keys by name, each an RSA key; /keys shows those in `shown`."""

    def __init__(self, folder, tenant="72f988bf-86f1-41af-91ab-2d7cd011db47"):
        self.folder, self.id, self.shown, self.fetched, self.status = folder, tenant, [], 0, 200
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                owner.fetched += 1
                body = json.dumps({"keys": [owner.public(k) for k in owner.shown]}).encode()
                self.send_response(owner.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/keys"

    def key(self, name, bits=2048):
        path = os.path.join(self.folder, name + ".rsa")
        if not os.path.exists(path):
            openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}", "-out", path)
        return path

    def public(self, name):
        modulus = openssl("rsa", "-in", self.key(name), "-noout", "-modulus").decode().strip().split("=")[1]
        return {"kty": "RSA", "use": "sig", "kid": name, "n": b64(bytes.fromhex(modulus)), "e": "AQAB"}

    def token(self, key="k1", head=None, **claims):
        now = int(time.time())
        said = {"aud": "api://nudge", "iss": f"https://login.microsoftonline.com/{self.id}/v2.0", "iat": now, "nbf": now, "exp": now + 3600,
                "azp": "4962773b-9cdb-44cf-a8bf-237846a00ab7", "ver": "2.0"}
        said.update(claims)
        said = {k: v for k, v in said.items() if v is not None}
        text = b64(json.dumps(dict({"typ": "JWT", "alg": "RS256", "kid": key}, **(head or {}))).encode()) + "." + b64(json.dumps(said).encode())
        return text + "." + b64(openssl("dgst", "-sha256", "-sign", self.key(key), input=text.encode()))
