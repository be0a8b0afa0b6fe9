#!/usr/bin/env python3
"""A simulated Azure Communication Services: a real HTTPS server that takes nothing on trust.

It verifies content hash, HMAC signature and date, the shape and limits of a request, and the repeatability pair of each
recipient, and answers in the real service's shapes. Faults are queued through its control port (plain HTTP, loopback):

    POST /faults     [{"kind": "late", "seconds": 2, "count": 3}, ...]
                     kinds: late, drop-before, drop-after, status (with status, retry_after, shape), item
                     count: how many requests, or "always"; probability (with seed): of these, how many by chance
                     on: sms (if not said), optouts or reports
    POST /reports    {"status": "Failed", "details": "4006: x", "after": 2}: what becomes of texts from now on; {}: nothing is known
    POST /optouts    [["+18335550100", "+16085550123"], ...]: the whole list from now on
    GET  /optouts    who is on it
    POST /subscriptions  {"url": ..., "ca": FILE, "schema": "grid" or "cloud", "batch": 10} or {"queue": ...}: where reports and
                     texts from phones go (grid_sim.py)
    GET  /subscriptions  what became of them
    POST /inbound    {"from": a phone, "to": our number, "message": ...}: a text from a phone
    GET  /asked      every request that was no text: path, status, how many phones
    GET  /accepted   every text that would have reached a phone
    GET  /attempts   every request and what was said to it (answer: a status, "dropped", or null: none yet)
    GET  /problems   what was wrong with requests, also repeatability ids that were refused
    POST /reset
"""
import argparse
import base64
import hashlib
import hmac
import json
import random
import re
import ssl
import sys
import threading
import time
import uuid
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import events
from grid_sim import Subscription

VERSIONS = ("2021-03-07", "2025-05-29-preview", "2025-09-17", "2026-01-23")
LIST_VERSIONS = VERSIONS[1:]  # of the opt-out list
REPORT_VERSIONS = VERSIONS[3:]
NUMBER = r"\+[1-9][0-9]{7,14}"
SKEW_S = 300
UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
FIXDATE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"


def moment(text):
    """Seconds of an RFC 1123 date; None for anything else."""
    if not isinstance(text, str) or not re.fullmatch(FIXDATE, text):
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def signature(key, method, target, date, host, digest):
    to_sign = f"{method}\n{target}\n{date};{host};{digest}".encode()
    return base64.b64encode(hmac.new(key, to_sign, hashlib.sha256).digest()).decode()


class Service:
    """What the service remembers; one lock around all of it."""

    def __init__(self, keys, window_s, journal, any_version, limit=0):
        self.lock = threading.Lock()
        self.keys = keys
        self.window_s = window_s
        self.journal = open(journal, "a", buffering=1) if journal else None
        self.any_version = any_version
        self.limit = limit
        self.tokens = None
        self.reset()

    def reset(self):
        self.accepted, self.attempts, self.problems, self.seen, self.asked = [], [], [], {}, []
        self.optouts, self.fate, self.sends, self.subscriptions = set(), None, {}, []
        self.expect([])

    def expect(self, faults):
        self.faults = faults
        self.chance = random.Random(next((f["seed"] for f in faults if "seed" in f), 1))

    def fault(self, on="sms"):
        """The first fault whose turn it is; those left to chance may pass to the next."""
        with self.lock:
            for fault in self.faults:
                if fault.get("on", "sms") != on:
                    continue
                if self.chance.random() >= fault.get("probability", 1):
                    continue
                if fault.get("count", 1) != "always":
                    fault["count"] = fault.get("count", 1) - 1
                    if fault["count"] <= 0:
                        self.faults.remove(fault)
                return fault
            return None

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def tell(self, kind, data, after=0):
        for subscription in self.subscriptions:
            subscription.tell(kind, data, after)

    def is_over(self, sender, n):
        """Whether this sender may send n texts more in this minute."""
        if not self.limit:
            return False
        now = time.monotonic()
        with self.lock:
            recent = [t for t in self.sends.get(sender, []) if now - t < 60]
            self.sends[sender] = recent + [now] * (n if len(recent) + n <= self.limit else 0)
            return len(recent) + n > self.limit

    def change_list(self, what, sender, to):
        """add, remove or check one phone: its item in the answer."""
        if not re.fullmatch(NUMBER, to):
            return {"to": to, "httpStatusCode": 400, "errorMessage": "Invalid To phone number format."}
        item = {"to": to, "httpStatusCode": 200, "errorMessage": ""}
        if what == "check":
            item["isOptedOut"] = (sender, to) in self.optouts
        elif what == "add":
            self.optouts.add((sender, to))
        else:
            self.optouts.discard((sender, to))
        return item

    def report(self, message_id):
        """The report on a text; None: there is none yet."""
        text = next((t for t in self.accepted if t["message_id"] == message_id), None)
        fate = text and text["fate"]
        if not fate or time.time() < text["at"] + fate.get("after", 0):
            return None
        good = fate.get("status", "Delivered") == "Delivered"
        now = time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z", time.gmtime())
        report = {"deliveryStatus": fate.get("status", "Delivered"), "messageId": message_id, "from": text["from"], "to": text["to"],
                  "deliveryStatusDetails": fate.get("details", "2000: No Error" if good else "5000: Failed"), "receivedTimestamp": now, "tag": text["tag"],
                  "deliveryAttempts": [{"timestamp": now, "segmentsSucceeded": int(good), "segmentsFailed": int(not good)}]}
        return {k: v for k, v in report.items() if v is not None}

    def accept(self, recipient, body):
        """One recipient of a good request: (httpStatusCode, repeatabilityResult, messageId, errorMessage)."""
        to, rid, first = recipient.get("to", ""), recipient.get("repeatabilityRequestId"), recipient.get("repeatabilityFirstSent")
        if not re.fullmatch(r"\+[1-9][0-9]{7,14}", to):
            return 400, None, None, "Invalid To phone number format."
        content = hashlib.sha256(json.dumps([to, body["from"], body["message"], body.get("smsSendOptions"), first]).encode()).hexdigest()
        if rid is not None or first is not None:
            sent = moment(first)
            if sent is None or not isinstance(rid, str) or not re.fullmatch(UUID, rid):
                self.problems.append("a repeatability pair is incomplete or malformed")
                return 400, "rejected", None, "RepeatabilityFirstSent should be an RFC1123 date and RepeatabilityRequestId a UUID."
            known = self.seen.get(rid.lower())
            if known and known[0] != content:
                self.problems.append("a repeatability id came again with other content")
                return 400, "rejected", None, "The request differs from the first with this id."
            if known and self.window_s is None:
                return 202, "accepted", known[1], None
            if self.window_s is not None and time.time() - sent > self.window_s:
                return 412, "rejected", None, "RepeatabilityFirstSent is outside the tracked time."
            if known:
                return 202, "accepted", known[1], None
        message_id = "Outgoing_" + time.strftime("%Y%m%d%H%M%S") + str(uuid.uuid4()) + "_noam"
        if rid:
            self.seen[rid.lower()] = (content, message_id)
        options = body.get("smsSendOptions") or {}
        text = {"at": time.time(), "from": body["from"], "to": to, "message": body["message"], "id": rid,
                "tag": options.get("tag"), "message_id": message_id}
        out = (body["from"], to) in self.optouts
        text["fate"] = {"status": "Failed", "details": "4007: Recipient opted out"} if out else self.fate
        self.accepted.append(text)
        if text["fate"] and options.get("enableDeliveryReport"):
            fate = text["fate"]
            self.tell("report", events.report(text, fate.get("status", "Delivered"), fate.get("details", "No error.")), fate.get("after", 0))
        if self.journal and not out:
            self.journal.write(json.dumps(text) + "\n")
            self.journal.flush()
        return 202, "accepted" if rid else None, message_id, None


def shape_problem(body, version):
    """What 400 would complain about; None when the request is well formed."""
    if not isinstance(body, dict):
        return {"": ["A JSON object is expected."]}
    known = {"from", "smsRecipients", "message", "smsSendOptions"}
    if set(body) - known:
        return {k: ["Unknown field."] for k in set(body) - known}
    if not isinstance(body.get("from"), str) or not re.fullmatch(r"\+[1-9][0-9]{7,14}|[0-9]{5,6}|[A-Za-z0-9 ]{1,11}", body["from"]):
        return {"From": ["Invalid from phone number format."]}
    recipients = body.get("smsRecipients")
    if not isinstance(recipients, list) or not 1 <= len(recipients) <= 100 or not all(isinstance(r, dict) for r in recipients):
        return {"SmsRecipients": ["Between 1 and 100 recipients."]}
    if not isinstance(body.get("message"), str) or not 1 <= len(body["message"].encode("utf-16-le", "surrogatepass")) // 2 <= 2048:
        return {"Message": ["The message must have 1 to 2048 characters."]}
    options = body.get("smsSendOptions")
    if options is not None:
        allowed = {"enableDeliveryReport", "tag", "validityPeriodSeconds" if version == "2021-03-07" else "deliveryReportTimeoutInSeconds"}
        if version != "2021-03-07":
            allowed.add("messagingConnect")
        if not isinstance(options, dict) or not isinstance(options.get("enableDeliveryReport"), bool) or set(options) - allowed:
            return {"SmsSendOptions": ["enableDeliveryReport is required; unknown options are refused."]}
        timeout = options.get("deliveryReportTimeoutInSeconds", 60)
        if type(timeout) is not int or not 60 <= timeout <= 43200:
            return {"SmsSendOptions": ["deliveryReportTimeoutInSeconds is 60 to 43200."]}
        if not isinstance(options.get("tag", ""), str):
            return {"SmsSendOptions": ["tag is a text."]}
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None
    attempt = item_fault = None

    def log_message(self, *args):
        pass

    def drop(self):
        self.attempt["answer"] = "dropped"
        self.close_connection = True

    def answer(self, status, body=b"", headers=()):
        if self.attempt is not None:
            self.attempt["answer"] = status
        self.send_response(status)
        if body:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("MS-CV", "sim" + uuid.uuid4().hex[:12] + ".0")
        self.send_header("api-supported-versions", ", ".join(VERSIONS))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def token_problem(self, token):
        """Of the tokens that were given out (lines "TOKEN END" of a file) one that is still good."""
        with open(self.service.tokens) as f:
            ends = dict(line.split() for line in f)
        if token not in ends:
            return "nobody gave this token"
        return "the token is over" if float(ends[token]) < time.time() else None

    def signature_problem(self, raw):
        given = self.headers.get("Authorization", "")
        if self.service.tokens and given.startswith("Bearer "):
            return self.token_problem(given[len("Bearer "):])
        date = self.headers.get("x-ms-date") or ""
        digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
        if self.headers.get("x-ms-content-sha256") != digest:
            return "x-ms-content-sha256 differs from the body's"
        at = moment(date)
        if at is None:
            return "x-ms-date is no RFC 1123 date"
        if abs(at - time.time()) > SKEW_S:
            return "the date is too far off"
        found = re.fullmatch(r"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=(.+)", self.headers.get("Authorization", ""))
        if not found:
            return "the Authorization header has another form"
        for key in self.service.keys:
            good = signature(key, self.command, self.path, date, self.headers.get("Host", ""), digest)
            if hmac.compare_digest(good.encode(), found.group(1).encode()):
                return None
        return "the signature is wrong"

    def refuse(self, status, code, problem=None):
        if problem:
            self.service.problem(problem)
        return self.answer(status, json.dumps({"error": {"code": code, "message": problem or ""}}).encode())

    def do_GET(self):
        found = re.fullmatch(r"/deliveryReports/([^/?]+)\?api-version=([^&]+)", self.path)
        if not found:
            self.attempt = None
            return self.refuse(404, "NotFound", f"GET {urlsplit(self.path).path}")
        return self.question("reports", b"", found.group(2) in REPORT_VERSIONS, lambda: self.send_report(unquote(found.group(1))))

    def question(self, on, raw, known_version, answer):
        """Anything that is no text: written down, and answered when it is rightly signed and no fault is due."""
        fault = self.service.fault(on) or {}
        self.attempt = {"at": time.time(), "path": self.path, "answer": None, "n": 0}
        with self.service.lock:
            self.service.asked.append(self.attempt)
        if fault.get("kind") == "late":
            time.sleep(fault.get("seconds", 1))
        if fault.get("kind") == "drop-before":
            return self.drop()
        problem = self.signature_problem(raw)
        if problem:
            return self.refuse(401, "Denied", problem)
        if fault.get("kind") == "status":
            return self.answer_fault(fault)
        if not known_version:
            return self.refuse(400, "ApiVersionUnspecified", f"api-version of {self.path}")
        self.item_fault = fault if fault.get("kind") == "item" else None
        return answer()

    def send_report(self, message_id):
        self.attempt["n"] = 1
        with self.service.lock:
            report = self.service.report(message_id)
        if report:
            return self.answer(200, json.dumps(report).encode())
        return self.answer(404, json.dumps({"type": "about:blank", "title": "Not Found", "status": 404, "traceId": "0"}).encode())

    def change_list(self, what, raw):
        try:
            body = json.loads(raw)
        except ValueError:
            return self.refuse(422, "Unprocessable", "no JSON")
        recipients = body.get("recipients") if isinstance(body, dict) else None
        if not isinstance(recipients, list) or not 1 <= len(recipients) <= 100 or set(body) != {"from", "recipients"} \
                or not all(isinstance(r, dict) and set(r) == {"to"} and isinstance(r["to"], str) for r in recipients) \
                or not re.fullmatch(NUMBER + "|[0-9]{5,6}", str(body["from"])):
            return self.refuse(400, "BadRequest", "shape of an opt-out request")
        self.attempt["n"] = len(recipients)
        with self.service.lock:
            items = [self.service.change_list(what, body["from"], r["to"]) for r in recipients]
        if self.item_fault:
            items[0] = {"to": items[0]["to"], "httpStatusCode": self.item_fault.get("status", 500), "errorMessage": "Internal error."}
        return self.answer(200, json.dumps({"value": items}).encode())

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = re.fullmatch(r"/sms/optouts:(add|remove|check)\?api-version=([^&]+)", self.path)
        if found:
            return self.question("optouts", raw, found.group(2) in LIST_VERSIONS, lambda: self.change_list(found.group(1), raw))
        fault = self.service.fault() or {}
        self.attempt = {"at": time.time(), "body": raw.decode("utf-8", "replace"), "fault": fault.get("kind"), "answer": None,
                        "date": self.headers.get("x-ms-date"), "client_id": self.headers.get("x-ms-client-request-id")}
        with self.service.lock:
            self.service.attempts.append(self.attempt)
        if fault.get("kind") == "late":
            time.sleep(fault.get("seconds", 1))
        if fault.get("kind") == "drop-before":
            return self.drop()
        problem = self.signature_problem(raw)
        if problem:
            return self.refuse(401, "Denied", problem)
        if fault.get("kind") == "status":
            return self.answer_fault(fault)
        return self.send_sms(raw, fault)

    def answer_fault(self, fault):
        shapes = {"A": {"From": ["Invalid from phone number format."]}, "B": {"type": "about:blank", "title": "Bad", "status": 400, "traceId": "0", "errors": {}},
                  "C": {"error": {"code": "Denied", "message": "Denied by the resource provider."}}, "E": {"type": "about:blank", "title": "Bad", "status": 404, "traceId": "0"}}
        headers = [("Retry-After", str(fault["retry_after"]))] if "retry_after" in fault else []
        body = shapes.get(fault.get("shape", "C"))
        self.answer(fault["status"], json.dumps(body).encode() if body and fault.get("shape") != "D" else b"", headers)

    def send_sms(self, raw, fault):
        url = urlsplit(self.path)
        version = parse_qs(url.query).get("api-version", [""])[0]
        if url.path != "/sms":
            return self.refuse(404, "NotFound", f"path {url.path}")
        if version not in VERSIONS and not self.service.any_version:
            return self.refuse(400, "ApiVersionUnspecified", f"api-version {version}")
        if not self.headers.get("Content-Type", "").startswith("application/json"):
            return self.refuse(415, "UnsupportedMediaType", "content type")
        try:
            body = json.loads(raw)
        except ValueError:
            return self.refuse(422, "Unprocessable", "no JSON")
        wrong = shape_problem(body, version)
        if wrong:
            self.service.problem(f"shape: {wrong}")
            return self.answer(400, json.dumps(wrong if version == "2021-03-07" else {
                "type": "about:blank", "title": "One or more validation errors occurred.", "status": 400, "traceId": "0", "errors": wrong}).encode())
        if self.service.is_over(body["from"], len(body["smsRecipients"])):
            return self.answer(429, json.dumps({"error": {"code": "TooManyRequests", "message": "The rate limit of this number is reached."}}).encode(), [("Retry-After", "2")])
        items = []
        for recipient in body["smsRecipients"]:
            if fault.get("kind") == "item":
                status, result, message_id, error = fault.get("status", 400), None, None, fault.get("message", "Invalid To phone number format.")
            else:
                with self.service.lock:
                    status, result, message_id, error = self.service.accept(recipient, body)
            item = {"to": recipient.get("to"), "httpStatusCode": status, "successful": status == 202}
            item.update({k: v for k, v in (("messageId", message_id), ("repeatabilityResult", result), ("errorMessage", error)) if v is not None})
            items.append(item)
        if fault.get("kind") == "drop-after":
            return self.drop()
        return self.answer(202, json.dumps({"value": items}).encode())


class Control(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None

    def log_message(self, *args):
        pass

    def reply(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/subscriptions":
            return self.reply([s.state() for s in self.service.subscriptions])
        with self.service.lock:
            value = {"/accepted": self.service.accepted, "/attempts": self.service.attempts, "/problems": self.service.problems,
                     "/asked": self.service.asked, "/optouts": sorted(self.service.optouts)}.get(self.path)
            self.reply(list(value) if value is not None else {"error": "no such list"})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/subscriptions":
            subscription = Subscription(json.loads(raw))
            if subscription.validated:
                self.service.subscriptions.append(subscription)
            return self.reply(subscription.state())
        with self.service.lock:
            if self.path == "/reset":
                self.service.reset()
            elif self.path == "/faults":
                self.service.expect(json.loads(raw))
            elif self.path == "/inbound":
                got = json.loads(raw)
                self.service.tell("inbound", events.inbound(got["from"], got["to"], got["message"]))
            elif self.path == "/reports":
                self.service.fate = json.loads(raw) or None
            elif self.path == "/optouts":
                self.service.optouts = {tuple(pair) for pair in json.loads(raw)}
        self.reply("done")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--control-port", type=int, default=0)
    p.add_argument("--cert")
    p.add_argument("--key")
    p.add_argument("--access-key", action="append", required=True)
    p.add_argument("--tokens", help="file of the tokens that are good, beside keys")
    p.add_argument("--window", type=float, default=300, help="seconds; 0: ids are honoured for ever")
    p.add_argument("--limit", type=int, default=0, help="texts a minute for each sender; 0: no limit")
    p.add_argument("--journal")
    p.add_argument("--any-version", action="store_true")
    a = p.parse_args()
    service = Service([base64.b64decode(k) for k in a.access_key], a.window or None, a.journal, a.any_version, a.limit)
    service.tokens = a.tokens
    server = Server(("127.0.0.1", a.port), type("H", (Handler,), {"service": service}))
    if a.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(a.cert, a.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    control = Server(("127.0.0.1", a.control_port), type("C", (Control,), {"service": service}))
    threading.Thread(target=control.serve_forever, daemon=True).start()
    print(f"ready {server.server_address[1]} {control.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
