"""What is asked of the gateway besides sending: the real nudge-sender between a made-up nudged and the simulated gateway,
and all of them real."""
import socket
import struct
import threading
import time

from feed import in_seconds, siu
from house import BIN, CONF, House, wait
from test_replies import ASK, EVENT, HELLO, TAKEN, fields_of, frame
from test_sim import Client, body

FROM, PHONE = "+18335550100", "+16085550123"
ADD, REMOVE, CHECK, REPORT = range(4)
GATEWAY_REPORT, GATEWAY_OPTOUT = 0, 2


class Core:
    """A nudged of the test's own: asks, and takes every event at once."""

    def __init__(self, house):
        self.events, self.sock, self.path = [], None, house.path("run/sender")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            sock, _ = self.listener.accept()
            with sock.makefile("rb") as f:
                while True:
                    head = f.read(4)
                    if len(head) < 4:
                        break
                    frame_body = f.read(struct.unpack(">I", head)[0])
                    if frame_body[0] == HELLO:
                        self.sock = sock
                    elif frame_body[0] == EVENT:
                        got = fields_of(frame_body)
                        sock.sendall(frame(TAKEN, event=got["event"]))
                        self.events.append(got)
            self.sock = None

    def ask(self, what, *phones, gateway="acs", sender=FROM, message_id="", text=0):
        wait(lambda: self.sock)
        self.sock.sendall(b"".join(frame(ASK, ask=what, gateway=gateway, to=p, message_id=message_id, text=text, **{"from": sender}) for p in phones or ("",)))

    def says(self):
        """Of each phone whether the gateway says that it has opted out."""
        return {e["to"]: e["opted_out"] for e in self.events if e["what"] == GATEWAY_OPTOUT}


class Asked(House):
    def __enter__(self):
        try:
            self.start_acs()
            self.configure()
            self.core = Core(self)
            self.start_sender()
        except BaseException:
            self.end()
            raise
        return self

    def paths(self):
        return [a["path"].split("?")[0].rsplit(":", 1)[-1] + f"/{a['n']}" for a in self.sim("asked")]


def phones(n, start=100):
    return [f"+160855501{i}" if i < 100 else f"+16085551{i}" for i in range(start, start + n)]


def test_the_list_is_kept_and_asked():
    with Asked() as house:
        core = house.core
        core.ask(ADD, PHONE)
        wait(lambda: house.sim("optouts") == [[FROM, PHONE]])
        core.ask(CHECK, PHONE, *phones(249))
        wait(lambda: len(core.says()) == 250)
        assert [p for p, out in core.says().items() if out] == [PHONE], "of 250, one"
        assert house.paths() == ["add/1", "check/100", "check/100", "check/50"], house.paths()
        assert all(e["from"] == FROM and e["gateway"] == "acs" and e["at"] > 0 for e in core.events)
        core.ask(REMOVE, PHONE)
        core.ask(CHECK, PHONE)
        wait(lambda: core.says()[PHONE] == 0)
        assert house.sim("optouts") == []
        core.ask(ADD, PHONE, PHONE, sender="94555")
        wait(lambda: house.sim("optouts") == [["94555", PHONE]])
        core.ask(CHECK, PHONE, gateway="other")
        wait(lambda: "not in the configuration" in house.log("nudge-sender"))


def test_what_goes_wrong_passes():
    """In the order in which it was asked, whatever comes between."""
    with Asked() as house:
        core = house.core
        house.sim("faults", [{"on": "optouts", "kind": "status", "status": 503}, {"on": "optouts", "kind": "drop-before"},
                             {"on": "optouts", "kind": "status", "status": 429, "retry_after": 1}, {"on": "optouts", "kind": "item", "status": 500}])
        core.ask(ADD, PHONE)
        core.ask(REMOVE, PHONE)
        core.ask(ADD, *phones(2))
        core.ask(CHECK, PHONE, *phones(2))
        wait(lambda: len(core.says()) == 3, 40)
        assert core.says() == {PHONE: 0, **dict.fromkeys(phones(2), 1)}, core.says()
        assert house.paths()[-4:] == ["add/1", "remove/1", "add/2", "check/3"], house.paths()
        assert house.log("nudge-sender").count("a question to the gateway waits") == 1, "said once"
        house.sim("faults", [{"on": "optouts", "kind": "status", "status": 400}])
        core.ask(CHECK, *phones(3, 200))
        wait(lambda: house.paths()[-1] == "check/0")
        core.ask(CHECK, "+1", *phones(1, 300))
        wait(lambda: phones(1, 300)[0] in core.says())
        assert len(core.says()) == 4, "what is refused is not asked again; of the others it is told"


def test_the_gateway_says_no_and_a_reload_asks_again():
    with Asked() as house:
        core = house.core
        house.sim("faults", [{"on": "optouts", "kind": "status", "status": 401, "count": "always"}])
        core.ask(ADD, PHONE)
        wait(lambda: house.paths() == ["add/0"])
        core.ask(CHECK, *phones(3))
        wait(lambda: "waits" in house.log("nudge-sender"))
        house.sim("faults", [])
        house.processes["nudge-sender"].send_signal(1)
        wait(lambda: len(core.says()) == 3)
        assert house.sim("optouts") == [[FROM, PHONE]]


def test_who_stops_tells_the_gateway_first():
    with Asked() as house:
        house.sim("optouts", [[FROM, PHONE]])
        house.sim("faults", [{"on": "optouts", "kind": "late", "seconds": 0.5, "count": 2}])
        house.core.ask(CHECK, *phones(1))
        house.core.ask(REMOVE, PHONE)
        wait(lambda: house.paths())
        house.stop("nudge-sender")
        assert house.sim("optouts") == [], "it went, though it still stood in line"


def test_reports_by_their_id():
    with Asked() as house:
        core, client = house.core, Client(house)
        house.sim("reports", {"status": "Delivered"})
        ids = [client.send(body())[1]["value"][0]["messageId"]]
        house.sim("reports", {"status": "Failed", "details": "4006: Unreachable"})
        ids.append(client.send(body())[1]["value"][0]["messageId"])
        house.sim("optouts", [[FROM, PHONE]])
        ids.append(client.send(body())[1]["value"][0]["messageId"])
        house.sim("reports", {})
        house.sim("optouts", [])
        ids.append(client.send(body())[1]["value"][0]["messageId"])
        for i, message_id in enumerate(ids + ["Outgoing/../?#%~"]):
            core.ask(REPORT, message_id=message_id, text=70 + i)
        wait(lambda: len(house.sim("asked")) == 5 and len(core.events) == 4)
        reports = {e["text"]: e for e in core.events if e["what"] == GATEWAY_REPORT}
        assert sorted(reports) == [70, 71, 72] and [reports[70 + i]["delivery"] for i in range(3)] == [0, 1, 1], reports
        assert [(e["to"], e["opted_out"]) for e in core.events if e["what"] == GATEWAY_OPTOUT] == [(PHONE, 1)], "4007 is an opt-out"
        assert [a["answer"] for a in house.sim("asked") if "%2F" in a["path"]] == [404], "several go at once, in any order"
        house.sim("faults", [{"on": "reports", "kind": "status", "status": 429, "retry_after": 1}, {"on": "reports", "kind": "drop-before"}])
        core.ask(REPORT, message_id=ids[0], text=80)
        wait(lambda: any(e.get("text") == 80 for e in core.events), 30)


def optout(house, what, *args):
    return house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "optout", what, *args], input="608 555 0123\n").stdout


def test_both_lists_become_alike():
    """All of it real: an administrator's word goes to the gateway, the gateway's to us, and neither is texted."""
    with House(top='access { phi = {"root"} }') as house:
        optout(house, "add")
        wait(lambda: house.sim("optouts") == [[FROM, PHONE]])
        optout(house, "remove")
        wait(lambda: house.sim("optouts") == [])
        house.tell(siu("S12", "Q1", in_seconds(90000), phone="608-555-0123^PRN^CP"))
        wait(lambda: house.texts("Q1")["booked"] == "sent")
        house.sim("optouts", [[FROM, PHONE]])
        optout(house, "compare")
        wait(lambda: [o["source"] for o in house.ctl_json("optout", "list")] == ["gateway"])
        house.tell(siu("S13", "Q1", in_seconds(180000), phone="608-555-0123^PRN^CP"))
        wait(lambda: house.texts("Q1").get("changed") == "suppressed")
        house.sim("optouts", [])
        optout(house, "compare")
        wait(lambda: house.ctl_json("optout", "list") == [])
        optout(house, "add")
        wait(lambda: house.sim("optouts") == [[FROM, PHONE]])
        house.sim("optouts", [])
        optout(house, "compare")
        wait(lambda: house.sim("optouts") == [[FROM, PHONE]])


def test_a_removal_that_is_lost_with_nudge_sender():
    """Killed before the gateway answered: the next one finds that it is still owed, and the old list brings no opt-out back."""
    with House(top='access { phi = {"root"} }') as house:
        house.tell(siu("S12", "Q1", in_seconds(90000), phone="608-555-0123^PRN^CP"))
        wait(lambda: house.texts("Q1")["booked"] == "sent")
        optout(house, "add")
        wait(lambda: house.sim("optouts") == [[FROM, PHONE]])
        house.sim("faults", [{"on": "optouts", "kind": "status", "status": 503, "count": "always"}])
        asked = len(house.sim("asked"))
        optout(house, "remove")
        wait(lambda: len(house.sim("asked")) > asked)
        house.kill("nudge-sender")
        house.sim("faults", [])
        assert house.sim("optouts") == [[FROM, PHONE]]
        house.start_sender()
        wait(lambda: house.sim("optouts") == [])
        assert house.ctl_json("optout", "list") == []


def zones_of_two_days():
    """A zone where it is after two o'clock, and one where it is so too, a day later."""
    hour = time.gmtime().tm_hour
    found = []
    for a in range(-12, 15):
        for b in range(a + 1, 15):
            (day_a, hour_a), (day_b, hour_b) = divmod(hour + a, 24), divmod(hour + b, 24)
            if day_b == day_a + 1 and hour_a >= 2 and hour_b >= 2:
                found.append(((hour_a == 23) + (hour_b == 23), f"Etc/GMT{-a:+d}", f"Etc/GMT{-b:+d}"))
    return min(found)[1:]  # not just before midnight, where there is a choice


def test_the_night_compares_by_itself():
    """Nobody asks: the first start is no night, the next day after two o'clock is. The day comes by moving the clinic."""
    before, after = zones_of_two_days()
    with House(template=CONF.replace("America/Chicago", f'"{before}"')) as house:
        house.tell(siu("S12", "Q1", in_seconds(3 * 86400), phone="608-555-0123^PRN^CP"))
        wait(lambda: house.texts("Q1")["booked"] == "sent")
        house.sim("optouts", [[FROM, PHONE]])
        assert house.sim("asked") == []
        house.stop("nudged")
        house.template = CONF.replace("America/Chicago", f'"{after}"')
        house.configure()
        house.start_nudged()
        wait(lambda: [o["source"] for o in house.ctl_json("optout", "list")] == ["gateway"])
        assert [a["path"].split("?")[0] for a in house.sim("asked")] == ["/sms/optouts:check"], house.sim("asked")
        wait(lambda: [t["reason"] for t in house.explain("Q1")["texts"] if t["state"] == "pending"] == ["opted-out"] * 2)
