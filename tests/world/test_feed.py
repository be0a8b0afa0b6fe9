"""The wire: frames as the field sends them, answers field by field."""
import random
import time

from feed import CR, FS, VT, Feed, code, control_id, in_seconds, siu
from house import CONF, SLOW, House, wait


def test_answer_field_by_field():
    with House() as house, house.feed() as feed:
        answer = feed.send(siu("S12", "F1", in_seconds(90000), control_id=" 38762", version="2.3"))
        msh, msa = answer.split("\r")[:2]
        f = msh.split("|")
        assert f[0] == "MSH" and f[1] == "^~\\&", msh
        assert f[2:6] == ["NUDGE", "NUDGE", "EPIC", "LAMNA"], "sender and receiver change places"
        assert f[8] == "ACK^S12" and f[10] == "P" and f[11] == "2.3", msh
        assert 1 <= len(f[9]) <= 20 and f[9] != " 38762", "an id of our own"
        assert msa == "MSA|AA| 38762", "promise 2: MSA-2 byte for byte"
        assert feed.send(siu("S12", "F2", in_seconds(90000), version="2.5.1")).split("\r")[0].split("|")[8] == "ACK^S12^ACK"


def test_frames_in_pieces_and_in_heaps():
    """pain: one message a connection"""
    with House() as house, house.feed() as feed:
        messages = [siu("S12", f"P{i}", in_seconds(90000), control_id=f"PIPE{i}", phone="") for i in range(30)]
        feed.write(b"".join(feed.frame(m) for m in messages))
        assert [control_id(feed.read()) for _ in messages] == [f"PIPE{i}" for i in range(30)], "in order, one each"
        whole = feed.frame(siu("S12", "P1", in_seconds(90000), control_id="SLOW", phone=""))
        for i in range(0, len(whole), 7):
            feed.write(whole[i:i + 7])
        assert control_id(feed.read()) == "SLOW"


def test_frames_with_dirt():
    """pain: a stray byte between frames that ends the connection"""
    with House() as house, house.feed() as feed:
        m = siu("S12", "D1", in_seconds(90000), control_id="DIRT1", phone="").encode()
        feed.write(b"\r\n junk \n" + VT + m + FS + CR)
        assert control_id(feed.read()) == "DIRT1"
        feed.write(VT + m.replace(b"DIRT1", b"DIRT2") + FS)
        assert control_id(feed.read()) == "DIRT2", "FS ends a frame, the CR may be missing"
        feed.write(VT + b"MSH|^~\\&|half a mess" + VT + m.replace(b"DIRT1", b"DIRT3") + FS + CR)
        assert control_id(feed.read()) == "DIRT3", "a VT inside begins anew"
        feed.write(VT + FS + CR + VT + m.replace(b"DIRT1", b"DIRT4").replace(b"\r", b"\n") + FS + CR)
        assert control_id(feed.read()) == "DIRT4", "an empty frame is nothing; LF ends segments when no CR does"


def test_oversize_is_rejected_and_the_next_is_taken():
    with House(listener="max_message = 8KiB") as house, house.feed() as feed:
        big = siu("S12", "BIG", in_seconds(90000), control_id="BIG1", extra=["NTE|1||" + "x" * 20000])
        answer = feed.send(big)
        assert code(answer) == "AR" and control_id(answer) == "BIG1" and "max_message" in answer, answer
        assert code(feed.send(siu("S12", "OK", in_seconds(90000), phone=""))) == "AA"


def test_no_msh_is_not_answered_and_the_third_closes():
    """pain: every failure a connection closed without a word
    pain: a dump of odd bytes in the log, with a patient in it"""
    with House() as house, house.feed() as feed:
        feed.write(VT + b"hello" + FS + CR + VT + b"PID|1||MRN7||Testmann^Erika|||||||(608) 555-0123" + FS + CR + b"MRN7 Testmann")
        assert code(feed.send(siu("S12", "N1", in_seconds(90000), phone=""))) == "AA", "the connection lives"
        feed.write((VT + b"hello" + FS + CR) * 3)
        assert feed.read() is None
        assert wait(lambda: house.status()["intake"]["no_msh"]) == 5


def test_who_and_what_is_refused():
    """pain: a healthy connection that is closed after an answer"""
    more = 'environment "lab" { kind = test organization = lamna certificates = {certs/none.crt} }'
    with House(site='sending_application = EPIC\n sending_facility = LAMNA') as house, house.feed() as feed:
        answer = feed.send(siu("S12", "R1", in_seconds(90000), application="OTHER"))
        assert code(answer) == "AR" and "prod" in answer, answer
        assert code(feed.send(siu("S12", "R2", in_seconds(90000), processing="T"))) == "AR"
        assert "202" in feed.send(siu("S12", "R2", in_seconds(90000), processing="D", version="2.5.1"))
        assert code(feed.send(siu(message_type="ADT^A08", appointment="R3"))) == "AA"
        assert code(feed.send(siu("S23", "R4", in_seconds(90000)))) == "AA"
        s = house.status()["messages"]
        assert s["refused"] == 3 and s["ignored"] == 2 and s["accepted"] == 0, s
        assert house.stays(0, 0.3) == []


def test_bad_content_goes_to_quarantine():
    """pain: one message that cannot be understood holds the queue for ever"""
    with House() as house:
        assert house.tell(siu("S12", "Q1", "20261301100000"), siu("S12", "", in_seconds(90000)), siu("S12", "Q3", None)) == ["AA"] * 3
        q = house.ctl_json("quarantine", "list")
        assert len(q) == 3 and all(x["reason"] and x["segment"] for x in q), q
        assert "SCH" in [x["segment"] for x in q]
        assert house.status()["messages"]["quarantined"] == 3


def test_nak_bad_content():
    """pain: an error answer that the sender cannot be spared, or cannot have"""
    with House(site="nak_bad_content = true") as house, house.feed() as feed:
        answer = feed.send(siu("S12", "Q1", None, version="2.5.1"))
        assert code(answer) == "AE" and "ERR|" in answer, answer


def test_a_resend_gets_the_stored_answer_and_no_second_text():
    """pain: a message that came twice, was sent once, and nobody can tell"""
    with House() as house:
        m = siu("S12", "DUP", in_seconds(90000), control_id="DUP1")
        assert house.tell(m, m) == ["AA", "AA"]
        house.wait_texts(1)
        assert house.tell(m) == ["AA"]
        house.kill("nudged")
        house.start_nudged()
        wait(lambda: house.status()["sender_connected"])
        assert house.tell(m, siu("S12", "DUP", in_seconds(200000), control_id="DUP1")) == ["AA", "AA"]
        house.wait_texts(2)
        s = house.status()["messages"]
        assert s["duplicate"] == 1 and s["accepted"] == 1, s


def test_plain_listener_on_loopback():
    """pain: a line in the log for each probe, and none that says what speaks on the wrong port"""
    listener = 'tls = false'
    template = CONF.replace("    certificate = {certs}/listener.crt\n    private_key = {certs}/listener.key\n", "")
    with House(listener=listener, template=template) as house:
        with Feed(house.port, plain=True) as feed:
            assert code(feed.send(siu("S12", "PL1", in_seconds(90000), phone=""))) == "AA"
        with Feed(house.port, plain=True) as feed:
            feed.write(b"GET / HTTP/1.1\r\n\r\n")
            assert feed.socket.recv(10) == b""
        wait(lambda: "this is HTTP or TLS" in house.log("nudged"))
        def lines():
            return [line for line in house.log("nudged").splitlines() if "what=command" not in line]
        before, probes = lines(), house.status()["intake"]["probes"]
        for _ in range(5):
            Feed(house.port, plain=True).close()
        wait(lambda: house.status()["intake"]["probes"] == probes + 5 and house.status()["connections"] == 0)
        assert lines() == before, "who only knocks is counted, and no word is lost about it"


def test_a_connection_that_ends_early():
    template = CONF.replace("    certificate = {certs}/listener.crt\n    private_key = {certs}/listener.key\n", "")
    with House(listener="tls = false", template=template) as house:
        with Feed(house.port, plain=True) as feed:
            feed.write(feed.frame(siu("S12", "HC1", in_seconds(90000), control_id="HALF1", phone="")))
            feed.no_more()
            assert control_id(feed.read()) == "HALF1", "who only listens any more still gets the answer"
            assert feed.read() is None
        whole = VT + siu("S12", "HC2", in_seconds(90000), phone="").encode() + FS
        with Feed(house.port, plain=True) as feed:
            feed.write(whole[:-40])
        with Feed(house.port, plain=True) as feed:
            feed.write(whole)
        wait(lambda: house.status()["messages"]["accepted"] == 2)
        assert {a["id"] for a in house.appointments()} == {"HC1", "HC2"}, "half a frame is nothing, a whole one counts without its CR"


def test_a_sender_that_lost_patience():
    """It repeats on a new connection what was not answered in time; the old connection may still speak.

    pain: a sender that repeats what was late, and a second text"""
    with House() as house, house.feed() as old:
        m = siu("S12", "LP1", in_seconds(90000), control_id="PATIENCE")
        old.write(old.frame(m))
        assert house.tell(m) == ["AA"]
        assert code(old.read()) == "AA"
        house.wait_texts(1)
        house.stays(1, 0.5)
        s = house.status()["messages"]
        assert s["accepted"] == 1 and s["duplicate"] == 1, s


def test_enhanced_mode_when_asked_for():
    with House(listener="ack_mode = auto") as house, house.feed() as feed:
        def with_modes(a, b, i):
            return siu("S12", f"E{i}", in_seconds(90000), phone="", control_id=f"E{i}", version="2.5.1").replace("|2.5.1||||||", f"|2.5.1|||{a}|{b}||", 1)
        assert code(feed.send(with_modes("AL", "NE", 1))) == "CA"
        assert code(feed.send(with_modes("", "", 2))) == "AA"
        feed.write(feed.frame(with_modes("NE", "NE", 3)))
        assert control_id(feed.send(with_modes("AL", "NE", 4))) == "E4", "NE, NE: nothing is sent"


def batch(*messages, count=None):
    return "FHS|^~\\&|EPIC|LAMNA\rBHS|^~\\&|EPIC|LAMNA\r" + "".join(messages) + f"BTS|{count if count is not None else len(messages)}\rFTS|1\r"


def test_a_batch_is_one_transaction_and_one_answer_each():
    """pain: a batch of which nobody knows how many answers it gets"""
    with House() as house, house.feed() as feed:
        turns = house.status()["messages"]
        first = [siu("S12", f"T{i}", in_seconds(90000), control_id=f"B{i}", patient=f"P{i}", phone=f"(608) 555-01{i + 10}") for i in range(5)]
        feed.write(feed.frame(batch(*first)))
        answers = [feed.read() for _ in first]
        assert [code(a) for a in answers] == ["AA"] * 5 and [a.split("MSA|AA|")[1].split("\r")[0] for a in answers] == [f"B{i}" for i in range(5)]
        house.wait_texts(5)
        feed.write(feed.frame(batch(*first)))
        assert [code(feed.read()) for _ in first] == ["AA"] * 5
        assert len(house.stays(5, 0.5)) == 5 and house.status()["messages"]["duplicate"] == turns["duplicate"] + 5
        bare = siu("S12", "T8", in_seconds(90000), control_id="B8") + siu("S12", "T9", None, control_id="B9") + siu("S12", "TA", in_seconds(90000), control_id="BA", application="OTHER", processing="T")
        feed.write(feed.frame(bare))
        assert [code(feed.read()) for _ in range(3)] == ["AA", "AA", "AR"], "each is judged by itself"
        assert house.status()["messages"]["quarantined"] == 1 and len(house.appointments()) == 6


def test_a_batch_and_what_it_says_of_itself():
    with House() as house, house.feed() as feed:
        feed.write(feed.frame(batch(siu("S12", "T1", in_seconds(90000)), count=3)))
        assert code(feed.read()) == "AA"
        feed.write(feed.frame("BHS|^~\\&|EPIC|LAMNA|NUDGE|HERE|20261120||||BATCH77\rBTS|0\r"))
        answer = feed.read()
        assert code(answer) == "AR" and "MSA|AR|BATCH77|" in answer and "|NUDGE|HERE|EPIC|LAMNA|" in answer, answer
        s = house.status()["intake"]
        assert s["batches"] == 2 and s["batch_counts_wrong"] == 1, s
        many = [siu("S15", f"M{i}", in_seconds(90000), control_id=f"M{i}") for i in range(1000)]
        feed.write(feed.frame(batch(*many)))
        assert [code(feed.read()) for _ in many] == ["AA"] * 1000
        feed.write(feed.frame(batch(*many, many[0])))
        answer = feed.read()
        assert code(answer) == "AR" and "1000 messages" in answer and "M0" in answer, answer
        assert code(feed.send(siu("S12", "T2", in_seconds(90000)))) == "AA", "the connection goes on"


def test_character_sets():
    """pain: a message with a byte that is no UTF-8, which is never answered"""
    def sent(set_name, encoding, name, control_id):
        return siu("S12", control_id, in_seconds(90000), msh18=set_name, name=name, control_id=control_id).encode(encoding)

    with House() as house, house.feed() as feed:
        for i, (set_name, encoding, name) in enumerate([("8859/1", "latin-1", "Müller^Jörg"), ("", "utf-8", "Müller^Jörg"), ("BIG-5", "big5", "許^功蓋"),
                ("GB 18030-2000", "gb18030", "你^好"), ("8859/2", "iso-8859-2", "Łódź^Żaneta"), ("~ISO IR87", "iso2022_jp", "山田^太郎"), ("", "latin-1", "Müller^Jörg")]):
            assert code(feed.send(sent(set_name, encoding, name, f"CS{i}"))) == "AA"
        assert len(house.appointments()) == 7 and house.status()["messages"]["quarantined"] == 0
        assert house.status()["noted"] == {"character set guessed": 1}


def test_wide_characters_are_answered_and_kept_aside():
    """pain: a message in UTF-16, at which the connection is closed"""
    with House() as house, house.feed() as feed:
        for i, encoding in enumerate(["utf-16-le", "utf-16-be", "utf-16", "utf-32-le"]):
            feed.write(feed.frame(siu("S12", f"W{i}", in_seconds(90000), control_id=f"W{i}").encode(encoding)))
            answer = feed.read()
            assert code(answer) == "AA" and f"MSA|AA|W{i}" in answer, answer
        assert house.status()["messages"]["quarantined"] == 4 and house.appointments() == []


def test_any_split_and_any_join_gives_each_message_its_answer():
    """pain: a high load at which answers are missing"""
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    with House() as house:
        frames, want = [], []
        for i in range(120):
            kind = rng.randrange(6)
            if kind == 0:
                frames.append(b"\r\n  \x00")  # what stands between frames is nobody's
                continue
            m = siu("S15", f"X{i}", in_seconds(90000), control_id=f"X{i}")
            if kind == 1:
                n = rng.randrange(2, 5)
                frames.append(VT + batch(*[m.replace(f"|X{i}|", f"|X{i}.{k}|") for k in range(n)]).encode() + FS + CR)
                want += [f"X{i}.{k}" for k in range(n)]
                continue
            if kind == 2:
                m = m.replace("\r", "\n")
            frames.append(VT + m.encode() + FS + (CR if kind != 3 else b"") + (b"\n" if kind == 4 else b""))
            want.append(f"X{i}")
        data = b"".join(frames)
        cuts = sorted(rng.sample(range(1, len(data)), 300))
        with house.feed() as feed:
            at, got = 0, []
            for cut in [*cuts, len(data)]:
                feed.write(data[at:cut])
                at = cut
                if rng.randrange(20) == 0:
                    time.sleep(0.002)
            while len(got) < len(want):
                answer = feed.read()
                assert answer, f"seed {seed}: the connection ended after {len(got)} of {len(want)}"
                got.append(answer.split("MSA|AA|")[1].split("\r")[0].split("|")[0])
            assert got == want, f"seed {seed}"
        assert house.status()["messages"]["accepted"] == len(want)


def test_ten_thousand_bad_messages_cost_no_slot_and_no_memory():
    """pain: a few messages that fail, and no new connection is taken"""
    def resident():
        with open(f"/proc/{house.processes['nudged'].pid}/status") as f:
            return int(next(l for l in f if l.startswith("VmRSS")).split()[1])

    with House() as house, house.feed() as feed:
        def many(n):
            bad = siu("S12", "BAD", in_seconds(90000), version="9.9", control_id="BAD").encode()
            for _ in range(n // 50):
                feed.write((VT + bad + FS + CR) * 50)
                assert all(code(feed.read()) == "AR" for _ in range(50))
        many(2000)
        before = resident()
        many(10000)
        assert resident() < before + (4096 if SLOW == 1 else 400000), (before, resident())  # sanitizers keep what was freed
        assert code(feed.send(siu("S12", "GOOD", in_seconds(90000)))) == "AA"
        assert house.status()["messages"]["refused"] == 12000 and house.status()["connections"] == 1
