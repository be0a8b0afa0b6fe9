"""What could not be understood is kept, seen by few, read again when the mapping is mended, and never in the way."""
import glob
import json
import os

from feed import ZONE, code, in_seconds, siu, stamp
from house import BIN, CONF, ROOT, House, wait

OURS = CONF.replace("profile = epic", "profile = {folder}/ours.conf")
PHI = 'access {{ phi = {{"root"}} }}'.replace("{{", "{").replace("}}", "}")


def profile(house, start='"SCH-11.4"'):
    with open(os.path.join(ROOT, "schemas/hl7/epic.conf")) as f:
        text = f.read()
    at = text.index("\nstart ")
    house.write("ours.conf", text[:at] + f"\nstart = {{{start}}}" + text[text.index("\n", at + 1):])


def odd(appointment, start, **kw):
    """A feed that puts the start into a segment of its own."""
    return siu("S12", appointment, None, **kw) + f"ZST|{stamp(start.astimezone(ZONE))}\r"


def our_house(**parts):
    house = House(template=OURS, start=False, **parts)
    profile(house)
    return house


def start(house):
    house.autostart = True
    house.__enter__()


def test_replayed_after_the_mapping_is_mended():
    house = our_house(top=PHI)
    try:
        start(house)
        when = in_seconds(90000)
        assert house.tell(odd("Q1", when), odd("Q2", when, patient="2002", phone="(608)555-0124")) == ["AA", "AA"]
        listed = house.ctl_json("quarantine", "list")
        assert [q["site"] for q in listed] == ["cardiology"] * 2 and all(q["segment"] == "SCH" and q["reason"] for q in listed), listed
        assert house.stays(0, 0.5) == []
        again = house.ctl_json("quarantine", "replay", "--all")
        assert [a["result"] for a in again] == ["stays", "stays"] and again[0]["segment"] == "SCH", again
        profile(house, '"SCH-11.4", "ZST-1"')
        house.ctl("reload")
        assert [a["result"] for a in house.ctl_json("quarantine", "replay", str(listed[0]["id"]))] == ["applied"]
        house.wait_texts(1)
        assert [a["result"] for a in house.ctl_json("quarantine", "replay", "--all", "--site", "cardiology")] == ["applied"]
        house.wait_texts(2)
        assert house.ctl_json("quarantine", "list") == [] and len(house.appointments()) == 2
        assert house.status()["quarantine"] == {"kept": 0, "bytes": 0, "dropped": 0}
        assert house.tell(odd("Q1", when)) == ["AA"] and len(house.stays(2, 0.5)) == 2
    finally:
        house.__exit__(None, None, None)


def test_an_old_message_read_again_does_not_undo_a_newer_one():
    house = our_house()
    try:
        start(house)
        assert house.tell(odd("Q1", in_seconds(90000))) == ["AA"]
        assert house.tell(siu("S12", "Q1", in_seconds(200000))) == ["AA"]
        house.wait_texts(1)
        before = house.appointments()
        profile(house, '"SCH-11.4", "ZST-1"')
        house.ctl("reload")
        assert len(house.ctl_json("quarantine", "replay", "--all")) == 1
        assert [a["start"] for a in house.appointments()] == [a["start"] for a in before]
        assert len(house.stays(1, 0.5)) == 1
    finally:
        house.__exit__(None, None, None)


def states(house, appointment):
    return sorted((t["kind"], t["state"]) for t in house.explain(appointment)["texts"])


def test_its_texts_wait_until_it_is_settled():
    house = our_house()
    try:
        start(house)
        assert house.tell(siu("S12", "H1", in_seconds(200000))) == ["AA"]
        house.wait_texts(1)
        assert house.tell(siu("S13", "H1", "20261301100000")) == ["AA"]
        wait(lambda: ("reminder", "held") in states(house, "H1"))
        assert all(t["reason"] for t in house.explain("H1")["texts"] if t["state"] == "held")
        q = house.ctl_json("quarantine", "list")[0]
        house.ctl("quarantine", "discard", str(q["id"]))
        wait(lambda: ("reminder", "pending") in states(house, "H1"))
        assert ("reminder", "held") not in states(house, "H1") and house.ctl_json("quarantine", "list") == []
        house.ctl("quarantine", "discard", str(q["id"]), status=1)
    finally:
        house.__exit__(None, None, None)


def test_only_those_who_may_see_patients_data_see_it():
    house = our_house()
    try:
        start(house)
        house.tell(odd("Q1", in_seconds(90000)))
        q = str(house.ctl_json("quarantine", "list")[0]["id"])
        refused = house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "quarantine", "show", q], status=1)
        assert "access.phi" in refused.stderr and "PID|" not in refused.stdout + refused.stderr
        house.configure(top=PHI)
        house.ctl("reload")
        shown = house.ctl_json("quarantine", "show", q)
        assert shown["message"].startswith("MSH|") and "ZST|" in shown["message"] and "PID|" in house.ctl("quarantine", "show", q).stdout
        line = [l for l in house.log("nudged").splitlines() if "quarantine-show" in l and "who=root" in l]
        assert line, "who looked is logged"
    finally:
        house.__exit__(None, None, None)


def test_the_oldest_go_when_there_is_no_room():
    house = our_house(top="quarantine_max = 1MiB")
    try:
        start(house)
        with house.feed() as feed:
            for i in range(30):
                assert code(feed.send(odd(f"B{i}", in_seconds(90000)) + "NTE|1||" + "x" * 60000 + "\r")) == "AA"
        s = house.status()["quarantine"]
        assert s["bytes"] <= 1 << 20 and s["dropped"] > 10 and s["kept"] + s["dropped"] == 30, s
        ids = [q["id"] for q in house.ctl_json("quarantine", "list")]
        assert ids == list(range(s["dropped"] + 1, 31)), ids
        assert "quarantine_max" in house.log("nudged")
    finally:
        house.__exit__(None, None, None)


def test_what_was_replayed_is_gone_from_the_files():
    house = our_house()
    try:
        start(house)
        house.tell(odd("Q1", in_seconds(90000)))
        profile(house, '"SCH-11.4", "ZST-1"')
        house.ctl("reload")
        raw = [open(p, "rb").read() for p in glob.glob(house.path("state/nudge.db*"))]
        assert not any(b"ZST|" in r or b"5550123" in r for r in raw), "sealed while it is kept"
        house.ctl("quarantine", "replay", "--all")
        house.wait_texts(1)
        assert json.loads(house.ctl("quarantine", "list", "--json").stdout) == []
    finally:
        house.__exit__(None, None, None)
