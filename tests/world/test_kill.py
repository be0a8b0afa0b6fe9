"""Promises 1 and 4 with kill -9: nothing acknowledged is lost, nobody is texted twice. NUDGE_KILLS says how often."""
import os
import random
import threading
import time

from feed import Feed, code, in_seconds, siu
from house import BIN, House, wait

KILLS = int(os.environ.get("NUDGE_KILLS", "100" if "san" not in BIN else "10"))


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


def test_kill_either_daemon():
    """pain: a crash after the OK, and the texts are gone

    pain: an acknowledgement for a message that was then lost"""
    seed = int(os.environ.get("NUDGE_SEED", str(random.randrange(10**6))))
    print(f"seed {seed}")
    rng = random.Random(seed)
    with House(acs_args=["--window", "0"], number="rate = 100000/min", site="daily_cap = 0\n storm_brake = off") as house:
        loads = [Load(house, name) for name in "ABC"]
        for load in loads:
            load.start()
        for _ in range(KILLS):
            time.sleep(rng.random() * 0.25)
            name = rng.choice(["nudged", "nudge-sender"])
            house.kill(name)
            if name == "nudged":
                house.start_nudged()
            else:
                house.start_sender()
        for load in loads:
            load.stop = True
            load.join(10)
        acked = set().union(*(load.acked for load in loads))
        assert len(acked) > KILLS, f"only {len(acked)} messages in all"

        def settled():
            s = house.status()
            return s["sender_connected"] and s["backlog"] == 0 and s["in_flight"] == 0
        wait(settled, 60)
        known = {a["id"]: a for a in house.appointments("--all")}
        assert not acked - set(known), f"seed {seed}: lost {sorted(acked - set(known))[:5]}"
        tags = [t["tag"] for t in house.journal()]
        assert len(tags) == len(set(tags)), f"seed {seed}: a row was texted twice"
        for a in acked:
            states = [t["state"] for t in known[a]["texts"] if t["kind"] == "booked"]
            assert states == ["sent"], f"seed {seed}: {a} is {states}"
        print(f"{KILLS} kills, {len(acked)} acknowledged, {len(tags)} texts")
