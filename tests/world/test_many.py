"""Slow and many: thousands of idle connections, senders of a byte a second, readers that never read, and knocks at the door.

NUDGE_MANY=full is the long form: 10,000 idle and 1,000 slow, and a good sender's p99 beside them at most twice of what it is alone.
"""
import contextlib
import json
import os
import subprocess

from faults import build
from feed import code, in_seconds, siu
from house import BIN, ROOT, House, wait

FULL = os.environ.get("NUDGE_MANY") == "full"
SANITIZED = "san" in BIN
IDLE, SLOW, DEAF, KNOCKS, GOOD = (10000, 1000, 100, 300, 4000) if FULL else (100, 20, 4, 50, 100) if SANITIZED else (600, 60, 8, 100, 300)
BYTES_EACH = 30 * 1024  # of one idle connection; docs/RELIABILITY.md
RSS_MAX = (IDLE + SLOW + DEAF) * BYTES_EACH + (32 << 20)  # with the crowd


def many(house, *args):
    return [build("many.c", os.path.join(ROOT, BIN, "many"), "-lssl", "-lcrypto"), args[0], str(house.port), house.certs, *map(str, args[1:])]


def good(house, name):
    done = subprocess.run(many(house, "good", GOOD, name), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextlib.contextmanager
def crowd(house, *sizes):
    """-> a place for what it says at its end"""
    said = {}
    # Elsewhere it would have machines of its own.
    p = subprocess.Popen(["nice", "-n", "7", *many(house, "crowd", *sizes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    house.processes["crowd"] = p
    line = p.stdout.readline()
    assert line.startswith("ready"), f"the crowd did not come in: {line} {house.log('nudged')[-1000:]}"
    yield said
    p.stdin.close()
    said.update(json.loads(p.stdout.read()))
    p.wait(30)


def memory(house):
    with open(f"/proc/{house.processes['nudged'].pid}/status") as f:
        return 1024 * next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def metric(house, name):
    return house.status()[name]


def test_a_crowd():
    """pain: one slow or broken sender, and all the others wait"""
    listener = f"max_connections = {IDLE + SLOW + DEAF + 600} frame_timeout = {20 if FULL else 4}s"
    with House(start=False, listener=listener) as house:
        house.start_acs()
        house.make_key()
        house.configure()
        house.start_nudged()
        before = good(house, "quiet")
        empty = memory(house)
        with crowd(house, IDLE, 0, 0, 0) as idle:
            each = (memory(house) - empty) // IDLE
            assert house.status()["connections"] >= IDLE
        wait(lambda: house.status()["connections"] == 0, 60)
        with crowd(house, IDLE, SLOW, DEAF, KNOCKS) as said:
            beside = good(house, "beside")
            full = memory(house)
            # With so many at the door some are turned away by chance, a good sender too: it comes again.
            wait(lambda: code_of(house) == "AA")
        wait(lambda: house.status()["connections"] == 0, 60)
        after = good(house, "after")
        alone = max(before["p99_us"], after["p99_us"])
        line = {"proof": "many", "idle": IDLE, "slow": SLOW, "deaf": DEAF, "knocks": said["knocks"], "bytes_each": each, "rss_mib": full >> 20,
                "alone_p99_us": [before["p99_us"], after["p99_us"]], "beside_p99_us": beside["p99_us"], "ratio": round(beside["p99_us"] / alone, 2),
                "crowd": said}
        faults = [why for bad, why in (
            (said["slow_bytes"] == 0 or said["knocks"] == 0, "the crowd did nothing"),
            (idle["idle_closed"] + said["idle_closed"] > 0, "idle connections were closed"),
            (not SANITIZED and each > BYTES_EACH, f"{each} bytes a connection"),
            (FULL and full > RSS_MAX, f"{full >> 20} MiB"),
            (FULL and beside["p99_us"] > 2 * alone, "a good sender waited more than twice as long")) if bad]
        print(json.dumps({**line, "verdict": "; ".join(faults) or "held"}))
        assert not faults, faults


def test_slots_come_back():
    """When all places are taken by the slow, they are let go of after frame_timeout, and a good sender comes in.

    pain: half-open connections that fill the listener until it is restarted"""
    with House(start=False, listener="max_connections = 24 frame_timeout = 2s") as house:
        house.start_acs()
        house.make_key()
        house.configure()
        house.start_nudged()
        with crowd(house, 0, 24, 0, 0) as said:
            wait(lambda: code_of(house) == "AA")
            wait(lambda: "did not end in time" in house.log("nudged"))
        assert said["slow_closed"] > 0, said


def code_of(house):
    try:
        with house.feed(timeout=2) as feed:
            return code(feed.send(siu("S12", "S", in_seconds(90000), phone="")))
    except OSError:
        return "closed"
