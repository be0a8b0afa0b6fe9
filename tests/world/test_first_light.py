"""A message becomes a text: the smallest configuration, from the wire to the phone."""
import time

from feed import code, control_id, in_seconds, siu
from house import House, wait


def test_first_light():
    """One confirmation at once, one reminder four seconds later, and nothing more after both daemons are killed.

    pain: what is due wakes only when somebody pokes the queue
    """
    with House() as house:
        with house.feed() as feed:
            answer = feed.send(siu("S12", "FL1", in_seconds(86400 + 4), control_id="FIRST1"))
            assert code(answer) == "AA" and control_id(answer) == "FIRST1", answer
        first = house.wait_texts(1, 3)
        assert "booked" in house.texts("FL1")
        both = house.wait_texts(2, 8)
        assert 2 <= both[1]["at"] - first[0]["at"] <= 7, both[1]["at"] - first[0]["at"]
        assert len({t["id"] for t in both}) == 2, "promise 4: one row, one id"
        wait(lambda: house.texts("FL1") == {"booked": "sent", "reminder:day": "sent", "reminder:soon": "pending"})
        assert house.sim("problems") == []
        house.kill("nudged")
        house.kill("nudge-sender")
        house.start_nudged()
        house.start_sender()
        house.stays(2, 3)
        assert house.texts("FL1") == {"booked": "sent", "reminder:day": "sent", "reminder:soon": "pending"}


def test_start_does_not_grow():
    """Promise 11: a start takes no longer when some hundred visits wait than with none.

    pain: a restart that reads the whole store first
    """
    with House() as house:
        house.kill("nudged")
        begun = time.time()
        house.start_nudged()
        empty = time.time() - begun
        house.tell(*[siu("S12", f"Q{i}", in_seconds(90000 + i), phone="") for i in range(300)])
        house.kill("nudged")
        begun = time.time()
        house.start_nudged()
        assert time.time() - begun < 5 * empty + 0.5, "a ratio, with room for a busy machine"
