"""Another store key while messages come and texts go: killed in the middle, put back from before, and who opted out stays so."""
import glob
import json
import os
import threading
import time

from feed import code, in_seconds, siu
from house import BIN, House, wait
from test_restore import put_back, start_again

START = in_seconds(4 * 86400)


def phone(n):
    return f"(608)555-0{n:03}"


def opt_out(house, n):
    done = house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "optout", "add"], input=phone(n) + "\n")
    return done.stdout


def has_opted_out(house, n):
    done = house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "optout", "find", "--json"], input=phone(n) + "\n", status=None)
    return done.returncode == 0 and json.loads(done.stdout).get("opted_out")


TEMPLATE_TOP = "store_key = keys/store.key\naccess { phi = {root} }"


def template():
    from house import CONF
    return CONF.replace("store_key       = keys/store.key\n", "")


def key(house):
    return house.status()["store_key"]


def in_audit(house, what):
    found = []
    for path in sorted(glob.glob(house.path("state/audit/audit-*.jsonl"))):
        with open(path) as f:
            found += [r for r in map(json.loads, f) if r["what"] == what]
    return found


def test_rotated_under_load_killed_once_and_put_back():
    with House(template=template(), top=TEMPLATE_TOP, number="rate = 60000/min", site="storm_brake = off") as house:
        with house.feed() as feed:
            for n in range(3):
                assert code(feed.send(siu("S12", f"B{n}", start=START, phone=phone(100 + n)))) == "AA"
            for n in range(800):  # enough that it takes many turns
                assert code(feed.send(siu("S12", f"P{n}", start=START, phone=f"(608)555-{2000 + n}"))) == "AA"
        house.wait_texts(803, 60)
        opt_out(house, 101)
        assert has_opted_out(house, 101)
        house.ctl("backup", house.path("copy"))
        before = key(house)
        assert not before["rotating"] and not before["old_key_needed"]

        # a configuration that no start would take is refused, and so is a rotation to the same key
        assert "opens this store already" in house.ctl("rotate", status=1).stderr
        house.run([f"{BIN}/nudgectl", "keygen", house.path("keys/second.key")])
        house.configure(top="store_key = keys/second.key\naccess { phi = {root} }")
        assert f"key {before['key']}, which opens the store" in house.ctl("reload", status=78).stderr
        house.configure(top="store_key = keys/second.key\nold_store_keys = {keys/store.key}\naccess { phi = {root} }")
        house.ctl("reload")
        assert key(house)["old_key_needed"] and "nudgectl rotate" in house.ctl("status").stdout

        answers, stop = [], threading.Event()

        def tell():
            n = 0
            while not stop.is_set():
                try:
                    with house.feed() as f:
                        while not stop.is_set():
                            answer = code(f.send(siu("S12", f"L{n}", start=START, phone=f"(608)555-{4000 + n % 5000}")))
                            if answer == "closed":  # nudged is away: a sender says it again
                                break
                            answers.append(answer)
                            n += 1
                except OSError:
                    time.sleep(0.05)

        sender = threading.Thread(target=tell)
        sender.start()
        try:
            wait(lambda: len(answers) > 20)
            house.ctl("rotate")
            killed = key(house)
            house.kill("nudged")  # in the middle, or just behind it on a quick machine
            house.start_nudged()
            wait(lambda: not key(house)["rotating"], 60)
            seen = len(answers)
            wait(lambda: len(answers) > seen + 20)
        finally:
            stop.set()
            sender.join()
        assert set(answers) == {"AA"}, set(answers)
        after = key(house)
        assert after["key"] == killed["key"] != before["key"] and not after["old_key_needed"] and after["unreadable"] == 0, after
        assert after["sealed"] >= 803, after
        assert "the old key is needed no more" in house.log("nudged")

        # the old key may go
        house.configure(top="store_key = keys/second.key\naccess { phi = {root} }")
        house.ctl("reload")
        os.rename(house.path("keys/store.key"), house.path("keys/away.key"))
        house.stop("nudged")
        start_again(house)
        assert has_opted_out(house, 101) and not has_opted_out(house, 102)
        texts = len(house.accepted())
        assert house.tell(siu("S12", "N1", start=START, phone=phone(101))) == ["AA"]
        assert house.tell(siu("S12", "N2", start=START, phone=phone(150))) == ["AA"]
        wait(lambda: any(t["to"] == "+16085550150" for t in house.accepted()))
        assert not any(t["to"] == "+16085550101" for t in house.accepted()[texts:])
        house.ctl("audit", "verify")
        house.ctl("report", "states")
        assert house.ctl_json("backup", house.path("copy2"))["unreadable"] == 0
        assert [r["obj"]["id"] for r in in_audit(house, "keys.rotate")][-1:] == [after["key"]]
        told = [r["obj"]["id"] for r in in_audit(house, "keys.rotated")]
        assert told in ([after["key"]], [after["key"]] * 2), told  # twice if it was killed between the record and the note of it

        # who opts out now is marked by the new key; a backup of before the rotation does not have it
        opt_out(house, 102)
        wait(lambda: house.status()["texts"].get("sending", 0) == 0, 30)
        sent = sorted((t["to"], t["message"]) for t in house.accepted())
        house.stop("nudged")
        put_back(house, house.path("copy"))
        done = house.run([f"{BIN}/nudged", "-c", house.conf], status=78)
        assert "old_store_keys" in done.stderr, done.stderr
        os.rename(house.path("keys/away.key"), house.path("keys/store.key"))
        house.configure(top="store_key = keys/second.key\nold_store_keys = {keys/store.key}\naccess { phi = {root} }")
        start_again(house)
        assert "the store is an older one than the send journal" in house.log("nudged")
        assert has_opted_out(house, 101) and has_opted_out(house, 102) and not has_opted_out(house, 103)
        assert house.tell(siu("S12", "N2", start=START, phone=phone(150))) == ["AA"]
        assert house.tell(siu("S12", "N3", start=START, phone=phone(102))) == ["AA"]
        time.sleep(1)
        assert sorted((t["to"], t["message"]) for t in house.accepted()) == sent, "nothing twice, and nothing to who opted out"
        assert key(house)["old_key_needed"]
        said = house.ctl("rotate", "--wait").stdout
        assert "the old key is needed no more" in said, said
        assert has_opted_out(house, 102)
        house.ctl("audit", "verify")
