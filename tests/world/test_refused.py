"""A number that does not exist: the delivery report says so, and the next visit is not texted but comes onto the work list."""
import os
import sqlite3

from events import grid, report
from feed import in_seconds, siu
from house import BIN, wait
from test_webhook import Hooked

PHONE = "(608) 555-0171^PRN^CP"


def refused(house, what, status=0, phone="608 555 0171"):
    done = house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "refused", what], status=status, input=phone + "\n")
    return done.stdout + done.stderr


def work(house, *more):
    return [(r["appointment"], r["reply"], r["open"]) for r in house.ctl_json("report", "replies", *more)["rows"]]


def why(house, appointment, kind="booked"):
    return [(t["state"], t["reason"]) for t in house.explain(appointment)["texts"] if t["kind"] == kind][-1]


def test_a_number_that_does_not_exist():
    """pain: a wrong number or a landline is texted again at each visit"""
    with Hooked(top='access { phi = {"root"} }') as house:
        house.tell(siu("S12", "R1", in_seconds(900000), phone=PHONE), siu("S12", "R2", in_seconds(990000), phone=PHONE, patient="MRN1002"))
        t = house.wait_texts(2)
        wait(lambda: all(house.texts(v)["booked"] == "sent" for v in ("R1", "R2")))
        assert house.post(grid("report", report(t[0], "Failed", "4006: Unreachable"))) == 200
        wait(lambda: "failed" in (house.texts("R1")["booked"], house.texts("R2")["booked"]))
        assert house.ctl_json("refused", "list") == [], "whoever is out of reach has a right number"
        assert house.post(grid("report", report(t[1], "Failed", "4004: No such number"))) == 200
        wait(lambda: house.ctl_json("refused", "list"))
        listed = house.ctl_json("refused", "list")[0]
        assert (listed["organization"], listed["cause"], listed["code"]) == ("lamna", "no-such-number", 4004) and listed["until"] > listed["since"], listed
        assert sorted(work(house)) == [("R1", "number-refused", True), ("R2", "number-refused", True)], work(house)
        assert why(house, "R1", "reminder") == ("pending", "number-refused"), "what is planned says so before its time"
        house.tell(siu("S12", "R3", in_seconds(1000000), phone=PHONE, patient="MRN1003"), siu("S12", "R4", in_seconds(1000000), phone="608-555-0172^PRN^CP", patient="MRN1004"))
        house.wait_texts(3)
        assert why(house, "R3") == ("suppressed", "number-refused")
        assert "refused_numbers" in "\n".join(house.explain("R3")["why"])
        assert ("R3", "number-refused", True) in work(house, "--type", "number-refused")
        assert "number-refused" in house.ctl("report", "replies").stdout
        house.stays(3, 0.3)

        # another number closes the line of its visit
        house.tell(siu("S13", "R2", in_seconds(993600), phone="608-555-0173^PRN^CP", patient="MRN1002"))
        house.wait_texts(4)
        assert sorted(work(house, "--status", "open")) == [("R1", "number-refused", True), ("R3", "number-refused", True)]

        # after a restart as before
        house.stop("nudged")
        house.start_nudged()
        wait(lambda: house.status()["sender_connected"])
        house.tell(siu("S12", "R5", in_seconds(1100000), phone=PHONE, patient="MRN1005"))
        wait(lambda: why(house, "R5") == ("suppressed", "number-refused"))

        # a person knows better
        assert "refused on" in refused(house, "find") and "as no-such-number (4004)" in refused(house, "find")
        assert "was not refused" in refused(house, "find", phone="608 555 0174")
        assert "may be texted again" in refused(house, "release")
        assert "was not refused" in refused(house, "release", status=1)
        assert "no phone number" in refused(house, "release", status=1, phone="12")
        assert work(house, "--status", "open") == []
        house.tell(siu("S12", "R6", in_seconds(1200000), phone=PHONE, patient="MRN1006"))
        house.wait_texts(5)
        house.ctl("audit", "verify")
        with open(os.path.join(house.path("state/audit"), sorted(os.listdir(house.path("state/audit")))[0])) as f:
            assert "command.refused-release" in f.read()
        house.stop("nudged")
        with sqlite3.connect(house.path("state/nudge.db")) as db:
            assert db.execute("SELECT count(*) FROM refused").fetchone() == (0,)
