"""The simulated gateway refuses what the real one would: a test that passes against it means something."""
import base64
import hashlib
import http.client
import json
import ssl
import time
import uuid
from email.utils import formatdate

from acs_sim import signature
from house import ACCESS_KEY, House

KEY = base64.b64decode(ACCESS_KEY)


def body(**changes):
    whole = {"from": "+18335550100", "smsRecipients": [{"to": "+16085550123", "repeatabilityRequestId": str(uuid.uuid4()),
                                                          "repeatabilityFirstSent": formatdate(usegmt=True)}],
             "message": "Hello", "smsSendOptions": {"enableDeliveryReport": True, "tag": "1"}}
    whole.update(changes)
    return {k: v for k, v in whole.items() if v is not None}


def recipient(**changes):
    return body(smsRecipients=[dict(body()["smsRecipients"][0], **changes)])


class Client:
    """Sends what it is told, rightly signed unless told otherwise, all on one connection."""

    def __init__(self, house):
        self.host = f"localhost:{house.acs_port}"
        self.connection = http.client.HTTPSConnection(self.host, context=ssl.create_default_context(cafile=f"{house.certs}/ca.crt"), timeout=10)

    def send(self, what, target="/sms?api-version=2026-01-23", key=KEY, age=0, signed=None, content="application/json", **headers):
        raw = what if isinstance(what, bytes) else json.dumps(what).encode()
        date, digest = formatdate(time.time() - age, usegmt=True), base64.b64encode(hashlib.sha256(raw if signed is None else signed).digest()).decode()
        mac = signature(key, "POST", target, date, self.host, digest)
        self.connection.request("POST", target, raw, {"x-ms-date": date, "x-ms-content-sha256": digest, "Content-Type": content,
                                "Authorization": "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=" + mac, **headers})
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None


def test_signature_of_a_known_vector():
    raw = (b'{"from":"+18005550100","smsRecipients":[{"to":"+14255550101","repeatabilityRequestId":"fda6d242-46aa-4247-8bf6-619a1206f9c3",'
           b'"repeatabilityFirstSent":"Fri, 20 Nov 2026 20:00:00 GMT"}],"message":"Hello","smsSendOptions":{"enableDeliveryReport":true,"tag":"job-1"}}')
    digest = base64.b64encode(hashlib.sha256(raw).digest()).decode()
    assert digest == "4ccqgyNFdRQb+M++fwCNFzNEbCFHXnd2oqow6Erdkzg="
    assert signature(KEY, "POST", "/sms?api-version=2026-01-23", "Fri, 20 Nov 2026 20:00:00 GMT", "contoso.communication.azure.com",
                     digest) == "fzNL43xM19hN+WSfp829wAhApCuPmrt6aXmRCOwPh1E="


def test_what_is_refused():
    options = {"enableDeliveryReport": True}
    old = "/sms?api-version=2021-03-07"
    rows = [  # what is wrong, status, request
        ("another key", 401, {"what": body(), "key": b"another"}),
        ("a body that is not the signed one", 401, {"what": body(), "signed": b"{}"}),
        ("a date six minutes old", 401, {"what": body(), "age": 360}),
        ("a date six minutes ahead", 401, {"what": body(), "age": -360}),
        ("no signature", 401, {"what": body(), "Authorization": ""}),
        ("App Configuration's form", 401, {"what": body(), "Authorization": "HMAC-SHA256 Credential=x&SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=x"}),
        ("another path", 404, {"what": body(), "target": "/email?api-version=2026-01-23"}),
        ("an unknown version", 400, {"what": body(), "target": "/sms?api-version=2019-01-01"}),
        ("no JSON", 422, {"what": b"hello"}),
        ("another content type", 415, {"what": body(), "content": "text/plain"}),
        ("no sender", 400, {"what": body(**{"from": None})}),
        ("no recipient", 400, {"what": body(smsRecipients=[])}),
        ("101 recipients", 400, {"what": body(smsRecipients=[{"to": "+16085550123"}] * 101)}),
        ("no words", 400, {"what": body(message="")}),
        ("2049 characters", 400, {"what": body(message="x" * 2049)}),
        ("1025 characters of two UTF-16 units each", 400, {"what": body(message="\U0001f600" * 1025)}),
        ("an unknown field", 400, {"what": body(priority=1)}),
        ("options without enableDeliveryReport", 400, {"what": body(smsSendOptions={"tag": "1"})}),
        ("a time-out of 59 s", 400, {"what": body(smsSendOptions=dict(options, deliveryReportTimeoutInSeconds=59))}),
        ("a time-out as text", 400, {"what": body(smsSendOptions=dict(options, deliveryReportTimeoutInSeconds="60"))}),
        ("a time-out for the version that has none", 400, {"what": body(smsSendOptions=dict(options, deliveryReportTimeoutInSeconds=600)), "target": old}),
    ]
    with House(start=False) as house:
        house.start_acs()
        client = Client(house)
        for n, (wrong, status, request) in enumerate(rows, 1):
            got = client.send(**request)
            assert got[0] == status, f"{wrong}: {got}"
            assert len(house.sim("problems")) == n, f"{wrong}: no complaint"
        assert house.accepted() == [], "none of them reached a phone"
        for right in ({"what": body(message="x" * 2048)}, {"what": body(smsSendOptions=None)}, {"what": body(), "target": old, "age": 290}):
            assert client.send(**right)[0] == 202, right
        assert len(house.accepted()) == 3 and [a["answer"] for a in house.sim("attempts")] == [r[1] for r in rows] + [202] * 3
        house.sim("reset", {})


def test_one_id_one_text():
    def item(answer):
        assert answer[0] == 202, answer
        return answer[1]["value"][0]

    with House(start=False) as house:
        house.start_acs()
        client = Client(house)
        one = body()
        first, again = item(client.send(one)), item(client.send(one))
        assert first["successful"] and first["repeatabilityResult"] == "accepted"
        assert again["messageId"] == first["messageId"] and len(house.accepted()) == 1, "the same again is no second text"
        other = item(client.send(dict(one, message="Other words")))
        assert (other["httpStatusCode"], other["repeatabilityResult"], other["successful"]) == (400, "rejected", False)
        late = item(client.send(recipient(repeatabilityFirstSent=formatdate(time.time() - 301, usegmt=True))))
        assert (late["httpStatusCode"], late["repeatabilityResult"]) == (412, "rejected")
        for wrong in (recipient(repeatabilityRequestId="7"), recipient(repeatabilityFirstSent="2026-11-20T20:00:00Z"),
                      recipient(repeatabilityFirstSent=None), recipient(repeatabilityRequestId=None)):
            got = item(client.send(wrong))
            assert (got["httpStatusCode"], got["repeatabilityResult"]) == (400, "rejected"), wrong
        assert len(house.sim("problems")) == 5 and len(house.accepted()) == 1
        bad = item(client.send(body(smsRecipients=[{"to": "6085550123"}])))
        assert bad["httpStatusCode"] == 400 and "repeatabilityResult" not in bad and "messageId" not in bad
        house.sim("reset", {})
    with House(start=False, acs_args=["--window", "0"]) as house:
        house.start_acs()
        client = Client(house)
        old = recipient(repeatabilityFirstSent=formatdate(time.time() - 9999, usegmt=True))
        assert item(client.send(old))["messageId"] == item(client.send(old))["messageId"], "ids honoured for ever"


def test_faults_happen_as_asked():
    with House(start=False) as house:
        house.start_acs()

        def send():
            try:
                return Client(house).send(body())[0]
            except (http.client.RemoteDisconnected, ConnectionError):
                return "dropped"
        house.sim("faults", [{"kind": "drop-before"}, {"kind": "drop-after"}, {"kind": "status", "status": 429, "count": 2}])
        assert [send() for _ in range(5)] == ["dropped", "dropped", 429, 429, 202]
        assert len(house.accepted()) == 2, "drop-after was taken, drop-before was not"
        runs = []
        for _ in range(2):
            house.sim("faults", [{"kind": "status", "status": 500, "count": "always", "probability": 0.5, "seed": 7}])
            runs.append([send() for _ in range(20)])
        assert runs[0] == runs[1] and set(runs[0]) == {500, 202}, "chance comes from the seed"
        house.sim("faults", [{"kind": "late", "seconds": 0.5}])
        begun = time.time()
        assert send() == 202 and time.time() - begun >= 0.5


def test_a_number_has_its_limit():
    with House(acs_args=["--limit", "3"], start=False) as house:
        house.start_acs()
        client = Client(house)
        assert [client.send(body())[0] for _ in range(3)] == [202] * 3 and client.send(body())[0] == 429
        assert client.send(body(**{"from": "+18335550101"}))[0] == 202, "each its own"
        assert len(house.accepted()) == 4


def test_the_list_of_opt_outs():
    ask = lambda what, version="2026-01-23": f"/sms/optouts:{what}?api-version={version}"
    one = {"from": "+18335550100", "recipients": [{"to": "+16085550123"}]}
    with House(start=False) as house:
        house.start_acs()
        client = Client(house)
        wrong = [dict(one, recipients=[]), dict(one, recipients=one["recipients"] * 101), dict(one, tag="1"), {"from": "x", "recipients": one["recipients"]},
                 dict(one, recipients=[{"to": 1}]), []]
        assert [client.send(w, target=ask("check"))[0] for w in wrong] == [400] * len(wrong)
        assert client.send(one, target=ask("check", "2021-03-07"))[0] == 400 and client.send(one, target=ask("list"))[0] == 404
        assert client.send(one, target=ask("check"), key=b"another")[0] == 401
        assert client.send(one, target=ask("add"))[1]["value"][0]["httpStatusCode"] == 200
        assert client.send(one, target=ask("check"))[1]["value"][0]["isOptedOut"] is True
        assert client.send(body())[0] == 202 and house.journal() == [], "taken, but it reaches no phone"
        assert len(house.sim("problems")) == len(wrong) + 3
        house.sim("reset", {})
