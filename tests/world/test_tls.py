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
        args[5] = f"{house.certs}/stranger.crt"
        args[7] = f"{house.certs}/stranger.key"
        assert "certificate" in house.ctl(*args, status=1).stderr
