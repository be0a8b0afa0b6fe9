"""Every kind of certificate against the real nudged: pinned and issued, TLS 1.2 and 1.3, and whatever else a peer may do in a handshake.

A row passes when who may come in is answered, and who may not gets the right alert, one line that says who, with which certificate, by which rule
and what to do, and no byte of theirs reaches a parser; and when no connection is left over.
"""
import glob
import hashlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import time

from certs import run
from feed import in_seconds, siu
from house import CONF, House, free_port, wait

CA = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
CLIENT = ["basicConstraints=CA:FALSE", "extendedKeyUsage=clientAuth"]
NAME = "epic-bridges.lamna.example"
SAN = CLIENT + [f"subjectAltName=DNS:{NAME}"]
DAY = 86400
CONFIG = """[ca]
default_ca = it
[it]
database = index
new_certs_dir = .
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
default_crl_days = 30
[any]
commonName = optional
"""


def stamp(at):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(at))


class Office:
    """A folder of keys, certificates and lists."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder)
        self.now = time.time()
        self.write("cnf", CONFIG)
        self.write("index", "")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def key(self, name, kind="prime256v1"):
        if kind.startswith("rsa"):
            run("genrsa", "-out", f"{name}.key", kind[3:], cwd=self.folder)
        else:
            run("ecparam", "-genkey", "-name", kind, "-noout", "-out", f"{name}.key", cwd=self.folder)
        return name

    def make(self, name, issuer=None, extensions=SAN, key=None, kind="prime256v1", cn=NAME, start=-DAY, end=90 * DAY, digest="sha256"):
        """NAME.crt; with an issuer NAME.crt holds the chain as well, from the leaf up, less the root. Dates: seconds from now."""
        key = key or self.key(name, kind)
        run("req", "-new", "-key", f"{key}.key", "-out", f"{name}.csr", "-subj", f"/CN={cn}", cwd=self.folder)
        self.write(f"{name}.ext", "\n".join(extensions) + "\n")
        by = ["-cert", f"{issuer}.one", "-keyfile", f"{issuer}.key"] if issuer else ["-selfsign", "-keyfile", f"{key}.key"]
        run("ca", "-batch", "-config", "cnf", "-notext", "-in", f"{name}.csr", "-extfile", f"{name}.ext", "-md", digest,
            "-startdate", stamp(self.now + start), "-enddate", stamp(self.now + end), "-out", f"{name}.one", *by, cwd=self.folder)
        if key != name:
            run("pkey", "-in", f"{key}.key", "-out", f"{name}.key", cwd=self.folder)
        chain = self.text(f"{name}.one")
        if issuer and os.path.exists(self.path(f"{issuer}.chain")):
            chain += self.text(f"{issuer}.chain")
        self.write(f"{name}.crt", chain)
        return name

    def text(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def authority(self, name, issuer=None, extensions=CA, **how):
        """A CA; below another its certificate goes along with what it issues."""
        self.make(name, issuer, extensions, cn=how.pop("cn", name), **how)
        if issuer:
            self.write(f"{name}.chain", self.text(f"{name}.crt"))
        return name

    def revoke(self, name, issuer):
        run("ca", "-config", "cnf", "-revoke", f"{name}.one", "-cert", f"{issuer}.one", "-keyfile", f"{issuer}.key", cwd=self.folder)

    def list_of(self, issuer, name, start=-DAY, end=30 * DAY):
        run("ca", "-gencrl", "-config", "cnf", "-cert", f"{issuer}.one", "-keyfile", f"{issuer}.key", "-crl_lastupdate", stamp(self.now + start),
            "-crl_nextupdate", stamp(self.now + end), "-out", name, cwd=self.folder)

    def fingerprint(self, name):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.text(f"{name}.one"))).hexdigest()


def nul_name():
    """A SAN whose DNS name goes on behind a NUL, as DER."""
    name = NAME.encode() + b"\0.evil.example"
    inner = bytes([0x82, len(name)]) + name
    return "subjectAltName=DER:" + (bytes([0x30, len(inner)]) + inner).hex(":")


def make(folder):
    o = Office(folder)
    for name in ("ca", "other"):
        o.authority(name, cn="Hospital CA")  # one name, two keys
    o.authority("weak", "ca", kind="rsa1024")
    o.authority("below", "ca")
    o.authority("flat", "ca", ["basicConstraints=critical,CA:TRUE,pathlen:0", CA[1]])
    o.authority("deep", "flat")
    # pinned: "one" and "two" are named by the environment; what has a key of theirs differs in one thing
    o.make("one")
    o.make("two", kind="rsa2048")
    same = {"renewed": {"end": 700 * DAY}, "over": {"start": -9 * DAY, "end": -DAY}, "early": {"start": DAY},
            "server": {"extensions": ["extendedKeyUsage=serverAuth"]}, "strange": {"extensions": SAN + ["1.3.6.1.4.1.99999.1=critical,DER:05:00"]}}
    for name, how in same.items():
        o.make(f"pin-{name}", key="one", **how)
    o.make("pin-other-ca", "other", key="one")
    o.make("pin-sha1", "ca", key="one", digest="sha1")
    o.make("pin-weak", kind="rsa1024")
    o.make("stranger")
    # issued
    o.make("good", "ca")
    o.make("by-below", "below")
    o.make("cn-only", "ca", CLIENT)
    o.make("cn-beside", "ca", CLIENT + ["subjectAltName=DNS:other.example"])
    o.make("other-name", "ca", CLIENT + ["subjectAltName=DNS:other.example"], cn="other.example")
    o.make("wildcard", "ca", CLIENT + ["subjectAltName=DNS:*.lamna.example"], cn="x")
    o.make("nul", "ca", CLIENT + [nul_name()], cn="x")
    o.make("by-other", "other")
    o.make("self")
    o.make("over", "ca", start=-9 * DAY, end=-DAY)
    o.make("early", "ca", start=DAY)
    o.make("server", "ca", SAN[:1] + SAN[2:] + ["extendedKeyUsage=serverAuth"])
    o.make("strange", "ca", SAN + ["1.3.6.1.4.1.99999.1=critical,DER:05:00"])
    o.make("rsa1024", "ca", kind="rsa1024")
    o.make("p192", "ca", kind="prime192v1")
    o.make("sha1", "ca", digest="sha1")
    o.make("by-weak", "weak")
    o.make("by-leaf", "good")
    o.write("by-leaf.crt", o.text("by-leaf.one") + o.text("good.one"))
    o.make("by-deep", "deep")
    o.make("revoked", "ca")
    o.revoke("revoked", "ca")
    o.list_of("ca", "ca.crl")
    o.list_of("ca", "stale.crl", -9 * DAY, -DAY)
    o.list_of("other", "other.crl")
    return o


# -- what is tried: listener, certificate, and None, or the rule that refuses it and its alert

V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
STRANGE = ("unknown critical extension", "CERTIFICATE_UNKNOWN")
EXPIRED, EARLY = ("has expired", "CERTIFICATE_EXPIRED"), ("not valid yet", "BAD_CERTIFICATE")
USE = ("not meant for TLS clients", "UNSUPPORTED_CERTIFICATE")
UNPINNED, ISSUER = ("pinned by no environment", "UNKNOWN_CA"), ("issuer is trusted by no environment", "UNKNOWN_CA")
NAMED, CHAIN = ("none of the environment's subjects", "BAD_CERTIFICATE"), ("chain does not verify", "BAD_CERTIFICATE")
WEAK, SHA1 = ("weaker than RSA 2048 or EC 256", "BAD_CERTIFICATE"), ("signed with SHA-1", "BAD_CERTIFICATE")
STALE = ("revocation list is missing or out of date", "UNKNOWN_CA")
NONE = ("no client certificate was sent", ("HANDSHAKE_FAILURE", "CERTIFICATE_REQUIRED"))
ROWS = [
    ("pins", "one", None), ("pins", "two", None), ("pins", "pin-renewed", None), ("pins", "pin-other-ca", None),
    ("pins", "pin-over", EXPIRED), ("pins", "pin-early", EARLY), ("pins", "pin-server", USE), ("pins", "pin-strange", STRANGE),
    ("pins", "pin-sha1", SHA1), ("pins", "pin-weak", UNPINNED), ("pins", "stranger", UNPINNED), ("pins", "good", UNPINNED), ("pins", None, NONE),
    ("issued", "good", None), ("issued", "by-below", None), ("issued", "cn-only", None), ("issued", "revoked", None),
    ("issued", "cn-beside", NAMED), ("issued", "other-name", NAMED), ("issued", "wildcard", NAMED), ("issued", "nul", NAMED),
    ("issued", "by-other", ISSUER), ("issued", "self", ISSUER), ("issued", "one", ISSUER), ("issued", "over", EXPIRED), ("issued", "early", EARLY),
    ("issued", "server", USE), ("issued", "strange", STRANGE), ("issued", "rsa1024", WEAK), ("issued", "sha1", SHA1), ("issued", "by-weak", WEAK),
    ("issued", "by-leaf", CHAIN), ("issued", "by-deep", CHAIN), ("issued", None, NONE),
    ("listed", "good", None), ("listed", "revoked", ("was revoked", "CERTIFICATE_REVOKED")), ("stale", "good", STALE), ("foreign", "good", STALE),
]

ENVIRONMENT = """
environment "{name}" {{{{
    kind = production
    organization = lamna
    {trust}
}}}}
listener "{name}" {{{{
    address = "127.0.0.1"
    port = {port}
    certificate = {{certs}}/listener.crt
    private_key = {{certs}}/listener.key
    environments = {{{{{name}}}}}
    penalty_max = 0
}}}}
"""


def template(ports):
    issued = f"issuer = mine/ca.one\n subjects = {{{{\"{NAME}\"}}}}"
    trust = {"pins": "certificates = {{mine/one.one, mine/two.one}}", "issued": issued,
             "listed": issued + "\n revocation_list = mine/ca.crl", "stale": issued + "\n revocation_list = mine/stale.crl",
             "foreign": issued + "\n revocation_list = mine/other.crl"}
    return CONF + "".join(ENVIRONMENT.format(name=n, trust=t, port=ports[n]) for n, t in trust.items())


def context_of(house, version, sender=None, folder="mine", ciphers="DEFAULT:@SECLEVEL=0"):
    c = ssl.create_default_context(cafile=f"{house.certs}/ca.crt")
    c.set_ciphers(ciphers)
    c.minimum_version = c.maximum_version = version
    if sender:
        c.load_cert_chain(f"{house.path(folder)}/{sender}.crt", f"{house.path(folder)}/{sender}.key")
    return c


def hello(context, port, name="localhost"):
    raw = socket.create_connection(("127.0.0.1", port), timeout=30)
    try:
        return context.wrap_socket(raw, server_hostname=name)
    except BaseException:
        raw.close()
        raise


FRAME = b"\x0b" + siu("S12", "M1", in_seconds(90000), phone="", application="NOBODY").encode() + b"\x1c\r"


def alert_of(error):
    """"UNKNOWN_CA", whatever the version calls it."""
    found = re.search(r"ALERT_([A-Z_]+)", getattr(error, "reason", None) or "")
    return found.group(1) if found else f"{type(error).__name__}: {error}"


def answered(context, port):
    """None when a message was answered, else the alert."""
    try:
        with hello(context, port) as s:
            s.sendall(FRAME)
            got = s.recv(4096)
            return None if b"MSA|A" in got else f"no answer: {got!r}"
    except (ssl.SSLError, OSError) as e:
        return alert_of(e)


def new_lines(house, before):
    return [l for l in house.log("nudged")[before:].splitlines() if "what=\"sender refused\"" in l or "handshake failed" in l]


def try_row(house, office, port, listener, sender, refusal, version):
    row = (listener, sender, version.name)
    before, frames = len(house.log("nudged")), house.status()["intake"]["frames"]
    alert = answered(context_of(house, version, sender), port)
    if refusal is None:
        assert alert is None, (row, alert, new_lines(house, before))
        assert not new_lines(house, before), row
        return
    rule, expected = refusal
    lines = wait(lambda: new_lines(house, before))
    assert alert in expected if isinstance(expected, tuple) else alert == expected, (row, alert, lines)
    assert len(lines) == 1 and rule in lines[0], (row, lines)
    assert f"listener={listener}" in lines[0] and "peer=127.0.0.1" in lines[0] and " do=" in lines[0], (row, lines)
    assert not sender or "subject=\"CN=" in lines[0] and "issuer=\"CN=" in lines[0], (row, lines)
    assert f"sha256={office.fingerprint(sender) if sender else 'none'}" in lines[0], (row, lines)
    assert house.status()["intake"]["frames"] == frames, (row, "a byte reached the parser")


def ports_for(names):
    ports = {}
    while len(ports) < len(names):
        port = free_port()
        if port not in ports.values():
            ports[names[len(ports)]] = port
    return ports


def test_every_certificate():
    """pain: a refused certificate that shows as a closed socket and nothing else"""
    ports = ports_for(["pins", "issued", "listed", "stale", "foreign"])
    with House(template=template(ports), start=False) as house:
        office = make(house.path("mine"))
        house.start()
        office.now = time.time()
        office.make("brief", "ca", end=12)
        brief = hello(context_of(house, V13, "brief"), ports["issued"])
        for listener, sender, refusal in ROWS:
            for version in (V12, V13):
                try_row(house, office, ports[listener], listener, sender, refusal, version)
        # P-192 can sign nothing in TLS 1.3: the sender itself stays without a certificate
        try_row(house, office, ports["issued"], "issued", "p192", WEAK, V12)
        assert answered(context_of(house, V13, "p192"), ports["issued"]) is not None
        # it expires while it is connected: who is in stays in, also over a reload, and cannot come again
        wait(lambda: time.time() > office.now + 13)
        house.ctl("reload", "--keys")
        brief.sendall(FRAME)
        assert b"MSA|A" in brief.recv(4096)
        brief.close()
        try_row(house, office, ports["issued"], "issued", "brief", EXPIRED, V13)
        wait(lambda: house.status()["connections"] == 0)
        refused = house.status()["intake"]["refused_certificate"]
        house.stop("nudged")
        noted = []
        for path in sorted(glob.glob(house.path("state/audit/audit-*.jsonl"))):
            with open(path) as f:
                noted += [r for r in map(json.loads, f) if r["what"] == "sender.refused"]
        assert len(noted) == refused >= 2 * sum(1 for r in ROWS if r[2]) + 2, (len(noted), refused)
        over = [r for r in noted if r["who"]["id"] == f"sha256:{office.fingerprint('over')}"]
        assert len(over) == 2 and over[0]["obj"]["id"] == "issued from 127.0.0.1" and "has expired" in over[0]["why"] and not over[0]["ok"], over


# -- what else a peer may do

def speak_first(context, port, sender_flights, bytes_of_last):
    """A handshake as far as `sender_flights` of ours, the last of them cut to a share of its bytes. The socket."""
    raw = socket.create_connection(("127.0.0.1", port), timeout=30)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    flights = 0
    while flights < sender_flights:
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            pass
        flight = outgoing.read()
        if flight:
            flights += 1
            raw.sendall(flight[:int(len(flight) * bytes_of_last)] if flights == sender_flights else flight)
        if flights < sender_flights:
            incoming.write(raw.recv(65536))
    return raw


def test_handshakes_that_end_in_the_middle():
    """Reset or half closed after each flight and within it: the place is free again and the next sender comes in.

    pain: a peer that leaves within a handshake, and whose place is never free again"""
    with House(listener="penalty_max = 0") as house:
        frames = house.status()["intake"]["frames"]
        for version in (V12, V13):
            for flights, share in ((0, 1), (1, 0.5), (1, 1), (2, 0.5), (2, 1)):
                for reset in (True, False):
                    raw = speak_first(context_of(house, version, "sender", house.certs), house.port, flights, share)
                    if reset:
                        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    else:
                        raw.shutdown(socket.SHUT_WR)
                        try:
                            while raw.recv(65536):
                                pass
                        except ConnectionError:
                            pass
                    raw.close()
        wait(lambda: house.status()["connections"] == 0)
        assert house.status()["intake"]["frames"] == frames
        assert answered(context_of(house, V13, "sender", house.certs), house.port) is None


def test_what_is_not_spoken():
    """pain: a failed handshake that does not say what to change"""
    with House(listener="penalty_max = 0") as house:
        sender = ("sender", house.certs)

        def tried(version=V12, **how):
            before = len(house.log("nudged"))
            alert = answered(context_of(house, version, *sender, **how), house.port)
            return alert, wait(lambda: new_lines(house, before))
        for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            alert, lines = tried(old)
            assert alert == "PROTOCOL_VERSION" and len(lines) == 1 and "peer=127.0.0.1" in lines[0] and "TLS 1.2 or 1.3" in lines[0], (alert, lines)
        for cipher in ("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256", "eNULL", "aNULL"):
            alert, lines = tried(ciphers=cipher + ":@SECLEVEL=0")
            assert alert == "HANDSHAKE_FAILURE" and len(lines) == 1 and "AES-GCM" in lines[0], (cipher, alert, lines)
        assert house.status()["intake"]["frames"] == 0
        # a sender that does not trust our certificate says so, and we say whose trust is missing
        context = ssl.create_default_context()
        context.load_cert_chain(f"{house.certs}/sender.crt", f"{house.certs}/sender.key")
        before = len(house.log("nudged"))
        answered(context, house.port)
        assert "the sender refused our certificate" in wait(lambda: new_lines(house, before))[0]
        # allowed, and without effect
        for version in (V12, V13):
            context = context_of(house, version, *sender)
            context.options &= ~ssl.OP_NO_COMPRESSION
            context.set_alpn_protocols(["h2", "nonsense"])
            context.check_hostname = False
            with hello(context, house.port, "somebody.else.example") as s:
                s.sendall(FRAME)
                assert b"MSA|A" in s.recv(4096)
                assert s.compression() is None and s.selected_alpn_protocol() is None
                assert not s.session.has_ticket, "nothing to resume with, so no early data"


def test_a_huge_chain():
    """A hundred certificates, a megabyte: read no further than 64 KiB."""
    with House() as house:
        office = Office(house.path("mine"))
        office.authority("ca")
        office.make("huge", "ca", SAN + ["nsComment=" + "x" * 9000])
        office.write("huge.crt", office.text("huge.one") * 100)
        assert os.path.getsize(office.path("huge.crt")) > 1 << 20
        for version in (V12, V13):
            before = len(house.log("nudged"))
            assert answered(context_of(house, version, "huge"), house.port)
            line = wait(lambda: new_lines(house, before))[0]
            assert "excessive message size" in line and "64 KiB" in line, line
        wait(lambda: house.status()["connections"] == 0)


def test_no_renegotiation():
    with House() as house:
        p = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{house.port}", "-tls1_2", "-cert", f"{house.certs}/sender.crt",
                              "-key", f"{house.certs}/sender.key"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            wait(lambda: house.status()["connections"] == 1)
            out = p.communicate("R\n", timeout=60)[0]
        finally:
            p.kill()
        assert "RENEGOTIATING" in out and "no renegotiation" in out, out[-1500:]
        wait(lambda: house.status()["connections"] == 0)


def test_who_keeps_failing_is_kept_out():
    """A refused sender that comes again and again is not even greeted; a reload, and a good sender beside it, let it in."""
    with House() as house:
        bad, good = (context_of(house, V13, n, house.certs) for n in ("stranger", "sender"))
        with hello(good, house.port) as s:
            s.sendall(FRAME)
            assert b"MSA|A" in s.recv(4096)
            for _ in range(15):
                assert answered(bad, house.port) == "UNKNOWN_CA", "a good sender is connected from there: nothing counts"
        wait(lambda: house.status()["connections"] == 0)

        def out():
            answered(bad, house.port)
            return house.status()["intake"]["refused_penalty"]
        wait(out)
        assert answered(good, house.port) is not None, "nobody from there"
        told = [l for l in house.log("nudged").splitlines() if "kept out" in l]
        assert len(told) == 1 and "peer=127.0.0.1" in told[0] and "do=" in told[0], told
        house.ctl("reload", "--keys")
        assert answered(good, house.port) is None


def test_a_flood_of_handshakes():
    """Silent connections take no more places than max_handshakes, and a good sender comes in between them."""
    with House(listener="max_handshakes = 16\n handshake_timeout = 60s") as house:
        flood = [socket.create_connection(("127.0.0.1", house.port)) for _ in range(300)]
        wait(lambda: house.status()["intake"]["refused_handshakes"] >= 100)
        for s in flood[:150]:
            s.close()
        wait(lambda: answered(context_of(house, V13, "sender", house.certs), house.port) is None)
        for s in flood:
            s.close()
        wait(lambda: house.status()["connections"] == 0)
