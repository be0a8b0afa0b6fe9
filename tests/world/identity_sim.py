#!/usr/bin/env python3
"""Who gives tokens, simulated: Entra ID (HTTPS), a virtual machine's metadata service or Azure Arc's agent (HTTP), all on loopback.

It takes nothing on trust: the form, scope, secret or signed assertion of a request, the Metadata header, Arc's challenge.
Tokens it gave are lines "TOKEN END" of a file that the simulated gateway reads. Control by one more port (plain HTTP):

    POST /set       {"expires_in": 3600, "status": 503, "error": "invalid_client", "count": 2}   status: of the next `count` answers
    GET  /requests  every request: path, what was wrong with it, what was answered
"""
import argparse
import base64
import hashlib
import http.server
import json
import os
import ssl
import subprocess
import tempfile
import threading
import time
import uuid
from urllib.parse import parse_qs, urlsplit

SCOPE = "https://communication.azure.com//.default"
RESOURCE = "https://communication.azure.com/"


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Giver:
    def __init__(self, a):
        self.a = a
        self.lock = threading.Lock()
        self.requests = []
        self.seen_assertions = set()
        self.settings = {"expires_in": a.expires_in, "status": 200, "count": 0, "error": "invalid_client"}
        self.proof = None

    def token(self, client):
        with self.lock:
            token = f"eySim.{uuid.uuid4().hex}.{len(self.requests)}"
            with open(self.a.tokens, "a") as f:
                f.write(f"{token} {time.time() + self.settings['expires_in']}\n")
            life, end = self.settings["expires_in"], int(time.time()) + self.settings["expires_in"]
        if self.a.mode == "entra":
            return {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}
        return {"access_token": token, "client_id": client or str(uuid.UUID(int=1)), "expires_in": str(life), "expires_on": str(end), "ext_expires_in": str(life),
                "not_before": "1", "resource": RESOURCE, "token_type": "Bearer"}

    def assertion_problem(self, jwt, audience):
        try:
            head, claims, signature = jwt.split(".")
            header, body = json.loads(unbase64url(head)), json.loads(unbase64url(claims))
        except ValueError:
            return "the assertion is no JWT"
        der = subprocess.run(["openssl", "x509", "-in", self.a.certificate, "-outform", "DER"], capture_output=True, check=True).stdout
        thumb = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
        if header.get("alg") != "PS256" or header.get("typ") != "JWT" or header.get("x5t#S256") != thumb:
            return f"the assertion's header: {header}"
        now = time.time()
        if body.get("aud") != audience or body.get("iss") != self.a.client_id or body.get("sub") != self.a.client_id:
            return f"the assertion's claims: {body}"
        if not (body["nbf"] <= now + 5 and body["iat"] <= now + 5 and now < body["exp"] <= now + 605) or body["jti"] in self.seen_assertions:
            return "the assertion's times or id"
        self.seen_assertions.add(body["jti"])
        with tempfile.TemporaryDirectory() as d:
            public = subprocess.run(["openssl", "x509", "-in", self.a.certificate, "-noout", "-pubkey"], capture_output=True, check=True).stdout
            for name, content in (("key", public), ("sig", unbase64url(signature)), ("text", f"{head}.{claims}".encode())):
                with open(os.path.join(d, name), "wb") as f:
                    f.write(content)
            good = subprocess.run(["openssl", "dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32", "-verify", f"{d}/key",
                                   "-signature", f"{d}/sig", f"{d}/text"], capture_output=True).returncode == 0
        return None if good else "the assertion's signature is no PS256 of this certificate"

    def entra(self, h, raw):
        """(status, answer, problem) for a request to the token endpoint."""
        path = urlsplit(h.path).path
        here = f"https://{h.headers['Host']}/{self.a.tenant}"
        if path == f"/{self.a.tenant}/v2.0/.well-known/openid-configuration" and h.command == "GET":
            return 200, {"token_endpoint": f"{here}/oauth2/v2.0/token", "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                         "issuer": f"{here}/v2.0", "jwks_uri": f"{here}/discovery/v2.0/keys"}, None
        if path != f"/{self.a.tenant}/oauth2/v2.0/token" or h.command != "POST":
            return 404, {"error": "invalid_request"}, f"{h.command} {h.path}"
        if h.headers.get("Content-Type", "").split(";")[0] != "application/x-www-form-urlencoded":
            return 400, {"error": "invalid_request"}, "content type"
        form = {k: v[0] for k, v in parse_qs(raw.decode(), strict_parsing=True).items()}
        if form.get("grant_type") != "client_credentials" or form.get("scope") != SCOPE or form.get("client_id") != self.a.client_id:
            return 400, {"error": "invalid_scope"}, f"form: {sorted(form)}"
        if "client_assertion" in form:
            problem = self.assertion_problem(form["client_assertion"], f"{here}/oauth2/v2.0/token")
            if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
                problem = "client_assertion_type"
        else:
            problem = None if form.get("client_secret") == self.a.secret else "the secret is another one"
        if problem:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215", "error_codes": [7000215]}, problem
        return 200, self.token(None), None

    def machine(self, h):
        url = urlsplit(h.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        version = "2020-06-01" if self.a.mode == "arc" else "2018-02-01"
        if url.path.rstrip("/") != "/metadata/identity/oauth2/token" or h.command != "GET" or query.get("api-version") != version or query.get("resource") != RESOURCE:
            return 400, {"error": "invalid_request"}, f"{h.command} {h.path}"
        if h.headers.get("Metadata") != "true":
            return 400, {"error": "invalid_request"}, "no Metadata header"
        if (query.get("client_id") or "") != self.a.client_id:
            return 400, {"error": "identity_not_found"}, "another identity"
        if self.a.mode == "arc":
            if self.proof is None or h.headers.get("Authorization") != f"Basic {self.proof}":
                wrong = None if "Authorization" not in h.headers else "the challenge's answer is wrong"
                self.proof = uuid.uuid4().hex
                path = os.path.join(self.a.arc_keys, f"{uuid.uuid4()}.key")
                with open(path, "w") as f:
                    f.write(self.proof)
                h.extra = [("WWW-Authenticate", f"Basic realm={self.a.realm or path}")]
                return 401, {}, wrong
            self.proof = None
        return 200, self.token(self.a.client_id), None

    def answer(self, h, raw):
        with self.lock:
            forced = self.settings["count"] > 0
            self.settings["count"] -= forced
        if forced:
            status, value, problem = self.settings["status"], {"error": self.settings["error"]}, None
        else:
            status, value, problem = self.entra(h, raw) if self.a.mode == "entra" else self.machine(h)
        with self.lock:
            self.requests.append({"at": time.time(), "path": h.path, "problem": problem, "status": status})
        return status, value


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    giver, control = None, False

    def log_message(self, *args):
        pass

    def reply(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, v in self.extra:
            self.send_header(name, v)
        self.end_headers()
        self.wfile.write(body)

    def handle_it(self):
        self.extra = []
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self.control:
            return self.reply(*self.giver.answer(self, raw))
        with self.giver.lock:
            if self.command == "POST":
                self.giver.settings.update(json.loads(raw))
            return self.reply(200, self.giver.requests)

    do_GET = do_POST = handle_it


def serve(giver, control, tls=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("H", (Handler,), {"giver": giver, "control": control}))
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--mode", choices=("entra", "imds", "arc"), required=True)
    for name in ("tokens", "cert", "key", "tenant", "client-id", "secret", "certificate", "arc-keys", "realm"):
        p.add_argument(f"--{name}", default="")
    p.add_argument("--expires-in", type=int, default=3600)
    a = p.parse_args()
    giver = Giver(a)
    print("ready", serve(giver, False, (a.cert, a.key) if a.mode == "entra" else None), serve(giver, True), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
