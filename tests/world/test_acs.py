"""The way out when the gateway is slow, rude or away: one accepted text a row, whatever happens."""
import json

from feed import in_seconds, siu
from house import House, wait


def book(house, n=1, seconds=90000):
    return house.tell(*[siu("S12", f"G{i}", in_seconds(seconds), patient=f"MRN5{i}", phone=f"608555{100 + i:04}^PRN^CP") for i in range(n)])


def bodies(house):
    return [a["body"] for a in house.sim("attempts")]


def one_text(house, appointment="G0", attempts=2, seconds=20):
    """Accepted once, after so many attempts with the same bytes and ids, each signed anew."""
    got = house.wait_texts(1, seconds)
    wait(lambda: house.texts(appointment)["booked"] == "sent", seconds)
    house.stays(1, 0.5)
    tried = house.sim("attempts")
    assert len(tried) == attempts, [t["fault"] for t in tried]
    assert len(set(bodies(house))) == 1, "promise 4: byte for byte the same"
    assert len({t["client_id"] for t in tried}) == attempts
    assert len({json.loads(b)["smsRecipients"][0]["repeatabilityRequestId"] for b in bodies(house)}) == 1
    return got


def test_a_request():
    with House() as house:
        book(house)
        got = house.wait_texts(1)[0]
        body = json.loads(bodies(house)[0])
        assert body["smsSendOptions"]["enableDeliveryReport"] is True and body["smsSendOptions"]["tag"].isdigit()
        assert got["tag"] == body["smsSendOptions"]["tag"]
        report = wait(lambda: [r for r in house.ctl_json("report", "sms")["rows"] if r["status"] == "accepted"])
        assert report[0]["message_id"] == got["message_id"]


def test_older_api_version():
    with House(gateway='api_version = "2021-03-07"') as house:
        book(house)
        house.wait_texts(1)


def test_dropped_before_and_after_it_was_taken():
    """pain: a connection that broke after the text was taken, and it is sent again"""
    for kind in ("drop-before", "drop-after"):
        with House() as house:
            house.sim("faults", [{"kind": kind, "count": 1}])
            book(house)
            one_text(house, attempts=2)


def test_statuses_that_pass():
    for fault in ({"status": 429}, {"status": 500}, {"status": 503, "retry_after": 1}, {"status": 408}, {"status": 502, "shape": "D"}):
        with House() as house:
            house.sim("faults", [dict(fault, kind="status", count=1)])
            book(house)
            one_text(house, attempts=2)


def test_429_waits_as_asked():
    with House() as house:
        house.sim("faults", [{"kind": "status", "status": 429, "retry_after": 3, "count": 1}])
        book(house, 2)
        house.wait_texts(2, 15)
        tried = house.sim("attempts")
        assert tried[-1]["at"] - tried[0]["at"] >= 2.8, "the number's other texts wait too"


def test_late_is_not_lost():
    """pain: the gateway answers late, and everybody gets two"""
    with House() as house:
        house.sim("faults", [{"kind": "late", "seconds": 3, "count": 1}])
        book(house)
        one_text(house, attempts=1)


def test_permanent_errors_end_the_row():
    """pain: a number that does not exist is tried for days"""
    with House() as house:
        house.sim("faults", [{"kind": "item", "count": 1}])
        book(house)
        wait(lambda: house.texts("G0")["booked"] == "failed")
        assert "invalid-number" in "\n".join(house.explain("G0")["why"])
        house.sim("faults", [{"kind": "status", "status": 400, "shape": "B", "count": 1}])
        house.tell(siu("S12", "H1", in_seconds(90000)))
        wait(lambda: house.texts("H1")["booked"] == "failed")
        house.stays(0, 0.5)


def test_refused_then_allowed():
    """401 and its like, a sender that the gateway does not take: sending stops, is said once, and goes on by itself when it works again."""
    with House() as house:
        house.sim("faults", [{"kind": "status", "status": 400, "shape": "A"}, {"kind": "status", "status": 404, "shape": "D"},
                             {"kind": "status", "status": 401, "count": "always"}])
        book(house, 5)
        wait(lambda: house.status()["numbers_blocked"] == 1)
        house.stays(0, 2)
        assert len(house.sim("attempts")) <= 6, "the others wait"
        assert house.log("nudged").count("gateway refuses this number") == 1
        house.sim("faults", [])
        house.wait_texts(5, 30)
        assert len({t["to"] for t in house.stays(5, 0.5)}) == 5
        assert house.log("nudged").count("gateway works again") == 1


def test_away_and_back():
    with House() as house:
        book(house, 1)
        house.wait_texts(1)
        house.kill("acs")
        house.tell(*[siu("S12", f"W{i}", in_seconds(90000), patient=f"MRN6{i}", phone=f"608555{130 + i:04}^PRN^CP") for i in range(8)])
        wait(lambda: house.status()["backlog"] + house.status()["in_flight"] >= 8)
        house.start_acs()
        house.wait_texts(8, 40)
        assert len({t["to"] for t in house.stays(8, 1)}) == 8


def test_without_the_sender_texts_wait():
    """pain: an answer that waits until somebody further on is back"""
    with House() as house:
        house.stop("nudge-sender")
        assert book(house, 3) == ["AA"] * 3, "the answer asks for the store alone"
        wait(lambda: not house.status()["sender_connected"] and house.status()["backlog"] == 3)
        house.start_sender()
        house.wait_texts(3, 15)
        house.stays(3, 0.5)


def test_rate():
    with House(number="rate = 60/min") as house:
        book(house, 10)
        got = house.wait_texts(8, 20)
        span = got[7]["at"] - got[0]["at"]
        assert span >= 3.5, f"eight texts in {span:.1f} s at sixty a minute, three of them at once"


def test_an_unknown_outcome_is_not_guessed():
    """Dropped after it was taken, until nobody can know: unknown, and never sent with a new id.

    pain: a restart takes silence for failure and sends once more
    """
    with House() as house:
        house.sim("faults", [{"kind": "drop-after", "count": "always"}])
        book(house)
        wait(lambda: len(house.sim("attempts")) >= 3)
        house.kill("nudged")
        house.kill("nudge-sender")
        house.sim("faults", [])
        house.start_nudged()
        house.start_sender()
        wait(lambda: house.texts("G0")["booked"] == "sent")
        assert len({json.loads(b)["smsRecipients"][0]["repeatabilityRequestId"] for b in bodies(house)}) == 1
        house.stays(1, 0.5)


def test_a_rude_day():
    """Half of all requests go wrong in one way or another: each patient gets one text all the same."""
    with House(site="daily_cap = 0", number="rate = 100000/min") as house:
        house.sim("faults", [{"kind": "drop-before", "count": "always", "probability": 0.15, "seed": 20261120},
                             {"kind": "drop-after", "count": "always", "probability": 0.2},
                             {"kind": "status", "status": 500, "count": "always", "probability": 0.1},
                             {"kind": "status", "status": 503, "retry_after": 1, "count": "always", "probability": 0.1},
                             {"kind": "late", "seconds": 0.3, "count": "always", "probability": 0.1}])
        book(house, 40)
        wait(lambda: house.status()["texts"]["sent"] == 40, 60)
        got = house.accepted()
        assert len(got) == 40 and len({t["to"] for t in got}) == 40 and len({t["tag"] for t in got}) == 40
        tried = house.sim("attempts")
        assert len(tried) > 50 and len(set(bodies(house))) == 40, "promise 4: a body for each text, however often it is sent"
