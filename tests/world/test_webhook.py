"""Delivery reports and texts from phones as Event Grid posts them: over TLS, in both schemas, to real daemons."""
import http.client
import json
import os
import socket
import ssl
import threading
import time

from events import cloud, grid, inbound, pascal, report
from feed import in_seconds, siu
from house import House, free_port, wait
from tokens import Tenant

SECRET = "0123456789abcdef0123456789abcdef"
NEXT = "fedcba9876543210fedcba9876543210"
CALLER = "4962773b-9cdb-44cf-a8bf-237846a00ab7"


class Hooked(House):
    def __init__(self, secret=f"{SECRET}\n", tenant=False, **parts):
        super().__init__(start=False, **parts)
        self.hook = free_port()
        self.write("keys/hook.secret", secret, 0o600)
        self.tenant = Tenant(self.folder) if tenant else None
        self.parts["gateway"] += f"""
    webhook_address = "127.0.0.1"
    webhook_port = {self.hook}
    webhook_certificate = {self.certs}/listener.crt
    webhook_private_key = {self.certs}/listener.key
    """ + (f"""webhook_tenant = {self.tenant.id}
    webhook_audience = "api://nudge"
    webhook_caller = {CALLER}
    webhook_keys = "{self.tenant.url}"
    """ if tenant else "webhook_secret = keys/hook.secret")

    def __enter__(self):
        try:
            if self.tenant:
                self.tenant.shown = ["k1"]
                self.tenant.key("k1")
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def connect(self):
        context = ssl.create_default_context(cafile=f"{self.certs}/ca.crt")
        return http.client.HTTPSConnection("localhost", self.hook, context=context, timeout=60)

    def call(self, body=None, code=SECRET, path="/events", method="POST", connection=None, **headers):
        c = connection or self.connect()
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        c.request(method, path + (f"?code={code}" if code else ""), raw, {"Content-Type": "application/json; charset=utf-8", **headers})
        answer = c.getresponse()
        text = answer.read()
        if not connection:
            c.close()
        return answer.status, text, answer.headers

    def post(self, *args, **kw):
        return self.call(*args, **kw)[0]

    def try_post(self, *args, **kw):
        """A caller whose connection may be cut, as at a reload: it tries again."""
        try:
            return self.post(*args, **kw)
        except (http.client.HTTPException, OSError):
            return None

    def book(self, n):
        self.tell(*[siu("S12", f"W{i}", in_seconds(90000), patient=f"MRN8{i}", phone=f"608555{120 + i:04}^PRN^CP") for i in range(n)])
        self.wait_texts(n)
        wait(lambda: all(self.texts(f"W{i}")["booked"] == "sent" for i in range(n)))
        return sorted(self.accepted(), key=lambda t: t["to"])

    def state(self, i=0):
        return self.texts(f"W{i}")["booked"]


def test_both_schemas_batches_and_replays():
    with Hooked(number="rate = 100000/min") as house:
        t = house.book(30)
        assert house.post(grid("report", report(t[0]))) == 200
        assert house.state(0) == "delivered", "200 means that it is stored"
        assert house.post(cloud("report", pascal(report(t[1], "Failed", "4006: Unreachable")))) == 200
        assert house.state(1) == "failed"
        batch = [grid("report", report(x))[0] for x in t[2:]] + grid("inbound", inbound(t[2]["to"], t[2]["from"], "Thank you"))
        c = house.connect()
        for _ in range(3):
            assert house.post(batch, connection=c) == 200, "Event Grid says it again, on the same connection"
        assert all(house.state(i) == "delivered" for i in range(2, 30))
        assert house.post([cloud("report", report(t[1]))], **{"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}) == 200
        assert house.state(1) == "delivered", "delivered wins"
        assert house.post([grid("report", {"messageId": "x"})[0], grid("report", report(t[1], "Failed", "4006"))[0], {"x": 1}]) == 200
        assert house.state(1) == "delivered"
        assert "cannot be read and are left out" in house.log("nudge-sender")
        assert house.post([]) == 200


def test_handshakes():
    with Hooked() as house:
        body = [{"id": "1", "topic": "/t", "subject": "", "data": {"validationCode": "512D38B6-C7B8", "validationUrl": "https://x"},
                 "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "eventTime": "2026-11-20T20:00:00Z", "metadataVersion": "1", "dataVersion": "2"}]
        status, text, headers = house.call(body, **{"aeg-event-type": "SubscriptionValidation"})
        assert status == 200 and json.loads(text) == {"validationResponse": "512D38B6-C7B8"} and headers["Content-Type"].startswith("application/json")
        assert house.post(body, code="wrong-secret-0123456789") == 503, "it needs the secret, too"
        status, _, headers = house.call(method="OPTIONS", **{"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120"})
        assert (status, headers["WebHook-Allowed-Origin"], headers["WebHook-Allowed-Rate"]) == (200, "eventgrid.azure.net", "120") and "POST" in headers["Allow"]
        status, _, headers = house.call(method="OPTIONS", **{"WebHook-Request-Origin": "eventgrid.azure.net"})
        assert headers["WebHook-Allowed-Rate"] == "*"
        status, _, headers = house.call(method="OPTIONS", **{"WebHook-Request-Origin": "a b\tc"})
        assert "WebHook-Allowed-Origin" not in headers
        assert house.call(method="OPTIONS", code="", **{"WebHook-Request-Origin": "x"})[0] == 503
        deletion = [dict(body[0], eventType="Microsoft.EventGrid.SubscriptionDeletedEvent", data={})]
        assert house.post(deletion, **{"aeg-event-type": "SubscriptionDeletion"}) == 200


def test_who_may_not():
    with Hooked(secret=f"{SECRET}\n{NEXT}\n") as house:
        t = house.book(1)
        good = grid("report", report(t[0]))
        for code in ("", "x", SECRET[:-1], SECRET + "0", "%00", "0" * 32, "0" * 4000, "0" * 5000):
            assert house.post(good, code=code) == 503, code
        assert house.post(good, code="", path=f"/events?Code={SECRET}") == 200 or house.state() == "sent"
        assert house.post(good, path="/other") == 404 and house.post(good, path="/events/") == 404 and house.post(method="GET") == 405
        assert house.state() in ("sent", "delivered")
        for code in (SECRET, NEXT):
            assert house.post(good, code=code) == 200, "both while it changes"
        assert house.state() == "delivered"
        log = house.log("nudge-sender")
        assert log.count("a webhook request was refused") <= 2 and SECRET[:12] not in log, "said once a minute, without the secret"
        plain = http.client.HTTPConnection("127.0.0.1", house.hook, timeout=10)
        try:
            plain.request("POST", f"/events?code={SECRET}", json.dumps(good))
            assert plain.getresponse().status == 0, "nothing without TLS"
        except (http.client.HTTPException, OSError):
            pass


def test_sizes():
    with Hooked() as house:
        t = house.book(1)
        event = grid("report", report(t[0]))[0]
        big = json.dumps([event]).encode().replace(b'"id"', b'"id"' + b" " * ((1 << 20) - len(json.dumps([event]))))
        assert len(big) == 1 << 20 and house.post(big) == 200, "1 MiB is Event Grid's largest"
        assert house.state() == "delivered"
        assert house.try_post(b" " * (3 << 20)) in (400, 413, None)
        assert house.post([event] * ((1 << 20) // (len(json.dumps(event)) + 2))) == 200, "as many events as one request can hold"
        assert house.post([{}] * 5001) == 400 and house.post(b"{") == 400 and house.post(b"") == 400
        assert house.try_post([], **{"X-Long": "x" * 100000}) in (400, 413, 431, None)
        assert house.post([]) == 200, "and goes on"


def test_nothing_is_answered_200_before_it_is_stored():
    """Promise 3, at this edge."""
    with Hooked() as house:
        t = house.book(1)
        house.processes["nudged"].send_signal(19)  # it stands still
        got = []
        thread = threading.Thread(target=lambda: got.append(house.post(grid("report", report(t[0])))))
        thread.start()
        time.sleep(1)
        assert not got, "no answer yet"
        house.processes["nudged"].send_signal(18)
        thread.join(30)
        assert got == [200] and house.state() == "delivered"
        house.kill("nudged")
        wait(lambda: "nudged is gone" in house.log("nudge-sender"))
        assert house.post(grid("report", report(t[0]))) == 503
        house.start_nudged()
        wait(lambda: house.post(grid("report", report(t[0]))) == 200)


def test_a_caller_that_leaves_or_dawdles():
    with Hooked() as house:
        t = house.book(1)
        house.processes["nudged"].send_signal(19)
        raw = json.dumps(grid("report", report(t[0]))).encode()
        c = house.connect()
        c.request("POST", f"/events?code={SECRET}", raw)
        time.sleep(0.5)
        c.close()
        house.processes["nudged"].send_signal(18)
        wait(lambda: house.state() == "delivered")
        idle = []
        for _ in range(40):  # more than are let in at once
            s = socket.create_connection(("127.0.0.1", house.hook), timeout=10)
            idle.append(s)
        for s in idle:
            s.close()
        wait(lambda: house.try_post([]) == 200)


def test_tokens():
    with Hooked(tenant=True) as house:
        t = house.book(1)
        tenant = house.tenant
        good = grid("report", report(t[0]))
        wait(lambda: "keys of the webhook's tenant are here" in house.log("nudge-sender"))

        def post(token):
            return house.post(good, code="", **({"Authorization": f"Bearer {token}"} if token else {}))
        now = int(time.time())
        forged = tenant.token().rsplit(".", 1)
        tenant.key("small", 1024)
        for wrong in ("", "x", "a.b.c", forged[0] + ".", forged[0] + "." + forged[1][:-8] + "AAAAAAAA", tenant.token(aud="api://other"), tenant.token(iss="https://sts.windows.net/other/"),
                      tenant.token(exp=now - 301), tenant.token(exp=None), tenant.token(nbf=now + 400), tenant.token(azp="other"), tenant.token(azp=None),
                      tenant.token(head={"alg": "none"}), tenant.token(head={"alg": "HS256"}), tenant.token(head={"alg": "RS512"}), tenant.token(head={"crit": ["x"]}),
                      tenant.token(head={"kid": "k9"}), tenant.token("small"), tenant.token("k2", head={"kid": "k1"})):
            assert post(wrong) == 503, wrong
        assert house.state() == "sent"
        assert post(tenant.token()) == 200
        assert house.state() == "delivered"
        assert post(tenant.token(iss=f"https://sts.windows.net/{tenant.id}/", aud=["x", "api://nudge"], azp=None, appid=CALLER)) == 200, "as version 1 writes it"
        assert tenant.fetched == 1, "kept; not fetched for every unknown key"


def test_a_reload_changes_the_secret_and_keeps_the_port():
    with Hooked() as house:
        assert house.post([]) == 200
        house.write("keys/hook.secret", f"{NEXT}\n", 0o600)
        house.processes["nudge-sender"].send_signal(1)
        wait(lambda: house.try_post([], code=NEXT) == 200)
        assert house.post([]) == 503
        house.write("keys/hook.secret", "short\n", 0o600)
        house.processes["nudge-sender"].send_signal(1)
        wait(lambda: "not applied" in house.log("nudge-sender"))
        assert house.post([], code=NEXT) == 200, "what was in force stays so"


def test_what_event_grid_does_with_us():
    """Reports and a STOP by way of a subscription, in any order and twice, also while nudged is away."""
    for schema in ("grid", "cloud"):
        with Hooked(number="rate = 100000/min") as house:
            url = f"https://localhost:{house.hook}/events?code="
            spec = {"ca": f"{house.certs}/ca.crt", "schema": schema, "batch": 7, "twice": True}
            assert not house.sim("subscriptions", dict(spec, url=url + "wrong-secret-0123456789"))["validated"]
            assert house.sim("subscriptions", dict(spec, url=url + SECRET))["validated"]
            house.sim("reports", {"status": "Delivered", "after": 0.3})
            house.tell(*[siu("S12", f"W{i}", in_seconds(90000), patient=f"MRN8{i}", phone=f"608555{120 + i:04}^PRN^CP") for i in range(20)])
            house.wait_texts(20)
            house.kill("nudged")
            wait(lambda: house.sim("subscriptions")[0]["requests"] > 0)
            house.start_nudged()
            wait(lambda: all(house.state(i) == "delivered" for i in range(20)))
            house.sim("inbound", {"from": "+16085550120", "to": "+18335550100", "message": "STOP"})
            wait(lambda: [o["source"] for o in house.ctl_json("optout", "list")] == ["handset"])
            wait(lambda: house.sim("subscriptions")[0]["waiting"] == 0)
            assert house.sim("subscriptions")[0]["lost"] == 0, "never an answer after which Event Grid gives up"


def test_off_unless_configured():
    with House() as house:
        pid = house.processes["nudge-sender"].pid
        inodes = set()
        for name in ("tcp", "tcp6"):
            with open(f"/proc/{pid}/net/{name}") as f:
                inodes |= {line.split()[9] for line in f.readlines()[1:] if line.split()[3] == "0A"}
        own = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert not {f"socket:[{i}]" for i in inodes} & own, "nudge-sender listens on nothing"
