"""The audit log told to a syslog daemon's socket, as RFC 5424 messages with IHE ATNA events in them."""
import base64
import os
import re
import socket
import ssl
import xml.etree.ElementTree as xml

from feed import Feed, in_seconds, siu
from house import House, wait
from test_watch import Unix, ask, parse

HEAD = re.compile(r"<(8[45])>1 (\S+) (\S+) nudged (\d+) IHE\+RFC-3881 - (<\?xml .*)", flags=re.S)


class Event:
    def __init__(self, message):
        assert len(message) <= 8192 and b"\n" not in message, message
        pri, self.time, self.host, self.pid, text = HEAD.fullmatch(message.decode()).groups()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", self.time), self.time
        self.raw, self.tree = message.decode(), xml.fromstring(text)
        event = self.tree[0]
        self.id = event.find("EventID").get("csd-code")
        self.what = event.findall("EventTypeCode")[-1].get("csd-code")
        self.type = event.findall("EventTypeCode")[0].get("csd-code")
        self.outcome = event.get("EventOutcomeIndicator")
        assert (pri == "85") == (self.outcome == "0")
        self.who = [p.get("UserID") for p in self.tree.findall("ActiveParticipant")]
        self.seq = int(self.tree.findall("ParticipantObjectIdentification")[-1].get("ParticipantObjectID"))


class Receiver:
    """A syslog daemon: a datagram's socket, and all that came."""

    def __init__(self, path):
        self.path, self.events, self.socket = path, [], None

    def listen(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def close(self):
        self.take()
        self.socket.close()

    def take(self):
        try:
            while True:
                self.events.append(Event(self.socket.recv(65536)))
        except BlockingIOError:
            return self.events

    def wait(self, what):
        return wait(lambda: next((e for e in self.take() if e.what == what), None))


def refused(house):
    try:
        with Feed(house.port, house.certs, "stranger") as feed:
            assert not feed.send(siu("S12", "A9", in_seconds(90000))), "a stranger was let in"
    except (ssl.SSLError, OSError):
        pass


def test_what_a_repository_is_told():
    with House(start=False) as house:
        there = Receiver(house.path("run/log"))
        there.listen()
        house.parts["top"] = "audit_forward = run/log\nmetrics = unix:run/metrics.sock"
        house.start()
        first = there.wait("config.load")
        assert [e.what for e in there.events] == ["audit.begin", "daemon.start", "config.load"]
        assert (there.events[1].id, there.events[1].type, there.events[1].who) == ("110100", "110120", ["nudged"])
        assert (first.id, first.type) == ("110113", "110131") and first.host and first.pid == str(house.processes["nudged"].pid)
        house.tell(siu("S12", "A1", in_seconds(90000)))
        refused(house)
        e = there.wait("sender.refused")
        assert (e.id, e.type, e.outcome) == ("110113", "110126", "4") and e.who[0].startswith("sha256:") and e.who[1] == "nudged", e.raw
        assert 'NetworkAccessPointID="127.0.0.1"' in e.raw and "pinned by no environment" in e.raw, e.raw
        house.explain("A1")
        e = there.wait("command.explain")
        assert (e.id, e.who, e.outcome) == ("110112", ["root", "nudged"], "0") and ">A1<" not in e.raw and '"A1"' not in e.raw, e.raw
        house.ctl("quarantine", "show", "1", status=1)  # root is not in access.phi here
        e = there.wait("phi.quarantine-show")
        assert (e.id, e.type, e.outcome) == ("110113", "110132", "4") and "not allowed" in e.raw, e.raw
        house.ctl("backup", house.path("copy"))
        e = there.wait("command.backup")
        assert e.id == "110106" and e.who == ["root", "nudged", house.path("copy")], e.raw
        house.configure(site='short_window = "08:00-19:00"')
        house.ctl("reload")
        e = wait(lambda: [e for e in there.take() if e.what == "config.load"][1:])[0]
        hashes = [base64.b64decode(d.get("value")).decode() for d in e.tree.iter("ParticipantObjectDetail") if d.get("type") == "hash"]
        assert e.who == ["root", "nudged"] and re.fullmatch(r"[0-9a-f]{12}>[0-9a-f]{12}", hashes[0]), e.raw
        assert not [e for e in there.events if e.what == "command.status"]
        # The order of the log, and each once.
        assert [e.seq for e in there.events] == sorted({e.seq for e in there.events})
        for e in there.events:
            for canary in ("555", "MRN", "Testmann", "Erika"):
                assert canary not in e.raw, e.raw
            for d in e.tree.iter("ParticipantObjectDetail"):
                assert "555" not in base64.b64decode(d.get("value")).decode()
        samples = parse(ask(Unix(house.path("run/metrics.sock")), "/metrics")[2])
        assert samples["nudge_audit_forwarded_total", ""] >= len(there.events) and samples["nudge_audit_forward_failing", ""] == 0
        house.stop("nudged")
        assert there.take()[-1].what == "daemon.stop" and there.events[-1].type == "110121", there.events[-1].raw
        there.close()


def test_an_outage_of_the_daemon():
    with House(start=False) as house:
        there = Receiver(house.path("run/log"))
        house.parts["top"] = "audit_forward = run/log"
        house.start()
        assert "No such file" in house.log("nudged") and "until a syslog daemon listens" in house.log("nudged")
        wait(lambda: "audit_forward takes no events" in house.log("nudged"))
        assert house.status()["audit_forward"]["failing"] and "NOT FORWARDED" in house.ctl("status").stdout
        # Neither messages nor commands wait for it.
        house.tell(siu("S12", "A1", in_seconds(90000)))
        house.wait_texts(1)
        house.ctl("hold", "cardiology")
        house.stop("nudged")
        house.start_nudged()
        house.ctl("release", "cardiology", "--send")
        there.listen()
        there.wait("command.release")
        wait(lambda: "audit_forward takes events again" in house.log("nudged") or not house.status()["audit_forward"]["failing"])
        whats = [e.what for e in there.events]
        assert whats[:2] == ["audit.begin", "daemon.start"] and "command.hold" in whats and whats.count("daemon.start") == 2, whats
        assert [e.seq for e in there.events] == sorted({e.seq for e in there.events})
        state = house.status()["audit_forward"]
        assert state["lost"] == 0 and not state["failing"], state
        # Turned off: the change that did it is the last that is told. On again: from that change on.
        house.configure(top="")
        house.ctl("reload")
        last = wait(lambda: (lambda e: e if e.what == "config.load" and e.seq > there.events[0].seq + 5 else None)(there.take()[-1]))
        wait(lambda: "audit_forward" not in house.status())
        house.ctl("hold", "cardiology")
        house.configure(top="audit_forward = run/log")
        house.ctl("reload")
        again = wait(lambda: next((e for e in there.take() if e.seq > last.seq + 1), None))
        assert again.what == "config.load", again.raw
        house.configure(top="")
        house.ctl("reload")
        wait(lambda: "audit_forward" not in house.status())
        house.configure(top="audit_forward = run/log")
        house.ctl("reload")
        house.stop("nudged")  # before it looked
        assert there.take()[-1].what == "daemon.stop" and "config.load" in [e.what for e in there.events[-3:]], [e.what for e in there.events[-3:]]
        house.start_nudged()
        assert "command.hold" not in [e.what for e in there.events if e.seq > last.seq], whats
        assert house.ctl_json("audit", "verify")["good"]
        there.close()


def test_what_can_never_listen_is_refused():
    with House(start=False) as house:
        house.write("run/file", "")
        for value, says in (("run/file", "is no socket"), ("run/" + "x" * 110, "may have 107 characters")):
            house.configure(top=f"audit_forward = {value}")
            house.make_key() if not os.path.exists(house.path("keys/store.key")) else None
            said = house.run([f"{os.environ.get('NUDGE_BIN', 'build/release')}/nudgectl", "check", house.conf], status=None)
            assert said.returncode == 78 and says in said.stdout + said.stderr and "audit_forward" in said.stdout + said.stderr, said
