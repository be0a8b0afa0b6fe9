"""Promise 7: once the visit has begun, what identifies the patient is in no file any more."""
import base64
import glob
import os

from feed import in_seconds, siu
from house import House, wait

NUMBERS = [f"+1608555{100 + i:04}" for i in range(20)]


def forms(number):
    digits = number[1:]
    yield number.encode()
    yield digits.encode()
    yield digits[1:].encode()
    yield number.encode("utf-16-le")
    yield number.encode().hex().encode()
    yield base64.b64encode(number.encode())[:12]
    yield bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, 10, 2))


def found(house):
    """Where any number stands, in any form, in any file of the state."""
    hits = []
    for path in glob.glob(house.path("state/*")) + glob.glob(house.path("logs/nudge*")):
        with open(path, "rb") as f:
            data = f.read()
        hits += [(os.path.basename(path), n) for n in NUMBERS for form in forms(n) if form in data]
    return hits


def test_sealed_while_it_lives_and_gone_after():
    with House() as house:
        starts = in_seconds(8)
        house.tell(*[siu("S12", f"Z{i}", starts, phone=f"{n[2:]}^PRN^CP", patient=f"MRN9{i}") for i, n in enumerate(NUMBERS)])
        house.wait_texts(20, 15)
        assert all(a["phone"] for a in house.appointments()), house.appointments()[:1]
        assert found(house) == [], "sealed"
        assert house.status()["texts"]["sent"] == 20 or wait(lambda: house.status()["texts"]["sent"] == 20)
        sealed = {}
        wait(lambda: not any(a["phone"] for a in house.appointments("--all")), 20)
        assert all(a["status"] == "over" for a in house.appointments("--all"))
        wait(lambda: os.path.getsize(house.path("state/nudge.db-wal")) == 0, 10)
        assert found(house) == [] and sealed == {}
        assert house.ctl_json("report", "sms")["totals"]["texts"] == 20, "the report stays"


def test_former_ciphertext_is_gone():
    import sqlite3
    with House() as house:
        house.tell(siu("S12", "Y1", in_seconds(7)))
        house.wait_texts(1)
        db = sqlite3.connect(f"file:{house.path('state/nudge.db')}?mode=ro", uri=True)
        cipher = db.execute("SELECT phone FROM appointment").fetchone()[0]
        db.close()
        assert cipher and b"555" not in cipher

        def gone():
            return not any(cipher in open(p, "rb").read() for p in glob.glob(house.path("state/*")))
        wait(gone, 20)


def test_what_lapsed_while_it_was_down():
    with House() as house:
        house.tell(siu("S12", "X1", in_seconds(5)))
        house.wait_texts(1)
        house.kill("nudged")
        __import__("time").sleep(5.5)
        house.start_nudged()
        assert house.explain("X1")["phone"] is False
        house.tell(siu("S14", "X2", in_seconds(-3600)))
        house.ctl("explain", "X2", status=1)
