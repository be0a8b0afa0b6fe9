"""What would happen: messages from files through the real engine, with nothing leaving and nothing remembered."""
import glob
import json
import os
from datetime import datetime, timedelta, timezone

from feed import in_seconds, siu
from house import BIN, House


def simulate(house, *args, status=0):
    return house.run([f"{BIN}/nudgectl", "-c", house.conf, "simulate", *args], status=status, env=dict(os.environ, TMPDIR=house.folder))


def test_what_would_be_understood_planned_and_sent():
    with House(site='visit_types = {"OFFICE"}') as house:
        start = in_seconds(3 * 86400)
        house.write("one.hl7", siu("S12", "S1", start, control_id="M1").replace("\r", "\n"))
        house.write("two.hl7", "\x0b" + siu("S12", "S2", start, phone="", control_id="M2", patient="P2") + "\x1c\r\x0b" +
                    siu("S12", "S3", None, control_id="M3", patient="P3") + "\x1c\r")
        house.write("three.hl7", siu("S15", "S1", start, control_id="M4") + siu("S12", "S4", start, application="EPIC", processing="T", control_id="M5"))
        out = json.loads(simulate(house, house.path("one.hl7"), house.path("two.hl7"), house.path("three.hl7"), "--json").stdout)
        m = {x["control_id"]: x for x in out["messages"]}
        assert [x["control_id"] for x in out["messages"]] == ["M1", "M2", "M3", "M4", "M5"]
        assert m["M1"]["kind"] == "understood" and m["M1"]["answer"] == "AA" and m["M1"]["bookings"][0]["site"] == "cardiology"
        assert m["M1"]["bookings"][0]["phone"] is True and m["M2"]["bookings"][0]["phone"] is False
        assert m["M3"]["kind"] == "quarantine" and (m["M3"]["segment"], m["M3"]["answer"]) == ("SCH", "AA") and m["M3"]["offset"] > 0
        assert m["M5"]["kind"] == "refused" and m["M5"]["answer"] == "AR" and m["M5"]["segment"] == "MSH"
        a = {x["id"]: x for x in out["appointments"]}
        first = {t["kind"] + t["rule"]: t for t in a["S1"]["texts"]}
        assert first["booked"]["sent"] and "Lamna" in first["booked"]["words"] and first["canceled"]["sent"]
        assert first["reminderday"]["state"] == "void" and not first["reminderday"]["sent"] and first["reminderday"]["reason_text"]
        assert all(t["state"] == "suppressed" and t["reason"] == "no-phone" for t in a["S2"]["texts"] if t["kind"] == "booked"), a["S2"]
        assert "S3" not in a and "S4" not in a
        assert "608555" not in json.dumps(out)
        assert house.appointments() == [] and house.stays(0, 0.3) == [] and glob.glob(house.path("nudge-rehearsal-*")) == []
        people = simulate(house, house.path("one.hl7"), "--show-phi").stdout
        assert "+16085550123" in people and "would go" in people and "nothing was sent" in people, people


def test_a_feed_of_last_week_by_its_own_clock():
    with House() as house:
        then = datetime.now(timezone.utc) - timedelta(days=7)
        house.write("old.hl7", siu("S12", "O1", then + timedelta(days=2), sent=then, control_id="A") +
                    siu("S13", "O1", then + timedelta(days=3), sent=then + timedelta(hours=4), control_id="B"))
        now = json.loads(simulate(house, house.path("old.hl7"), "--json").stdout)
        assert now["appointments"] == [], "its visit is over"
        out = json.loads(simulate(house, house.path("old.hl7"), "--at", "message", "--json").stdout)
        kinds = [(t["kind"], t["state"]) for t in out["appointments"][0]["texts"]]
        assert ("booked", "sent") in kinds and ("changed", "sent") in kinds and ("reminder", "sent") in kinds, kinds
        day = next(t for t in out["appointments"][0]["texts"] if t["rule"] == "day" and t["state"] == "sent")
        assert abs((datetime.fromisoformat(day["sent"]) - (then + timedelta(days=2))).total_seconds()) < 120, day


def test_what_is_wrong_is_said():
    with House() as house:
        house.write("none.hl7", "hello\n")
        assert "no segment MSH" in simulate(house, house.path("none.hl7"), status=1).stderr
        assert "No such file" in simulate(house, house.path("missing.hl7"), status=1).stderr
        simulate(house, house.path("none.hl7"), "--at", "yesterday", status=2)
        house.configure(site="setle = 1s")
        assert "did you mean" in simulate(house, house.path("none.hl7"), status=78).stderr
