"""What phones write back, through the real nudged, with a made-up nudge-sender that injects it over the link."""
import os
import socket
import struct
import threading

from feed import in_seconds, siu
from house import BIN, House, wait

PHONE = "+16085550123"
TAGS = {"credits": 1, "program": 2, "text": 3, "attempt": 4, "to": 8, "body": 7, "outcome": 10, "http": 11, "message_id": 13,
        "code": 14, "retry_after": 15, "event": 17, "what": 18, "delivery": 19, "gateway": 5, "from": 22, "words": 23, "at": 24,
        "opted_out": 25, "ask": 26}
HELLO, JOB, OUTCOME, EVENT, TAKEN, ASK = 1, 2, 3, 5, 6, 7
INBOUND, OPTOUT = 1, 2


def frame(kind, **fields):
    body = bytes([kind])
    for name, value in fields.items():
        data = struct.pack(">q", value) if isinstance(value, int) else value.encode()
        body += bytes([TAGS[name]]) + struct.pack(">I", len(data)) + data
    return struct.pack(">I", len(body)) + body


def fields_of(body):
    names = {v: k for k, v in TAGS.items()}
    out, at = {}, 1
    while at < len(body):
        n = struct.unpack(">I", body[at + 1:at + 5])[0]
        data = body[at + 5:at + 5 + n]
        name = names.get(body[at], body[at])
        out[name] = data.decode() if name in ("to", "body", "gateway", "from") else struct.unpack(">q", data)[0] if n == 8 else data
        at += 5 + n
    return out


class Sender:
    """Takes every job as a gateway would that accepts it, and notes it."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.jobs, self.asks, self.taken, self.events = [], [], [], 0
        self.sock.sendall(frame(HELLO, program="made-up", credits=256))
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.sock.recv(n - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def read(self):
        try:
            while True:
                body = self.exactly(struct.unpack(">I", self.exactly(4))[0])
                got = fields_of(body)
                if body[0] == JOB:
                    self.jobs.append(got)
                    self.sock.sendall(frame(OUTCOME, text=got["text"], attempt=got["attempt"], outcome=0, http=202, retry_after=-1,
                                            message_id=f"Outgoing_{len(self.jobs)}", code="accepted"))
                elif body[0] == TAKEN:
                    self.taken.append(got["event"])
                elif body[0] == ASK:
                    self.asks.append(got)
        except (EOFError, OSError):
            return

    def tell(self, wait_for=True, **fields):
        self.events += 1
        event = self.events
        self.sock.sendall(frame(EVENT, event=event, delivery=2, text=0, **fields))
        if wait_for:
            wait(lambda: event in self.taken)
        return event

    def writes(self, words, message_id=None, phone=PHONE):
        return self.tell(what=INBOUND, gateway="acs", message_id=message_id or f"Incoming_{self.events}", **{"from": phone}, to="+18335550100",
                         words=words, opted_out=0, at=0)

    def says(self):
        return [j["body"] for j in self.jobs]


def start(house):
    house.acs_port = 1
    house.make_key()
    house.configure()
    house.start_nudged()
    sender = Sender(house.path("run/sender"))
    wait(lambda: house.status()["sender_connected"])
    return sender


def optout(house, what, *args, phone="608 555 0123", status=0):
    done = house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "optout", what, *args], status=status, input=phone + "\n")
    return done.stdout + done.stderr


def test_a_patient_writes_back():
    with House(start=False) as house:
        s = start(house)
        secret = "Zimtstern"
        house.canaries.add(secret)
        assert house.tell(siu("S12", "V1", start=in_seconds(3 * 86400), phone="(608)555-0123")) == ["AA"]
        wait(lambda: len(s.jobs) == 1)
        s.writes("C", message_id="Incoming_c")
        wait(lambda: len(s.jobs) == 2)
        assert "is confirmed" in s.says()[1]
        s.writes("C", message_id="Incoming_c")
        v = house.explain("V1")
        assert v["reply"] == "confirmed" and v["replied"] and [r["kind"] for r in v["responses"]] == ["confirmed"], v
        assert any("replied: will come" in line for line in v["why"]), v["why"]
        assert [a["reply"] for a in house.appointments()] == ["confirmed"]
        s.writes(f"where is the entrance, {secret}?")
        wait(lambda: len(s.jobs) == 3)
        assert "911" in s.says()[2] and "608-271-9000" in s.says()[2] and secret not in s.says()[2]
        s.writes("n")
        wait(lambda: len(s.jobs) == 4)
        rows = house.ctl_json("report", "replies")
        assert [(r["appointment"], r["reply"], r["open"], r["site"]) for r in rows["rows"]] == [("V1", "declined", True, "cardiology")], rows
        assert rows["counts"] == {"confirmed": 1, "not-understood": 1, "declined": 1}, rows
        assert house.explain("V1")["reply"] == "declined"
        assert "V1" in house.ctl("report", "replies", "--status", "open").stdout
        assert "declined" in house.ctl("report", "replies", "--format", "csv").stdout
        sms = house.ctl_json("report", "sms")
        assert sms["totals"]["responses"] == 3 and sms["totals"]["confirmations"] == 1, sms["totals"]
        assert {r["appointment"] for r in sms["rows"] if r["type"] == "response" and r["event"] in ("confirmed", "declined")} == {"V1"}
        assert "right" in house.ctl("report", "states").stdout
        s.writes("Stop. Thank you")
        wait(lambda: len(s.jobs) == 5)
        assert "no more texts" in s.says()[4]
        wait(lambda: any(a["ask"] == 0 and a["to"] == PHONE for a in s.asks))
        assert any("opted out" in line for line in house.explain("V1")["why"]), house.explain("V1")["why"]
        assert house.tell(siu("S12", "V2", start=in_seconds(4 * 86400), phone="(608)555-0123")) == ["AA"]
        wait(lambda: house.texts("V2")["booked"] == "suppressed")
        assert house.explain("V2")["texts"][0]["reason"] == "opted-out"
        # what was written is in no file, sealed or not; the number neither
        for name in (os.path.join(d, f) for d, _, files in os.walk(house.path("state")) for f in files):
            with open(name, "rb") as f:
                data = f.read()
            assert secret.encode() not in data and b"6085550123" not in data, name
        house.stop("nudged")


def test_opt_outs_by_hand_and_by_the_gateway():
    with House(start=False, top='access { phi = {"root"} }') as house:
        s = start(house)
        assert house.ctl_json("optout", "list") == []
        assert "gets no more texts" in optout(house, "add")
        assert "had opted out already" in optout(house, "add")
        listed = house.ctl_json("optout", "list")
        assert [(o["organization"], o["source"], o["who"]) for o in listed] == [("lamna", "administrator", "root")], listed
        assert "5550123" not in str(listed)
        wait(lambda: any(a["ask"] == 0 for a in s.asks))
        assert "by administrator" in optout(house, "find")
        assert "may be texted again" in optout(house, "remove")
        assert "has not opted out" in optout(house, "remove", status=1)
        says = {"what": OPTOUT, "gateway": "acs", "from": "+18335550100", "to": PHONE, "at": 0}
        s.tell(**says, opted_out=1)
        wait(lambda: len([a for a in s.asks if a["ask"] == 1]) == 2)
        assert house.ctl_json("optout", "list") == [], "it has not heard of the removal yet, and is told again"
        s.tell(**says, opted_out=0)
        s.tell(**says, opted_out=1)
        wait(lambda: house.ctl_json("optout", "list"))
        assert house.ctl_json("optout", "list")[0]["source"] == "gateway"
        s.writes("STOP")
        assert house.ctl_json("optout", "list")[0]["source"] == "handset"
        assert "START" in optout(house, "remove", status=1)
        assert "--who" in optout(house, "remove", "--reconsent", status=2)
        assert "phone number" in optout(house, "remove", "--reconsent", "--who", "desk", "--when", "today", "--how", "call from 608-555-0123", status=1)
        optout(house, "remove", "--reconsent", "--who", "front desk", "--when", "2026-11-27", "--how", "signed form")
        assert house.ctl_json("optout", "list") == []
        assert "no phone number" in optout(house, "add", phone="12", status=1)
        optout(house, "compare")
        house.stop("nudged")
