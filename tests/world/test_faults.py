"""Every call of the system fails in turn under the real daemons, once and for ever: no wrong AA, no crash, nothing twice, and on by itself.

NUDGE_FAULTS=N tries N by chance (NUDGE_SEED says which). Run by itself this tries each call of each kind, for hours, and goes on in
build/prove/faults.jsonl where an earlier run ended.
"""
import itertools
import json
import os
import random
import shutil
import subprocess
import time

from faults import EVER, Order
from feed import Feed, code, in_seconds, siu
from house import BIN, ROOT, House, wait

SANITIZED = "san" in BIN
TRIES = os.environ.get("NUDGE_FAULTS", "8" if SANITIZED else "24")
NUDGED = [
    ("write", "log", ["ENOSPC", "EIO", "short"]), ("write", "db", ["ENOSPC", "EIO", "short"]), ("write", "journal", ["ENOSPC", "EIO", "short"]),
    ("write", "audit", ["ENOSPC", "EIO", "short"]), ("write", "socket", ["EPIPE", "ECONNRESET", "EINTR", "short"]), ("write", "other", ["EAGAIN", "EIO"]),
    ("sync", "log", ["EIO", "ENOSPC"]), ("sync", "db", ["EIO"]), ("sync", "journal", ["EIO"]), ("sync", "audit", ["EIO"]),
    ("truncate", "log", ["EIO"]), ("truncate", "shm", ["ENOSPC"]), ("read", "db", ["EIO", "short"]), ("read", "log", ["EIO", "short"]),
    ("read", "socket", ["ECONNRESET", "EINTR", "EIO", "short"]), ("read", "other", ["EAGAIN", "EIO"]),
    ("open", "socket", ["EMFILE"]), ("open", "file", ["EMFILE", "ENFILE", "EIO"]), ("open", "audit", ["EMFILE", "EIO"]), ("open", "journal", ["EMFILE", "EIO"]),
    ("accept", "socket", ["EMFILE", "ENFILE", "ENOBUFS", "EINTR", "ECONNABORTED"]), ("wait", "other", ["EINTR"]), ("map", "shm", ["ENOMEM"]),
    ("memory", "other", ["ENOMEM"])]
START = [("open", k, ["EMFILE", "EIO"]) for k in ("file", "db", "log", "shm", "journal", "audit", "socket")] + [
    ("read", "db", ["EIO", "short"]), ("read", "log", ["EIO"]), ("read", "journal", ["EIO"]), ("read", "audit", ["EIO"]), ("write", "log", ["ENOSPC", "EIO"]),
    ("write", "audit", ["ENOSPC", "EIO"]), ("write", "journal", ["ENOSPC"]), ("sync", "log", ["EIO"]), ("sync", "audit", ["EIO"]), ("map", "shm", ["ENOMEM"]),
    ("truncate", "shm", ["ENOSPC"])]
SENDER = [
    ("write", "socket", ["EPIPE", "ECONNRESET", "short", "EIO"]), ("read", "socket", ["ECONNRESET", "EIO", "EINTR", "short"]), ("open", "socket", ["EMFILE"]),
    ("open", "file", ["EMFILE", "EIO"]), ("wait", "other", ["EINTR"]), ("write", "other", ["EIO"]), ("memory", "other", ["ENOMEM"])]


class Broken(AssertionError):
    pass


class Trial:
    """One house whose daemons are told to fail, and what must hold whatever they do."""

    def __init__(self, house):
        self.house = house
        self.orders = {name: Order(house.path(f"{name}.order")) for name in ("nudged", "nudge-sender")}
        self.acked, self.n, self.restarts = set(), 0, 0
        house.start_acs()
        house.make_key()
        house.configure()
        self.start("nudged")
        self.start("nudge-sender")
        wait(lambda: house.status()["sender_connected"])

    def start(self, name):
        self.house.spawn(name, [f"{BIN}/{name}", "-c", self.house.conf], r"what=ready", env=self.orders[name].env())

    def say(self, timeout=1.5):
        """A new visit, as a sender says it: what it gets."""
        self.n += 1
        appointment = f"F{self.n}"
        try:
            with Feed(self.house.port, self.house.certs, timeout=timeout) as feed:
                got = code(feed.send(siu("S12", appointment, in_seconds(90000), patient=f"MRN{self.n}", phone=f"608555{self.n % 100 + 100:04}^PRN^CP")))
        except OSError:
            got = "closed"
        if got not in ("AA", "closed"):
            raise Broken(f"a good message got {got}")
        if got == "AA":
            self.acked.add(appointment)
        return got

    def ended(self, name):
        """Whether it has ended, as it may: by itself, in good order, for systemd to start it again."""
        status = self.house.processes[name].poll()
        if status is None:
            return False
        if status != 1:
            raise Broken(f"{name} ended with {status}: {self.house.log(name)[-2500:]}")
        return True

    def revive(self):
        for name in ("nudged", "nudge-sender"):
            if self.ended(name):
                self.restarts += 1
                del self.house.processes[name]
                self.start(name)

    def recovers(self):
        def answered():
            self.revive()
            return self.say(5) == "AA"
        answered.__doc__ = "a message is answered again"
        wait(answered)

    def settles(self, seconds):
        """The newest visit was told of, or the time is up."""
        end = time.time() + seconds
        while time.time() < end and self.house.processes["nudged"].poll() is None:
            if f"F{self.n}" not in self.acked or self.house.texts(f"F{self.n}").get("booked") == "sent":
                return
            time.sleep(0.05)

    def one(self, daemon, call, kind, after, times, error, lie=False):
        """-> how many calls there were, how many failed"""
        order = self.orders[daemon]
        was = set(self.acked)
        if call == "memory" and daemon == "nudge-sender":  # most of what it asks for, it asks for a new connection
            self.house.stop(daemon)
            size = len(self.house.log(daemon))
            self.start(daemon)
            wait(lambda: "connected to nudged" in self.house.log(daemon)[size:])
        order.arm(call, kind, after, times, error, lie)
        for _ in range(2):
            self.say()
        if daemon == "nudge-sender":
            self.settles(2)
        seen, failed = order.off()
        if call == "sync" and kind in ("log", "db") and failed and daemon == "nudged":
            try:
                wait(lambda: self.ended(daemon))
            except AssertionError as e:
                raise Broken(f"a sync failed, and it went on: {sorted(self.acked - was)} were acknowledged") from e
        self.recovers()
        return seen, failed

    def starts(self, call, kind, after, times, error):
        """A start in which it fails: ready, or ended so that it is tried again; then one without."""
        self.house.kill("nudged")
        order = self.orders["nudged"]
        order.arm(call, kind, after, times, error)
        p = subprocess.Popen([f"{BIN}/nudged", "-c", self.house.conf], stdout=subprocess.DEVNULL, stderr=open(self.house.path("logs/nudged"), "a"),
                             env=dict(os.environ, **order.env()))
        self.house.processes["nudged"] = p
        size = os.path.getsize(self.house.path("logs/nudged"))

        def over():
            return self.ended("nudged") or "what=ready" in self.house.log("nudged")[size:]
        over.__doc__ = "nudged is ready, or has ended"
        wait(over)
        seen, failed = order.off()
        self.recovers()
        return seen, failed

    def judge(self):
        """After everything: a kill -9, and all that was acknowledged is there, told once."""
        self.house.kill("nudged")
        self.start("nudged")

        def settled():
            s = self.house.status()
            return s["sender_connected"] and s["backlog"] == 0 and s["in_flight"] == 0
        wait(settled, 60)
        known = {a["id"]: a for a in self.house.appointments("--all")}
        if self.acked - set(known):
            raise Broken(f"acknowledged and lost: {sorted(self.acked - set(known))[:5]}")
        tags = [t["tag"] for t in self.house.journal()]
        if len(tags) != len(set(tags)):
            raise Broken("a row was texted twice")
        for a in self.acked:
            states = [t["state"] for t in known[a]["texts"] if t["kind"] == "booked"]
            if states != ["sent"]:
                raise Broken(f"{a}: {states}")


def a_house():
    return House(start=False, acs_args=["--window", "0"], number="rate = 100000/min", site="daily_cap = 0\n storm_brake = off", top="disk_stop = 0 disk_shed = 0")


def fits(call):
    return not (SANITIZED and call == "memory")


def chosen(rng, tries):
    """Some of all, so that each table has its part."""
    for i in range(tries):
        daemon, table = [("nudged", NUDGED), ("nudged", NUDGED), ("start", START), ("nudge-sender", SENDER)][i % 4]
        call, kind, errors = rng.choice([row for row in table if fits(row[0])])
        after = rng.randrange(1, 2000) if call == "memory" else rng.choice([1, 1, 2, 3, 5, 8])
        yield daemon, call, kind, after, rng.choice([1, EVER]), rng.choice(errors)


def attempt(trial, what):
    daemon, *how = what
    return trial.starts(*how) if daemon == "start" else trial.one(daemon, *how)


def test_some_calls_fail():
    """pain: an acknowledgement while the disk was full

    pain: a hiccup of the system, and somebody must restart it"""
    seed = int(os.environ.get("NUDGE_SEED", "1"))
    with a_house() as house:
        trial = Trial(house)
        failed = 0
        for what in chosen(random.Random(seed), int(TRIES)):
            print(f"seed {seed}: {what}")
            try:
                failed += attempt(trial, what)[1] > 0
            except Broken as e:
                raise AssertionError(f"seed {seed}, {what}: {e}") from e
        trial.judge()
        assert failed > int(TRIES) // 4, f"seed {seed}: only {failed} of them failed at all"
        print(json.dumps({"proof": "calls", "seed": seed, "tried": int(TRIES), "failed": failed, "restarts": trial.restarts, "acknowledged": len(trial.acked),
                          "verdict": "held"}))


def each_call_fails():
    """The long form: every one that there is, once and for ever."""
    path = os.path.join(ROOT, "build", "prove", "faults.jsonl")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    done = set()
    if os.path.exists(path):
        with open(path) as f:
            done = {tuple(json.loads(line)["what"]) for line in f if line.endswith("\n")}
    tables = [("nudged", NUDGED), ("start", START), ("nudge-sender", SENDER)]
    with open(path, "a") as out:
        for daemon, table in tables:
            for call, kind, errors in table:
                for error, times in itertools.product(errors, (1, EVER)):
                    all_of(out, done, daemon, call, kind, error, times)


def all_of(out, done, daemon, call, kind, error, times):
    if not fits(call) or (daemon, call, kind, error, times, 0) in done:
        return
    with a_house() as house:
        trial = Trial(house)
        for after in itertools.count(1):
            if (daemon, call, kind, error, times, after) in done:
                continue
            seen, failed = attempt(trial, (daemon, call, kind, after, times, error))
            if not failed:  # there are no more; or the number's lane waited after the last failure
                time.sleep(6)
                seen, failed = attempt(trial, (daemon, call, kind, after, times, error))
            if not failed:
                break
            out.write(json.dumps({"what": [daemon, call, kind, error, times, after], "seen": seen, "failed": failed, "verdict": "held"}) + "\n")
            out.flush()
        trial.judge()
    out.write(json.dumps({"what": [daemon, call, kind, error, times, 0], "tried": after - 1, "restarts": trial.restarts, "verdict": "held"}) + "\n")
    out.flush()


def cpu_s(process):
    with open(f"/proc/{process.pid}/stat") as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def test_no_memory_is_waited_for():
    """nudge-sender has no memory in the middle of a connection: it waits for it without eating the processor, and goes on by itself.

    pain: a short machine, and a service that makes it shorter"""
    if SANITIZED:
        return  # its malloc cannot be made to fail
    with a_house() as house:
        trial = Trial(house)
        order = trial.orders["nudge-sender"]
        for after in (2, 19, 38, 43):
            house.stop("nudge-sender")
            trial.start("nudge-sender")
            wait(lambda: house.status()["sender_connected"])
            order.arm("memory", "other", after, EVER, "ENOMEM")
            trial.say()
            house.kill("nudged")
            trial.start("nudged")
            sender = house.processes["nudge-sender"]
            began, at = time.time(), cpu_s(sender)
            time.sleep(2)
            used = (cpu_s(sender) - at) / (time.time() - began)
            order.off()
            assert used < 0.1, f"without memory from allocation {after} on it used {used:.0%} of a processor"
            trial.revive()
        trial.recovers()

        def told():
            return house.texts(f"F{trial.n}").get("booked") == "sent"
        told.__doc__ = "the newest visit is told of, by the nudge-sender that had no memory"
        wait(told, 120)
        trial.judge()


def test_who_asks_without_memory_is_not_left_waiting():
    """nudgectl gets its answer or the end of the connection, wherever nudged ran short; and the next one its answer.

    pain: a command that hangs, and nobody knows whether it was done"""
    if SANITIZED:
        return  # its malloc cannot be made to fail
    with a_house() as house:
        trial = Trial(house)
        order = trial.orders["nudged"]
        for after in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
            order.arm("memory", "other", after, EVER, "ENOMEM")
            asked = subprocess.Popen([f"{BIN}/nudgectl", "-s", house.path("run/control"), "status", "--json"], stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)
            time.sleep(0.3)
            order.off()
            try:
                said, why = asked.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                asked.kill()
                raise Broken(f"without memory from allocation {after} on, nudgectl waits for ever")
            assert asked.returncode == 0 and json.loads(said) or asked.returncode == 1 and why, (after, asked.returncode, said, why)
            trial.recovers()
            assert house.status()["sender_connected"] is not None
        for after in range(1, 21):  # one alone: what libevent did not get for a connection it does not tell
            order.arm("memory", "other", after, 1, "ENOMEM")
            try:
                done = subprocess.run([f"{BIN}/nudgectl", "-c", house.conf, "reload", "--yes"], capture_output=True, text=True, timeout=30, check=False)
            except subprocess.TimeoutExpired:
                raise Broken(f"allocation {after} failed, and nudgectl waits for ever")
            order.off()
            assert done.returncode == 0 or done.returncode == 1 and done.stderr, (after, done)
            trial.recovers()
        trial.judge()


def test_a_full_disk_passes():
    """No room for anything: silence, and on by itself when there is some again, in the same process.

    pain: a service that stays down after the disk was full"""
    with a_house() as house:
        trial = Trial(house)
        assert trial.say() == "AA"
        p = house.processes["nudged"]
        for kind in ("log", "db", "shm"):
            trial.orders["nudged"].arm("write" if kind != "shm" else "truncate", kind, 1, EVER, "ENOSPC")
            answers = [trial.say() for _ in range(3)]
            failed = trial.orders["nudged"].off()[1]
            if kind == "log":
                assert failed and answers == ["closed"] * 3, (answers, failed)
            trial.recovers()
        assert house.processes["nudged"] is p and p.poll() is None, "it was started again"
        trial.judge()


def test_the_test_sees_a_disk_that_lies():
    """A sync, and a write, that failed while the program believes that all is well: both must be noticed here, or the tests above say nothing."""
    for call in ("sync", "write"):
        house = a_house()
        try:
            trial = Trial(house)
            trial.say()
            trial.one("nudged", call, "log", 1, EVER, "EIO", lie=True)
            trial.judge()
        except AssertionError as e:
            print(f"noticed: {call}: {str(e)[:200]}")
        else:
            raise AssertionError(f"a lie about {call} was not noticed")
        finally:
            house.end()
            shutil.rmtree(house.folder, ignore_errors=True)


if __name__ == "__main__":
    each_call_fails()
