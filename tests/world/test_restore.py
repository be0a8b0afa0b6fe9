"""The store is put back from a backup: nothing goes twice, and without its journal nothing goes at all."""
import glob
import json
import os
import shutil
import time

from feed import in_seconds, siu
from house import BIN, House, wait

DAYS = {n: in_seconds(n * 86400) for n in (4, 5)}  # the same each time it is said


def book(house, name, days=4, phone=None, **kw):
    phone = phone or f"(608)555-0{100 + int(name[1:])}"
    assert house.tell(siu("S12", name, start=DAYS[days], phone=phone, **kw)) == ["AA"]


def put_back(house, copy):
    for name in ("nudge.db", "nudge.db-wal", "nudge.db-shm"):
        if os.path.exists(house.path(f"state/{name}")):
            os.remove(house.path(f"state/{name}"))
    shutil.copy(copy, house.path("state/nudge.db"))


def start_again(house):
    house.start_nudged()
    wait(lambda: house.status()["sender_connected"])


def said(house):
    return sorted((t["to"], t["message"]) for t in house.accepted())


def test_a_restored_store_sends_nothing_twice():
    with House() as house:
        for name in ("V1", "V2", "V3"):
            book(house, name)
        house.wait_texts(3)
        made = house.ctl_json("backup", house.path("copy"))
        assert made["appointments"] == 3 and made["unreadable"] == 0 and made["sealed"] >= 3, made
        for name in ("V4", "V5"):
            book(house, name)
        assert house.tell(siu("S15", "V1", start=DAYS[4], phone="(608)555-0101")) == ["AA"]
        assert house.tell(siu("S13", "V2", start=DAYS[5], phone="(608)555-0102")) == ["AA"]
        before = said(house) if len(house.wait_texts(7)) else []
        house.stop("nudged")
        put_back(house, house.path("copy"))
        start_again(house)
        assert "the store is an older one than the send journal" in house.log("nudged")
        assert house.texts("V1")["canceled"] == "sent", house.explain("V1")
        # the feed says the same again, as other messages
        for name in ("V4", "V5"):
            book(house, name)
        assert house.tell(siu("S15", "V1", start=DAYS[4], phone="(608)555-0101")) == ["AA"]
        assert house.tell(siu("S13", "V2", start=DAYS[5], phone="(608)555-0102")) == ["AA"]
        house.stays(7)
        assert said(house) == before
        assert house.texts("V4")["booked"] == "sent" and house.explain("V4")["texts"][0]["reason"] == "from-journal"
        book(house, "V6")  # and life goes on
        house.wait_texts(8)
        house.ctl("report", "states")


def test_a_backup_while_it_works():
    with House() as house:
        said = []
        with house.feed() as feed:
            from feed import code
            for n in range(300):
                said.append(code(feed.send(siu("S12", f"W{n}", start=DAYS[4], phone=f"(608)555-{1000 + n}"))))
                if n == 150:
                    # a relative path is meant from where one stands
                    done = house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "backup", "copy"], cwd=house.folder).stdout
        assert said == ["AA"] * 300
        assert "opened and whole" in done and os.stat(house.path("copy")).st_mode & 0o777 == 0o600
        assert "is there already" in house.ctl("backup", house.path("copy"), status=1).stderr
        assert "outside of state_directory" in house.ctl("backup", house.path("state/copy"), status=1).stderr
        assert "cannot be made" in house.ctl("backup", "/proc/copy", status=1).stderr
        house.ctl("backup", status=2)
        records = map(json.loads, open(glob.glob(house.path("state/audit/*.jsonl"))[0]))
        audit = [r for r in records if r["what"] == "command.backup"][-1]  # what others did may be written behind it
        assert audit["obj"] == {"type": "file", "id": "/proc/copy", "hash": ""}, audit


def test_without_its_journal_sends_are_held():
    with House() as house:
        book(house, "V1")
        house.wait_texts(1)
        house.stop("nudged")
        shutil.rmtree(house.path("state/journal"))
        start_again(house)
        assert "nudgectl release journal" in house.log("nudged")
        assert house.status()["journal_held"] and "journal" in house.ctl("status").stdout
        book(house, "V2")
        house.stays(1)
        assert "sends go on" in house.ctl("release", "journal").stdout
        house.wait_texts(2)
        assert not house.status()["journal_held"]
        house.stop("nudged")
        start_again(house)
        assert not house.status()["journal_held"]


def test_a_journal_of_another_house_is_refused():
    with House() as house:
        book(house, "V1")
        house.wait_texts(1)
        house.stop("nudged")
        for name in os.listdir(house.path("state")):
            if name.startswith("nudge.db"):
                os.remove(house.path(f"state/{name}"))
        try:
            house.start_nudged()
            raise RuntimeError("it went on with another store's journal")
        except AssertionError as e:
            assert "ended with 78" in str(e) and "belongs to another store" in str(e), e
        house.processes.pop("nudged", None)


def test_the_journal_names_nobody():
    with House(top="journal_directory = elsewhere") as house:
        book(house, "V1")
        house.wait_texts(1)
        time.sleep(0.2)
        for folder, _, files in os.walk(house.path("elsewhere")):
            for name in files:
                with open(os.path.join(folder, name)) as f:
                    text = f.read()
                assert "5550101" not in text and "V1" not in text.split(), text
                assert os.stat(os.path.join(folder, name)).st_mode & 0o77 == 0
        assert not os.path.exists(house.path("state/journal")) and os.listdir(house.path("elsewhere"))
