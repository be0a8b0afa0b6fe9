"""Promise 9: who sends is known before one byte reaches the parser."""
import socket
import ssl

from feed import Feed, code, in_seconds, siu
from house import CONF, House, certs, wait


def refused(house, sender, **kw):
    try:
        with house.feed(sender=sender, **kw) as feed:
            answer = feed.send(siu("S12", "T1", in_seconds(90000)))
    except (ssl.SSLError, ConnectionError, BrokenPipeError):
        return True
    return answer is None


def test_pinned_senders():
    """pain: no TLS without a licence or a wrapper"""
    with House() as house:
        assert house.tell(siu("S12", "T1", in_seconds(90000), phone="")) == ["AA"]
        for sender in ("stranger", "expired", "hospital", "wrong_ca", None):
            assert refused(house, sender), sender
        s = wait(lambda: house.status()["intake"]["refused_certificate"] >= 5 and house.status())
        assert s["messages"]["accepted"] == 1
        assert "stranger" not in house.log("nudged")
        assert house.tell(siu("S12", "T2", in_seconds(90000), phone="")) == ["AA"], "the next good one comes in"


def test_issued_senders():
    environment = "issuer = {0}/ca.crt\n subjects = {{\"epic-bridges.lamna.example\"}}"
    template = CONF.replace("    certificates = {{{certs}/sender.crt}}\n", "")
    with House(template=template, environment=environment.format(certs())) as house:
        with house.feed(sender="hospital") as feed:
            assert code(feed.send(siu("S12", "T1", in_seconds(90000), phone=""))) == "AA"
        for sender in ("wrong_name", "wrong_ca", "sender", None):
            assert refused(house, sender), sender


def test_a_revoked_sender():
    """pain: a revocation that is not looked at"""
    template = CONF.replace("    certificates = {{{certs}/sender.crt}}\n", "")
    environment = "issuer = {0}/ca.crt\n subjects = {{\"epic-bridges.lamna.example\"}}\n revocation_list = {0}/{1}.crl"
    with House(template=template, environment=environment.format(certs(), "ca")) as house:
        assert refused(house, "revoked")
        wait(lambda: "revoked" in house.log("nudged"))
        with house.feed(sender="hospital") as feed:
            assert code(feed.send(siu("S12", "T1", in_seconds(90000), phone=""))) == "AA"
        house.configure(environment=environment.format(certs(), "other_ca"))
        house.ctl("reload")
        assert refused(house, "hospital"), "a list of another issuer says nothing about this one: closed, not open"


def test_tls_1_2_is_the_floor():
    with House() as house:
        with house.feed(tls_max=ssl.TLSVersion.TLSv1_2) as feed:
            assert code(feed.send(siu("S12", "T1", in_seconds(90000), phone=""))) == "AA"
        context = ssl.create_default_context(cafile=f"{house.certs}/ca.crt")
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        try:
            context.wrap_socket(socket.create_connection(("127.0.0.1", house.port), timeout=5), server_hostname="localhost")
            raise AssertionError("TLS 1.1 was taken")
        except (ssl.SSLError, ConnectionError):
            pass


def test_what_comes_in_one_packet_is_read_whole():
    """Messages in one TLS record each or in many, behind the end of the handshake and on: more in one packet than one turn reads,
    more than may be unanswered, and then nothing for the socket to wake for."""
    def flush(to_send, raw):
        raw.sendall(to_send.read())
    with House() as house, socket.create_connection(("127.0.0.1", house.port), timeout=10) as raw:
        context = ssl.create_default_context(cafile=f"{house.certs}/ca.crt")
        context.load_cert_chain(f"{house.certs}/sender.crt", f"{house.certs}/sender.key")
        came, to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(came, to_send, server_hostname="localhost")
        done = False
        while not done:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                flush(to_send, raw)
                came.write(raw.recv(65536))
        for n, piece in ((40, 9999), (400, 9999), (100, 60), (90, 100), (80, 150), (130, 80), (1, 9999)):
            for i in range(n):
                frame = b"\x0b" + siu("S15", f"A{i}", in_seconds(90000), control_id=f"P{i}", phone="").encode() + b"\x1c\r"
                for at in range(0, len(frame), piece):
                    tls.write(frame[at:at + piece])
            flush(to_send, raw)
            answers = b""
            while answers.count(b"\x1c\r") < n:
                try:
                    answers += tls.read(65536)
                except ssl.SSLWantReadError:
                    data = raw.recv(65536)
                    assert data, "the connection ended"
                    came.write(data)
            assert [part.split(b"MSA|AA|")[1].split(b"\r")[0].decode() for part in answers.split(b"\x1c\r")[:n]] == [f"P{i}" for i in range(n)]


def test_a_probe_is_silent():
    """pain: a stack trace for each probe of a load balancer"""
    with House() as house:
        before = house.log("nudged")
        socket.create_connection(("127.0.0.1", house.port)).close()
        wait(lambda: house.status()["intake"]["probes"] >= 1)
        assert "handshake" not in house.log("nudged")[len(before):]


def test_a_sender_by_nudgectl():
    with House() as house:
        house.write("one.hl7", siu("S12", "S1", in_seconds(90000), phone="").replace("\r", "\n"))
        args = ["send", house.path("one.hl7"), "--to", f"localhost:{house.port}", "--cert", f"{house.certs}/sender.crt", "--key", f"{house.certs}/sender.key",
                "--ca", f"{house.certs}/ca.crt"]
        assert house.ctl_json(*args)[0]["code"] == "AA"
        many = [siu("S12", f"S{i}", in_seconds(90000), patient=f"MRN{i}", phone="") for i in range(2, 6)]
        house.write("bare.hl7", many[0] + many[1])
        house.write("framed.hl7", "".join(f"\x0b{m}\x1c\r" for m in many[2:]))
        sent = house.ctl_json(*args, house.path("bare.hl7"), house.path("framed.hl7"))
        assert [(a["code"], a["control_id"]) for a in sent[1:]] == [("AA", m.split("|")[9]) for m in many], "each message has its own answer"
        assert "with --ca" in house.ctl(*args[:8], status=1).stderr
        assert "mismatch" in house.ctl(*args, "--name", "elsewhere", status=1).stderr
        args[5] = f"{house.certs}/stranger.crt"
        args[7] = f"{house.certs}/stranger.key"
        assert "certificate" in house.ctl(*args, status=1).stderr
