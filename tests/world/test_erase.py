"""Promise 7: once the visit has begun, what identifies the patient is in no file any more."""
import base64
import glob
import json
import os
import sqlite3
import time

from feed import code, in_seconds, siu
from house import BIN, SLOW, House, wait

NUMBERS = [f"+1608555{100 + i:04}" for i in range(20)]
PATIENTS = [f"MRN9{i:03}" for i in range(20)]


def in_base64(raw):
    """As it stands within longer Base64 text, at each of the three places of a group."""
    for before in range(3):
        text = base64.b64encode(bytes(before) + raw)
        yield text[(0, 2, 3)[before]:(before + len(raw)) * 8 // 6]


def forms(text):
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield from in_base64(raw)


def number_forms(number):
    digits = number[1:]
    yield from forms(digits[1:])  # a part of the longer writings too
    yield from forms(number)
    yield digits[1:4].encode() + b"-" + digits[4:7].encode() + b"-" + digits[7:].encode()
    yield bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, 10, 2))
    yield bytes(int(digits[i:i + 2], 16) for i in range(1, 11, 2))
    yield int(digits).to_bytes(6, "big")
    yield int(digits).to_bytes(6, "little")


NEEDLES = {n: set(number_forms(n)) for n in NUMBERS} | {p: set(forms(p)) for p in [*PATIENTS, "Testmann", "Erika", "ZEBRAWARD", "20200131", "Honolulu", "96813-4327"]}


def search(paths):
    """Where what identifies stands, in any form, in any of these files."""
    hits = []
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        hits += [(os.path.basename(path), what) for what, needles in NEEDLES.items() for needle in needles if needle in data]
    return hits


def found(house):
    paths = [p for p in glob.glob(house.path("state/**"), recursive=True) + glob.glob(house.path("logs/nudge*")) if os.path.isfile(p)]
    assert house.path("state/nudge.db") in paths
    return search(paths)


def test_the_search_finds():
    """Each form is found when it is there; else the tests below would prove nothing."""
    with House(start=False) as house:
        for what, needles in NEEDLES.items():
            for needle in needles:
                assert len(needle) >= 5, (what, needle)
                house.write("planted", "")
                with open(house.path("planted"), "wb") as f:
                    f.write(b"SQLite format 3" + bytes(999) + needle + b"=")
                assert ("planted", what) in search([house.path("planted")]), (what, needle)
        for before in range(3):
            house.write("planted", base64.b64encode(b"x" * before + NUMBERS[3].encode() + b" and more").decode())
            assert ("planted", NUMBERS[3]) in search([house.path("planted")]), before


def test_sealed_while_it_lives_and_gone_after():
    with House() as house:
        starts = in_seconds(8)
        house.tell(*[siu("S12", f"Z{i}", starts, phone=f"{n[2:]}^PRN^CP", patient=PATIENTS[i], department="ZEBRAWARD",
                         home="Honolulu^HI^96813-4327").replace("19700101", "20200131") for i, n in enumerate(NUMBERS)])
        house.wait_texts(20, 15)
        assert all(a["phone"] for a in house.appointments()), house.appointments()[:1]
        assert found(house) == [], "sealed"
        wait(lambda: house.status()["texts"]["sent"] == 20)
        wait(lambda: not any(a["phone"] for a in house.appointments("--all")))
        assert all(a["status"] == "over" for a in house.appointments("--all"))
        wait(lambda: os.path.getsize(house.path("state/nudge.db-wal")) == 0)
        assert found(house) == [], "erased"
        assert house.ctl_json("report", "sms")["totals"]["texts"] == 20, "the report stays"


def sealed(house):
    """Every sealed value, and every mark of a person, that stands in the store now."""
    db = sqlite3.connect(f"file:{house.path('state/nudge.db')}?mode=ro", uri=True)
    try:
        return {v for query in (*(f"SELECT {c} FROM appointment" for c in ("phone", "link", "said", "adult", "place", "patient", "phone_mark", "visit")), "SELECT sealed FROM body")
                for v, in db.execute(query) if v}
    finally:
        db.close()


def test_former_ciphertext_is_gone():
    """Also of numbers that were replaced, and of requests that waited for the gateway."""
    with House(number="rate = 6000/min") as house:
        house.sim("faults", [{"kind": "late", "seconds": 0.5, "count": "always"}])
        starts = in_seconds(9)
        house.tell(*[siu("S12", f"Y{i}", starts, patient=PATIENTS[i], phone=f"{n[2:]}^PRN^CP").replace("19700101", "20200131") for i, n in enumerate(NUMBERS)])
        first = wait(lambda: sealed(house))
        house.tell(*[siu("S14", f"Y{i}", starts, patient=PATIENTS[i], phone=f"608555{i + 160:04}^PRN^CP") for i in range(20)])
        ciphers = set(first)

        def over():
            ciphers.update(sealed(house))
            return not any(a["phone"] for a in house.appointments("--all"))
        wait(over, 20, step=0.2)
        assert len(ciphers) >= 150, f"20 numbers, twice, what was said, and marks: {len(ciphers)} seen"
        assert not sealed(house)

        def gone():
            files = [open(p, "rb").read() for p in glob.glob(house.path("state/*")) if os.path.isfile(p)]
            return not any(c in f for c in ciphers for f in files)
        wait(gone)


def test_what_lapsed_while_it_was_down():
    with House() as house:
        house.tell(siu("S12", "X1", in_seconds(5)))
        house.wait_texts(1)
        house.kill("nudged")
        time.sleep(5.5)
        house.start_nudged()
        assert house.explain("X1")["phone"] is False
        house.tell(siu("S14", "X2", in_seconds(-3600)))
        house.ctl("explain", "X2", status=1)


CANARIES = [f"+1608{5550000 + i}" for i in range(10000 if SLOW == 1 else 2000)]


class Many:
    """Every form of very many numbers at once: what is alike in a form is looked for, then which number it is."""

    def __init__(self, numbers):
        self.forms = []
        for needles in zip(*[list(number_forms(n)) for n in numbers]):
            heads, tails = {n[:4] for n in needles}, {n[-4:] for n in needles}
            from_end = len(tails) < len(heads)
            self.forms.append((len(needles[0]), from_end, tails if from_end else heads, set(needles)))

    def search(self, data):
        hits = []
        for size, from_end, alike, needles in self.forms:
            assert len(alike) <= 200, "else it takes too long"
            for key in alike:
                at = data.find(key)
                while at >= 0:
                    start = at + 4 - size if from_end else at
                    if start >= 0 and data[start:start + size] in needles:
                        hits.append(size)
                    at = data.find(key, at + 1)
        return hits


def test_ten_thousand_canaries():
    """Database, its log, audit, logs, backup and send journal, before the visits are over and after: none, by this search and by `erase --proof`."""
    with House(number="rate = 600/min", site="storm_brake = off") as house:
        many = Many(CANARIES)
        for form in number_forms(CANARIES[77]):
            assert many.search(b"xyz" + form + b"y"), form
        starts = in_seconds(20 * SLOW)
        with house.feed() as feed:
            batch = 50
            for i in range(0, len(CANARIES), batch):
                for k in range(i, i + batch):
                    feed.write(feed.frame(siu("S12", f"K{k}", starts, phone=f"{CANARIES[k][2:]}^PRN^CP", patient=f"PAT{k}")))
                for k in range(i, i + batch):
                    assert code(feed.read()) == "AA"
        house.ctl("backup", house.path("copy"))
        typed = "\n".join(CANARIES) + "\n"

        def chance(found):
            """Ten thousand numbers have forms of 5 and 6 bytes, and sealed fields are random: a few such places, in store, log and copy, are no leak."""
            return len(found) < 12 and all(n <= 6 for n in found)

        def look(*paths):
            return house.run([f"{BIN}/nudgectl", "-c", house.conf, "erase", "--proof", "--json", *paths], input=typed, status=None)

        def none(done):
            said = json.loads(done.stdout)
            assert said["chance"] < 1, said["chance"]
            short = [6 if f["form"].startswith(("BCD", "binary")) else 99 for f in said["found"]]
            return said["complete"] and done.returncode == (1 if short else 0) and chance(short)

        def raw():
            """How long the form is of each place."""
            hits = []
            for path in [p for p in glob.glob(house.path("state/**"), recursive=True) if os.path.isfile(p)] + glob.glob(house.path("logs/nudge*")) + [house.path("copy")]:
                with open(path, "rb") as f:
                    hits += many.search(f.read())
            return hits

        done = look(house.path("copy"), house.path("logs/nudged"), house.path("logs/nudge-sender"))
        said = json.loads(done.stdout)
        assert none(done) and said["numbers"] == len(CANARIES) and said["bytes"] > 300 * len(CANARIES), done.stdout[-500:]
        names = {os.path.basename(f["file"]) for f in said["files"]}
        assert {"nudge.db", "optouts.log", "copy", "nudged"} <= names and any(n.startswith("audit-") for n in names), names
        assert chance(raw()), "sealed"
        # it would find: the gateway's own record has them in plain
        had = len(house.wait_texts(1))
        done = look(house.path("accepted"))
        said = json.loads(done.stdout)
        assert done.returncode == 1 and said["places"] >= had, done.stdout[:300]

        def erased():
            db = sqlite3.connect(f"file:{house.path('state/nudge.db')}?mode=ro", uri=True)
            try:
                return db.execute("SELECT count(*) FROM appointment WHERE phone IS NOT NULL").fetchone() == (0,)
            finally:
                db.close()
        wait(erased, 90, step=0.5)
        wait(lambda: os.path.getsize(house.path("state/nudge.db-wal")) == 0, 60)
        assert chance(raw()), "erased"
        assert none(look())


def test_what_the_proof_needs():
    with House() as house:
        def proof(*args, text, status):
            return house.run([f"{BIN}/nudgectl", *args], input=text, status=status)
        done = proof("-c", house.conf, "erase", "--proof", text="(608) 555-0123\n", status=0)
        assert "1 number, " in done.stdout and "none of them in any form" in done.stdout and "nudge.db" in done.stdout, done.stdout
        assert "555" not in done.stdout, "the number is not said again"
        house.write("planted", "x" * 70000 + "608-555-0123")
        done = proof("-c", house.conf, "erase", "--proof", house.path("planted"), text="+16085550123\n", status=1)
        assert "FOUND number 1 as text in " in done.stdout and "at byte 70000" in done.stdout, done.stdout
        os.remove(house.path("planted"))
        assert "No such file" in proof("-c", house.conf, "erase", "--proof", "/nonexistent", text="+16085550123\n", status=1).stderr
        assert "no phone number" in proof("-c", house.conf, "erase", "--proof", text="hello\n", status=1).stderr
        assert "no number was given" in proof("-c", house.conf, "erase", "--proof", text="", status=1).stderr
        done = proof("-c", house.conf, "erase", "--proof", house.conf, text="+16085550199\n\n+18335550100\n", status=1)
        assert "FOUND number 2 as text" in done.stdout and "2 numbers" in done.stdout, "an empty line is not the end of the numbers"
        proof("erase", "--proof", text="", status=2)
        proof("-c", house.conf, "erase", text="", status=2)
