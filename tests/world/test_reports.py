"""What is reported, what a person must tell, what a month may cost, and whether the books are right."""
import csv
import io
import json
import os
import sqlite3
from datetime import timedelta

from feed import in_seconds, siu
from house import House, wait


def change_behind_its_back(house, sql):
    """Into the log only: pages of the database itself have sums that sqlite3 does not know."""
    path = house.path("state/nudge.db")
    db = sqlite3.connect(path)
    with db:
        db.execute(sql)
    names = [path, path + "-wal"]
    kept = [open(name, "rb").read() for name in names]
    db.close()
    for name, content in zip(names, kept):
        with open(name, "wb") as f:
            f.write(content)
        os.chmod(name, 0o600)


def test_columns_filters_and_forms():
    with House() as house:
        house.tell(siu("S12", "R1", in_seconds(86400 + 2)), siu("S12", "R2", in_seconds(90000), patient="MRN2", phone="608-555-0144^PRN^CP"))
        house.wait_texts(3, 10)
        wait(lambda: house.texts("R1")["reminder:day"] == "sent" and house.texts("R2")["booked"] == "sent")
        report = house.ctl_json("report", "sms")
        assert report["totals"]["texts"] == 3 == sum(m["texts"] for m in report["months"]) == sum(report["statuses"].values())
        assert all(r["within_limit"] is True and r["gateway_code"] is None for r in report["rows"])
        only = house.ctl_json("report", "sms", "--type", "reminder")
        assert len(only["rows"]) == only["totals"]["texts"] == only["months"][0]["texts"] == only["totals"]["reminders"] == 1, "a filter applies to table and totals alike"
        none = house.ctl_json("report", "sms", "--status", "Delivered")
        assert none["rows"] == [] and none["totals"]["texts"] == 0 and none["months"] == []
        page = house.ctl("report", "sms", "--format", "html").stdout
        assert page.startswith("<!doctype html>") and page.count("<tr>") == 4 and "3 texts" in page
        rows = list(csv.DictReader(io.StringIO(house.ctl("report", "sms", "--format", "csv").stdout.split("\n", 1)[1])))
        assert len(rows) == 3 and {r["within_limit"] for r in rows} == {"yes"} and rows[0]["from"] == "+18335550100"
        for form in ("text", "csv", "json", "html"):
            out = house.ctl("report", "sms", "--format", form).stdout
            assert "0123" not in out and "MRN" not in out and "Testmann" not in out
        house.ctl("report", "sms", "--format", "pdf", status=2)
        house.ctl("report", "nothing", status=2)


def test_what_a_person_must_tell():
    with House() as house:
        start = in_seconds(90000)
        house.tell(siu("S12", "U1", start), siu("S12", "U2", start, patient="MRN2", phone="608-555-0144^PRN^CP"))
        house.wait_texts(2)
        wait(lambda: house.texts("U1")["booked"] == "sent" and house.texts("U2")["booked"] == "sent")
        assert house.ctl_json("report", "untold")["rows"] == []
        house.tell(siu("S13", "U1", start + timedelta(days=1), phone='""'))
        house.sim("faults", [{"kind": "status", "status": 400, "count": 1}])
        house.tell(siu("S15", "U2", start, patient="MRN2", phone="608-555-0144^PRN^CP"))
        wait(lambda: len(house.ctl_json("report", "untold")["rows"]) == 2)
        rows = {r["appointment"]: r for r in house.ctl_json("report", "untold")["rows"]}
        assert rows["U1"]["event"] == "changed" and rows["U1"]["reason"] == "no-phone" and rows["U1"]["site"] == "cardiology" and not rows["U1"]["over"]
        assert rows["U2"]["event"] == "canceled" and rows["U2"]["state"] == "failed", rows["U2"]
        assert house.ctl_json("report", "untold", "--type", "canceled")["rows"][0]["appointment"] == "U2"
        out = house.ctl("report", "untold").stdout
        assert "U1" in out and "U2" in out and "0144" not in out
        house.tell(siu("S14", "U1", start + timedelta(days=1)))
        wait(lambda: house.texts("U1")["changed"] == "sent")
        assert [r["appointment"] for r in house.ctl_json("report", "untold")["rows"]] == ["U2"], "told after all"


def test_a_month_that_is_used_up():
    with House(organization="monthly_limit = 3\n    on_limit = hold") as house:
        for n in range(5):
            house.tell(siu("S12", f"L{n}", in_seconds(90000), patient=f"MRN{n}", phone=f"608-555-01{n:02}^PRN^CP"))
            wait(lambda: house.texts(f"L{n}")["booked"] in ("sent", "held"))
        limit = house.status()["limits"][0]
        assert limit["limit"] == 3 and limit["used"] <= 3 and limit["remaining"] == 3 - limit["used"] and limit["on_limit"] == "hold", limit
        held = [n for n in range(5) if house.texts(f"L{n}")["booked"] == "held"]
        assert held and "monthly_limit" in "\n".join(house.explain(f"L{held[0]}")["why"]), house.explain(f"L{held[0]}")
        assert "segments used" in house.ctl("status").stdout
        used = limit["used"]
        assert house.ctl_json("report", "sms")["limits"] == [limit] and "of 3 segments used" in house.ctl("report", "sms").stdout
        house.stop("nudged")
        house.start_nudged()
        assert house.status()["limits"][0]["used"] == used, "it survives a restart"
        house.template = house.template.replace("{organization}", "monthly_limit = 300\n    on_limit = hold")
        house.configure()
        house.ctl("reload")
        wait(lambda: all(house.texts(f"L{n}")["booked"] == "sent" for n in range(5)))


def test_the_books():
    with House() as house:
        house.tell(*[siu("S12", f"B{n}", in_seconds(90000), patient=f"MRN{n}", phone=f"608-555-01{n:02}^PRN^CP") for n in range(5)])
        house.wait_texts(5)
        wait(lambda: house.status()["in_flight"] == 0)
        right = house.ctl_json("report", "states")
        assert right["right"] and right["sites"][0]["planned"] == right["sites"][0]["rows"] == 15, right
        house.stop("nudged")
        for wrong in ("UPDATE tally SET n = n + 1 WHERE state = 4", "UPDATE tally SET n = n + 1 WHERE state = 0"):
            change_behind_its_back(house, wrong)
            house.start_nudged()
            done = house.ctl("report", "states", status=1)
            assert "DO NOT ADD UP" in done.stdout and "cardiology" in done.stdout
            assert not json.loads(house.ctl("report", "states", "--json", status=1).stdout)["right"]
            assert "do not add up" in house.log("nudged"), "an alarm, for who reads only the log"
            if "state = 4" in wrong:
                wait(lambda: "do not add up to what was planned (nudgectl report states)" in house.log("nudged"), 40)
            house.stop("nudged")
            change_behind_its_back(house, wrong.replace("+", "-"))
        house.start_nudged()
        assert house.ctl_json("report", "states")["right"]
