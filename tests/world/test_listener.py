"""Listeners as sites agree on them: release 2, strict types, deadlines, memory; and feeds bent to fit by settings."""
import os
import socket
import time

from feed import FS, VT, CR, Feed, code, in_seconds, siu
from house import BIN, CONF, House, wait


def block(feed):
    """The next commit block: b'\\x06' or b'\\x15'."""
    while len(feed.buffer) < 4:
        feed.buffer += feed.socket.recv(65536)
    b, feed.buffer = feed.buffer[:4], feed.buffer[4:]
    assert b[:1] == VT and b[2:] == FS + CR, b
    return b[1:2]


def test_release_2_commits_before_it_answers():
    """pain: a commit acknowledgement before anything was committed"""
    with House(listener="mllp_release = 2") as house, house.feed() as feed:
        feed.write(feed.frame(siu("S12", "R1", in_seconds(90000), control_id="R1")))
        assert block(feed) == b"\x06"
        assert "MSA|AA|R1" in feed.read()
        feed.write(VT + b"\x06" + FS + CR)  # the sender commits our answer
        house.wait_texts(1)
        feed.write(feed.frame("no message at all"))
        assert block(feed) == b"\x15", "not taken: the sender repeats it"
        feed.write(feed.frame(siu("S12", "R2", in_seconds(90000), control_id="R2", patient="P2", phone="(608) 555-0124")))
        assert block(feed) == b"\x06" and "MSA|AA|R2" in feed.read()


def test_release_1_ignores_commit_blocks():
    with House() as house, house.feed() as feed:
        feed.write(VT + b"\x06" + FS + CR + VT + b"\x15" + FS + CR)
        assert code(feed.send(siu("S12", "R1", in_seconds(90000)))) == "AA"
        assert house.status()["intake"]["no_msh"] == 0


def test_strict_types():
    with House(listener="strict_types = true") as house, house.feed() as feed:
        answer = feed.send(siu(message_type="ORU^R01", version="2.5.1"))
        assert code(answer) == "AR" and "200" in answer and "MSH^1^9" in answer, answer
        assert code(feed.send(siu("S12", "T1", in_seconds(90000)))) == "AA"


def test_hllp_is_told_what_to_change():
    """pain: a sender of an older envelope that is read wrong in silence"""
    with House() as house, house.feed() as feed:
        feed.write(VT + b"D21" + CR + b"MSH|^~\\&|A" + CR + b"00123456" + FS + CR)
        assert feed.read() is None
        wait(lambda: "HLLP" in house.log("nudged") and "MLLP" in house.log("nudged"))


def test_a_connection_that_never_says_a_byte():
    """pain: a connection that never says a byte and keeps its place"""
    with House(listener="first_byte_timeout = 1s") as house:
        with house.feed() as quiet:
            assert quiet.read() is None
        wait(lambda: "no first byte in time" in house.log("nudged"))
        assert house.status()["intake"]["probes"] == 1


def test_memory_of_all_connections_together():
    """pain: memory used up by large messages of many senders"""
    with House(top="intake_memory = 4MiB", listener="max_message = 2MiB") as house:
        feeds = [house.feed() for _ in range(8)]
        for f in feeds:
            f.write(VT + b"MSH|^~\\&|EPIC|LAMNA\rNTE|1||")
        closed = 0
        for f in feeds:
            try:
                f.write(b"x" * 1500000)
            except OSError:
                pass
        deadline = time.time() + 20
        while house.status()["intake"]["refused_memory"] == 0 and time.time() < deadline:
            time.sleep(0.1)
        s = house.status()["intake"]
        assert s["refused_memory"] > 0, s
        assert "intake_memory" in house.log("nudged")
        assert house.tell(siu("S12", "M1", in_seconds(90000))) == ["AA"], "a small message always finds its place"
        for f in feeds:
            f.close()
        wait(lambda: house.status()["connections"] <= 1)
        with house.feed() as f:
            assert code(f.send(siu("S12", "M2", in_seconds(90000)) + "NTE|1||" + "y" * 1500000 + "\r")) == "AA", "and memory came back"


def test_a_site_says_where_its_fields_are():
    site = '''paths = {"start = ZST-1, SCH-11.4", "phone = ZPH-2", "visit_type = ZVT-1"}
    only_if = {"PV1-2 = ^O$"} never_if = {"ZNO-1 = ^(Y|YES)$"} visit_types = {"^VIDEO"}'''
    with House(site=site) as house:
        def bent(appointment, *more):
            return siu("S12", appointment, None, phone="") + "ZST|" + in_seconds(90000).strftime("%Y%m%d%H%M%S+0000") + "\rZPH|1|(608) 555-0177\rZVT|VIDEO VISIT\r" + "".join(more)
        assert house.tell(bent("B1"), bent("B2", "ZNO|Y\r"), bent("B3").replace("PV1|1|O|", "PV1|1|I|"), bent("B4").replace("VIDEO VISIT", "OFFICE")) == ["AA"] * 4
        assert [a["id"] for a in house.appointments()] == ["B1"]
        house.wait_texts(1)
        assert house.accepted()[0]["to"] == "+16085550177"
        assert house.status()["messages"]["ignored"] == 3
        assert house.tell(bent("B1", "ZNO|YES\r")) == ["AA"]
        assert all(t["reason"] == "left-site" for t in house.explain("B1")["texts"] if t["state"] == "void")
        for wrong, words in (('paths = {"strat = ZST-1"}', "strat"), ('paths = {"start = ZST"}', "start"), ('only_if = {"PV1-2"}', "PATH = PATTERN"),
                ('never_if = {"PV1-2 = ("}', "never_if"), ('paths = {"start ="}', "needs a value")):
            house.configure(site=wrong)
            done = house.run([f"{BIN}/nudgectl", "check", house.conf], status=78)
            assert words in done.stderr and "cardiology" in done.stderr, done.stderr


def test_a_catastrophic_pattern_is_bounded():
    with House(site='only_if = {"NTE-3 = ^(a+)+$"}') as house:
        at = time.time()
        assert house.tell(siu("S12", "C1", in_seconds(90000)) + "NTE|1||" + "a" * 4000 + "!\r") == ["AA"]
        assert time.time() - at < 60 and house.appointments() == []
        assert house.tell(siu("S12", "C2", in_seconds(90000)) + "NTE|1||aaa\r") == ["AA"]
        assert [a["id"] for a in house.appointments()] == ["C2"]


def test_a_time_without_an_offset():
    for rule, hour in (("zone", "T10:00:00"), ("msh7", "T11:00:00")):
        with House(site=f"time_without_offset = {rule}") as house:
            # sent in winter with -0600, about a day in summer
            assert house.tell(siu("S12", "W1", "20270715100000", sent="20261201090000-0600")) == ["AA"]
            assert hour in house.appointments()[0]["start"], house.appointments()


def test_a_site_answers_in_its_own_mode():
    with House(site="ack_mode = auto sending_application = EPIC") as house, house.feed() as feed:
        m = siu("S12", "A1", in_seconds(90000), version="2.4|||AL|NE")
        assert code(feed.send(m)) == "CA"


def test_a_hundred_senders_get_each_its_own_answers():
    """Answers never change hands, and come in the order of the messages.

    pain: a default of ten clients
    pain: answers that change hands between two senders"""
    with House(site="storm_brake = off") as house:
        feeds = [house.feed() for _ in range(100)]
        for turn in range(3):
            for k, feed in enumerate(feeds):
                feed.write(b"".join(feed.frame(siu("S12", f"H{k}-{turn}-{i}", in_seconds(90000 + k), control_id=f"H{k}-{turn}-{i}", phone="")) for i in range(3)))
            for k, feed in enumerate(feeds):
                for i in range(3):
                    assert f"MSA|AA|H{k}-{turn}-{i}\r" in feed.read(), (k, turn, i)
        for feed in feeds:
            feed.close()
        assert house.status()["messages"]["accepted"] == 900


def test_one_byte_at_a_time_keeps_nobody_waiting():
    """Senders that never finish a frame end by their deadline; a good one beside them is answered all the while.

    pain: one open connection that blocks all others"""
    with House(listener="frame_timeout = 2s") as house:
        slow = [house.feed() for _ in range(30)]
        for feed in slow:
            feed.write(VT + b"M")
        with house.feed() as good:
            for n in range(20):
                for feed in slow:
                    try:
                        feed.write(b"S")
                    except OSError:  # its time was over
                        pass
                assert code(good.send(siu("S12", f"G{n}", in_seconds(90000), phone=""))) == "AA"
                time.sleep(0.15)
            assert all(feed.read() is None for feed in slow), "a frame has a deadline, however it trickles"
            assert code(good.send(siu("S12", "G99", in_seconds(90000), phone=""))) == "AA"
        for feed in slow:
            feed.close()
        wait(lambda: house.status()["connections"] == 0)


def test_at_the_limit_nothing_is_left_behind():
    """Refused connections leave no descriptor; each shows in the log's count, and room that comes back is used.

    pain: a limit that is reached and nobody is told
    pain: a socket lost with each connection that is refused
    pain: a flood of log lines or alerts about one state"""
    with House(listener="max_connections = 2") as house:
        pid = house.processes["nudged"].pid
        inside = [house.feed(), house.feed()]
        for k, feed in enumerate(inside):
            assert code(feed.send(siu("S12", f"L{k}", in_seconds(90000), phone=""))) == "AA"
        before = len(os.listdir(f"/proc/{pid}/fd"))
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", house.port), timeout=10) as s:
                s.settimeout(10)
                try:
                    assert s.recv(1) == b""
                except ConnectionResetError:
                    pass
        assert house.status()["intake"]["refused_limit"] == 200
        wait(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before + 2)
        assert "max_connections" in house.log("nudged") and house.log("nudged").count("max_connections") < 50, "said, but no flood"
        inside[0].close()
        wait(lambda: house.status()["connections"] == 1)
        with house.feed() as again:
            assert code(again.send(siu("S12", "L9", in_seconds(90000), phone=""))) == "AA"
        inside[1].close()
