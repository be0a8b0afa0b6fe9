"""Promises 1 and 4 with kill -9: nothing acknowledged is lost, nobody is texted twice.

NUDGE_KILLS says how often; NUDGE_KILLS_OUT names a file of lines, one a round of kills, behind which a later run goes on."""
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time

from feed import Feed, code, in_seconds, siu
from house import BIN, HERE, House, wait

KILLS = int(os.environ.get("NUDGE_KILLS", "300" if "san" not in BIN else "10"))
ROUND = 100
OUT = os.environ.get("NUDGE_KILLS_OUT")
# Where each daemon is ended, see kill_at.c; the rest of its kills come at any time.
LABELS = {
    "nudged": ["before-log-written", "after-log-written", "before-log-synced", "after-log-synced", "after-database-written", "before-journal-written",
               "after-journal-written", "after-journal-synced", "before-socket-written", "after-socket-written", "before-link-written", "after-link-written"],
    "nudge-sender": ["before-socket-written", "after-socket-written", "before-link-written", "after-link-written"],
}


class Load(threading.Thread):
    """A sender that repeats what was not answered, as engines do."""

    def __init__(self, house, name):
        super().__init__(daemon=True)
        self.house, self.name_, self.acked, self.stop = house, name, set(), False

    def run(self):
        n = 0
        while not self.stop:
            appointment = f"{self.name_}{n}"
            message = siu("S12", appointment, in_seconds(90000), patient=f"MRN{self.name_}{n}", phone=f"608555{n % 100 + 100:04}^PRN^CP")
            while not self.stop:
                try:
                    with Feed(self.house.port, self.house.certs, timeout=5) as feed:
                        while not self.stop:
                            if code(feed.send(message)) != "AA":
                                break
                            self.acked.add(appointment)
                            n += 1
                            appointment = f"{self.name_}{n}"
                            message = siu("S12", appointment, in_seconds(90000), patient=f"MRN{self.name_}{n}", phone=f"608555{n % 100 + 100:04}^PRN^CP")
                            time.sleep(0.01)
                except OSError:
                    time.sleep(0.02)


class Killer:
    """Ends either daemon and starts it again, at any time or at a labelled call of its next life."""

    def __init__(self, house, rng, folder):
        self.house, self.rng, self.folder = house, rng, folder
        self.by = {}                                    # how often at which label
        self.ready = []                                 # seconds from a start of nudged to `ready`
        self.label = {"nudged": None, "nudge-sender": None}

    def start(self, name):
        """Starts it with a label, or none; it may end before it is ready."""
        label = self.rng.choice(LABELS[name]) if self.folder and self.rng.random() < 0.6 else None
        env = {"LD_PRELOAD": f"{self.folder}/kill_at.so", "NUDGE_KILL_AT": f"{label}:{self.rng.randrange(1, 20)}"} if label else None
        at = time.monotonic()
        self.label[name] = label
        try:
            (self.house.start_nudged if name == "nudged" else self.house.start_sender)(env=env)
        except AssertionError:
            if not label or self.house.processes[name].poll() != -9:
                raise
            return
        if name == "nudged":
            self.ready.append(time.monotonic() - at)

    def kill(self):
        name = self.rng.choice(["nudged", "nudge-sender"])
        process, label = self.house.processes[name], self.label[name]
        end = time.monotonic() + (0.6 if label else self.rng.random() * 0.25)
        while time.monotonic() < end and process.poll() is None:
            time.sleep(0.01)
        at = label if process.poll() == -9 else "any"
        assert process.poll() in (None, -9), f"{name} ended with {process.poll()}: {self.house.log(name)[-1000:]}"
        self.by[at] = self.by.get(at, 0) + 1
        self.house.kill(name)
        self.start(name)

    def calm(self):
        """Both are there, and stay."""
        self.folder = None
        for name in self.label:
            if self.label[name]:
                self.house.kill(name)
                self.start(name)


def judge(house, acked, where):
    def settled():
        s = house.status()
        return s["sender_connected"] and s["backlog"] == 0 and s["in_flight"] == 0
    wait(settled, 60)
    known = {a["id"]: a for a in house.appointments("--all")}
    assert not acked - set(known), f"{where}: lost {sorted(acked - set(known))[:5]}"
    tags = [t["tag"] for t in house.journal()]
    assert len(tags) == len(set(tags)), f"{where}: a row was texted twice"
    for a in acked:
        states = [t["state"] for t in known[a]["texts"] if t["kind"] == "booked"]
        assert states == ["sent"], f"{where}: {a} is {states}"
    return len(tags)


def one_round(seed, kills, folder):
    rng = random.Random(seed)
    with House(acs_args=["--window", "0"], number="rate = 100000/min", site="daily_cap = 0\n storm_brake = off") as house:
        killer = Killer(house, rng, folder)
        loads = [Load(house, name) for name in "ABC"]
        for load in loads:
            load.start()
        for _ in range(kills):
            killer.kill()
        killer.calm()
        for load in loads:
            load.stop = True
            load.join(10)
        acked = set().union(*(load.acked for load in loads))
        assert len(acked) > kills / 2, f"only {len(acked)} messages in all"
        texts = judge(house, acked, f"NUDGE_SEED={seed} NUDGE_KILLS={kills} tests/world/run.py -k kill")
    ready = sorted(killer.ready)
    return {"proof": "kills", "seed": seed, "kills": kills, "at": killer.by, "acknowledged": len(acked), "texts": texts, "lost": 0, "double": 0,
            "ready_median_s": round(ready[len(ready) // 2], 3), "ready_most_s": round(ready[-1], 3), "verdict": "held"}


def go_on():
    """The seed to begin with, and how many kills an earlier run has done already."""
    seed, done = int(os.environ.get("NUDGE_SEED", "1")), 0
    if OUT and os.path.exists(OUT):
        with open(OUT, encoding="utf-8") as f:
            for line in map(json.loads, f):
                seed, done = line["seed"] + 1, done + line["kills"]
    return seed, done


def test_kill_either_daemon():
    """pain: a crash after the OK, and the texts are gone

    pain: an acknowledgement for a message that was then lost"""
    folder = None if "san" in BIN else tempfile.mkdtemp(prefix="nudge-kill-")
    try:
        if folder:
            subprocess.run(["cc", "-O1", "-shared", "-fPIC", f"{HERE}/kill_at.c", "-o", f"{folder}/kill_at.so"], check=True)
        seed, done = go_on()
        while done < KILLS:
            print(f"seed {seed}", flush=True)
            line = one_round(seed, min(ROUND, KILLS - done), folder)
            print(json.dumps(line), flush=True)
            if OUT:
                with open(OUT, "a", encoding="utf-8") as f:
                    f.write(json.dumps(line) + "\n")
            assert line["ready_median_s"] <= 2, f"ready only after {line['ready_median_s']} s"
            seed, done = seed + 1, done + line["kills"]
    finally:
        if folder:
            shutil.rmtree(folder)
