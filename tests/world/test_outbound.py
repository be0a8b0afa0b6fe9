"""Every kind of certificate that a gateway may show nudge-sender, in TLS 1.2 and 1.3: what is not trusted gets no byte of a request.

A row passes when who may be asked is asked, and who may not gets a closed handshake, one line that says which host, by which rule and what to do,
and nothing of a request.
"""
import os
import re
import socket
import ssl
import subprocess
import threading
import time

from certs import run
from faults import build
from feed import in_seconds, siu
from house import BIN, ROOT, House, free_port, wait
from test_matrix import CA, DAY, V12, V13, Office

SERVER = ["basicConstraints=CA:FALSE", "extendedKeyUsage=serverAuth"]
LOCAL = SERVER + ["subjectAltName=DNS:localhost"]


class Front:
    """A server of TLS that shows what it is told to, and counts what comes through."""

    def __init__(self):
        self.context, self.to, self.requests, self.handshakes = None, None, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def show(self, office, name, version, ciphers="DEFAULT:@SECLEVEL=0"):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.set_ciphers(ciphers)
        c.minimum_version = c.maximum_version = version
        c.load_cert_chain(office.path(f"{name}.crt"), office.path(f"{name}.key"))
        self.context, self.requests, self.handshakes = c, 0, 0

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s, self.context), daemon=True).start()

    def serve(self, s, context):
        try:
            s.settimeout(20)
            with context.wrap_socket(s, server_side=True) as t:
                self.handshakes += 1
                if not (first := t.recv(65536)):
                    return
                self.requests += 1
                if not self.to:
                    t.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return
                onward = ssl.create_default_context()
                onward.check_hostname, onward.verify_mode = False, ssl.CERT_NONE
                with onward.wrap_socket(socket.create_connection(("127.0.0.1", self.to), timeout=20)) as behind:
                    behind.sendall(first)
                    back = threading.Thread(target=pump, args=(behind, t))
                    back.start()
                    pump(t, behind)
                    back.join(20)
        except (OSError, ssl.SSLError):
            pass


def pump(a, b):
    try:
        while piece := a.recv(65536):
            b.sendall(piece)
    except (OSError, ssl.SSLError, ValueError):
        pass


def make(folder):
    o = Office(folder)
    for name in ("root", "other"):
        o.authority(name, cn="Public CA")
    o.authority("below", "root")
    o.authority("flat", "root", ["basicConstraints=critical,CA:TRUE,pathlen:0", CA[1]])
    o.authority("deep", "flat")
    o.authority("weak", "root", kind="rsa1024")
    o.make("good", "root", LOCAL)
    o.make("rsa", "root", LOCAL, kind="rsa2048")
    o.make("by-below", "below", LOCAL)
    o.make("over", "root", LOCAL, start=-9 * DAY, end=-DAY)
    o.make("early", "root", LOCAL, start=DAY)
    o.make("other-name", "root", SERVER + ["subjectAltName=DNS:acs.lamna.example"], cn="localhost")
    o.make("wildcard", "root", SERVER + ["subjectAltName=DNS:*"], cn="x")
    o.make("address", "root", SERVER + ["subjectAltName=IP:127.0.0.1"], cn="x")
    o.make("nul", "root", SERVER + ["subjectAltName=DER:30:10:82:0e:" + b"localhost\0.evi".hex(":")], cn="x")
    o.make("by-other", "other", LOCAL)
    o.make("self", None, LOCAL)
    o.make("client", "root", LOCAL[:1] + LOCAL[2:] + ["extendedKeyUsage=clientAuth"])
    o.make("strange", "root", LOCAL + ["1.3.6.1.4.1.99999.1=critical,DER:05:00"])
    o.make("rsa1024", "root", LOCAL, kind="rsa1024")
    o.make("sha1", "root", LOCAL, digest="sha1")
    o.make("by-weak", "weak", LOCAL)
    o.make("by-leaf", "good", LOCAL)
    o.write("by-leaf.crt", o.text("by-leaf.one") + o.text("good.one"))
    o.make("by-deep", "deep", LOCAL)
    o.write("unchained.crt", o.text("by-below.one"))
    o.write("unchained.key", o.text("by-below.key"))
    return o


def lists(o):
    """What was taken back, of each CA; and CRLs that are overdue, of another CA, and of one CA in the chain alone."""
    for name, ca in (("back", "root"), ("below-back", "below")):
        o.make(name, ca, LOCAL)
        o.revoke(name, ca)
    for ca in ("root", "below"):
        o.list_of(ca, f"{ca}.crl")
    o.list_of("root", "overdue.crl", -9 * DAY, -DAY)
    o.list_of("other", "other.crl")
    o.write("all.crl", o.text("root.crl") + o.text("below.crl"))
    o.write("below.only", o.text("below.crl"))


NAME, ISSUER = "not issued for this name", "unable to get local issuer"
ROWS = [
    ("good", None), ("rsa", None), ("by-below", None),
    ("over", "expired"), ("early", "not yet valid"), ("other-name", NAME), ("wildcard", NAME), ("address", NAME), ("nul", NAME),
    ("by-other", "certificate signature failure|unable to get local issuer|self-signed"), ("self", "self-signed"), ("unchained", ISSUER),
    ("client", "purpose|unsuitable"), ("strange", "critical extension"), ("rsa1024", "key too weak|key too small"), ("sha1", "too weak"),
    ("by-weak", "key too weak|key too small"), ("by-leaf", "invalid CA|not a CA|path length|usage"), ("by-deep", "path length"),
]


def test_every_certificate_of_a_gateway():
    front = Front()
    with House(start=False, gateway="") as house:
        office = make(house.path("mine"))
        house.acs_port = front.port
        house.template = house.template.replace("ca_file    = {certs}/ca.crt", "ca_file    = mine/root.one")
        house.configure()
        for name, refusal in ROWS:
            for version in (V12, V13):
                row = (name, version.name)
                front.show(office, name, version)
                done = house.run([f"{BIN}/nudge-sender", "-c", house.conf, "-o"], status=None)
                lines = [line for line in done.stderr.splitlines() if "certificate is not trusted" in line]
                if refusal is None:
                    assert front.requests == 1 and not lines, (row, done.stdout, done.stderr)
                    continue
                assert front.requests == 0, (row, "a request left")
                assert "its certificate is not trusted" in done.stdout, (row, done.stdout, done.stderr)
                assert len(lines) == 1 and re.search(f'host=localhost:{front.port} why="[^"]*({refusal})', lines[0]) and " do=" in lines[0], (row, done.stderr)
        # Ciphers of TLS 1.2 without forward secrecy, without authentication of what is sent, or without secrecy; a chain of a megabyte.
        office.write("huge.crt", office.text("good.crt") + office.text("rsa.one") * 900)
        office.write("huge.key", office.text("good.key"))
        for name, version, ciphers, good in (
                ("rsa", V12, "ECDHE-RSA-AES128-GCM-SHA256", True), ("rsa", V12, "ECDHE-RSA-CHACHA20-POLY1305", True), ("good", V12, "ECDHE-ECDSA-AES256-GCM-SHA384", True),
                ("rsa", V12, "AES128-GCM-SHA256", False), ("rsa", V12, "AES256-SHA256", False), ("rsa", V12, "ECDHE-RSA-AES128-SHA256", False),
                ("good", V12, "ECDHE-ECDSA-AES256-SHA", False), ("rsa", V12, "NULL-SHA256", False), ("huge", V12, "DEFAULT", False), ("huge", V13, "DEFAULT", False)):
            front.show(office, name, version, ciphers + ":@SECLEVEL=0")
            done = house.run([f"{BIN}/nudge-sender", "-c", house.conf, "-o"], status=None)
            assert front.requests == good and (good or "gateway\tacs" in done.stdout and "cannot be reached" in done.stdout), (name, ciphers, done.stdout)
        # older than 1.2 is spoken by nobody
        front.show(office, "good", ssl.TLSVersion.TLSv1_1)
        done = house.run([f"{BIN}/nudge-sender", "-c", house.conf, "-o"], status=1)
        assert front.requests == front.handshakes == 0 and "cannot be reached" in done.stdout, done.stdout
    front.listener.close()


NO_LIST, TAKEN_BACK = "unable to get certificate CRL", "certificate revoked"
LISTS = [
    ("all.crl", "good", None), ("all.crl", "by-below", None), ("all.crl", "back", TAKEN_BACK), ("all.crl", "below-back", TAKEN_BACK),
    ("root.crl", "good", None), ("root.crl", "by-below", NO_LIST), ("below.only", "by-below", NO_LIST),
    ("overdue.crl", "good", "CRL has expired"), ("other.crl", "good", "CRL signature failure|unable to get certificate CRL"),
    ("", "back", None),  # nobody asked
]


def test_lists_of_what_was_taken_back():
    front = Front()
    with House(start=False) as house:
        office = make(house.path("mine"))
        lists(office)
        house.acs_port = front.port
        house.template = house.template.replace("ca_file    = {certs}/ca.crt", "ca_file    = mine/root.one")
        for name, shown, refusal in LISTS:
            house.configure(gateway=f"revocation_list = mine/{name}" if name else "")
            for version in (V12, V13):
                row = (name, shown, version.name)
                front.show(office, shown, version)
                done = house.run([f"{BIN}/nudge-sender", "-c", house.conf, "-o"], status=None)
                lines = [line for line in done.stderr.splitlines() if "certificate is not trusted" in line]
                assert front.requests == (0 if refusal else 1), (row, done.stdout, done.stderr)
                assert len(lines) == (1 if refusal else 0) and (not refusal or re.search(f'why="[^"]*({refusal})', lines[0])), (row, done.stderr)
                assert not refusal or refusal == TAKEN_BACK or "fetch a fresh revocation_list" in lines[0], (row, lines)
        # A file that holds none is told by check; one that is overdue, too, and by nudged while it runs.
        house.make_key()
        for name, status, says in (("root.one", 78, "holds no revocation list in Base64"), ("nowhere.crl", 78, "No such file"),
                                   ("overdue.crl", 0, "1 of its lists are overdue")):
            house.configure(gateway=f"revocation_list = mine/{name}")
            said = house.run([f"{BIN}/nudgectl", "check", house.conf], status=status)
            assert says in said.stdout + said.stderr, (name, said)
        house.start_nudged()
        wait(lambda: "revocation list is out of date" in house.log("nudged"))
        listed = next(x for x in house.ctl_json("certificates") if x["kind"] == "revocation-list")
        assert (listed["block"], listed["title"], listed["state"]) == ("gateway", "acs", "expired"), listed
        office.write("overdue.crl", office.text("root.crl"))  # a timer brought a fresh one
        house.ctl("reload", "--keys")
        wait(lambda: "revocation list is in order again" in house.log("nudged"))
    front.listener.close()


class Stapler:
    """openssl's server, which sends an OCSP answer along."""

    def __init__(self, office, name, answer, version):
        self.port = free_port()
        args = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", office.path(f"{name}.one"), "-key", office.path(f"{name}.key"),
                "-cert_chain", office.path(f"{name}.crt"), "-www", "-tls1_2" if version == V12 else "-tls1_3"]
        if answer:
            args += ["-status_file", office.path(answer)]
        self.server = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait(self.listens)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def close(self):
        self.server.terminate()
        self.server.wait()


def answers(o):
    """NAME.ocsp: what an OCSP responder says of it."""
    earlier = build("old_time.c", os.path.join(ROOT, BIN, "old_time.so"), "-shared", "-fPIC")

    def answer(about, issuer, out, signer=None, valid=("-ndays", "7"), md=(), seconds_ago=0):
        run("ocsp", *md, "-issuer", o.path(f"{issuer}.one"), "-cert", o.path(f"{about}.one"), "-no_nonce", "-reqout", o.path("ask"))
        run("ocsp", "-index", o.path("index"), "-CA", o.path(f"{issuer}.one"), "-rsigner", o.path(f"{signer or issuer}.one"),
            "-rkey", o.path(f"{signer or issuer}.key"), "-reqin", o.path("ask"), "-respout", o.path(out), *valid, cwd=o.folder,
            env=dict(os.environ, LD_PRELOAD=earlier, OLD_TIME_S=str(seconds_ago)) if seconds_ago else None)

    answer("good", "root", "good.ocsp")
    answer("good", "root", "sha256.ocsp", md=("-sha256",))
    answer("good", "root", "old.ocsp", seconds_ago=8 * 86400)
    answer("good", "root", "early.ocsp", seconds_ago=-3600)
    answer("good", "root", "just-over.ocsp", seconds_ago=7 * 86400 + 60)
    answer("back", "root", "back.ocsp")
    answer("by-below", "below", "by-below.ocsp")
    answer("good", "root", "forged.ocsp", signer="other")
    answer("good", "root", "by-a-leaf.ocsp", signer="rsa")
    o.make("responder", "root", ["basicConstraints=CA:FALSE", "extendedKeyUsage=OCSPSigning"])
    answer("good", "root", "delegated.ocsp", signer="responder")
    o.make("promise", "root", LOCAL + ["tlsfeature=status_request"])
    answer("promise", "root", "promise.ocsp")
    o.write("nobody", "")
    run("ocsp", "-index", o.path("nobody"), "-CA", o.path("root.one"), "-rsigner", o.path("root.one"), "-rkey", o.path("root.key"),
        "-reqin", o.path("ask"), "-respout", o.path("unknown.ocsp"), "-ndays", "7", cwd=o.folder)


STAPLED = [
    ("good", None, None), ("good", "good.ocsp", None), ("good", "sha256.ocsp", None), ("good", "delegated.ocsp", None), ("by-below", "by-below.ocsp", None),
    ("back", "back.ocsp", "was revoked"), ("back", "good.ocsp", "about another one"), ("good", "forged.ocsp", "not signed for its issuer"),
    ("good", "by-a-leaf.ocsp", "not signed for its issuer"), ("promise", "unknown.ocsp", "does not know it"),
    ("promise", "promise.ocsp", None), ("promise", None, "promises an OCSP answer"),
    ("good", "old.ocsp", "is not of now"), ("good", "early.ocsp", "is not of now"), ("good", "just-over.ocsp", None),  # clocks differ by minutes
]


def test_what_a_host_says_of_its_own_certificate():
    with House(start=False) as house:
        office = make(house.path("mine"))
        lists(office)
        answers(office)
        house.template = house.template.replace("ca_file    = {certs}/ca.crt", "ca_file    = mine/root.one")
        for name, answer, refusal in STAPLED:
            for version in (V12, V13):
                row = (name, answer, version.name)
                server = Stapler(office, name, answer, version)
                house.acs_port = server.port
                house.configure()
                done = house.run([f"{BIN}/nudge-sender", "-c", house.conf, "-o"], status=None)
                server.close()
                lines = [line for line in done.stderr.splitlines() if "certificate is not trusted" in line]
                if refusal is None:
                    assert not lines and "works\tgateway" in done.stdout, (row, done.stdout, done.stderr)
                    continue
                assert "its certificate is not trusted" in done.stdout, (row, done.stdout, done.stderr)
                assert len(lines) == 1 and re.search(f'why="[^"]*({refusal})', lines[0]) and " do=" in lines[0], (row, done.stderr)


def test_texts_wait_for_a_certificate_that_is_trusted():
    """Said once when it begins and once when it ends; not one request in between, and the text goes when it may."""
    front = Front()
    with House(start=False) as house:
        office = make(house.path("mine"))
        house.template = house.template.replace("ca_file    = {certs}/ca.crt", "ca_file    = mine/root.one")
        house.start_acs()
        front.to, house.acs_port = house.acs_port, front.port
        house.make_key()
        house.configure()
        front.show(office, "over", V13)
        house.start_nudged()
        house.start_sender()
        house.tell(siu("S12", "A1", in_seconds(90000)), siu("S12", "A2", in_seconds(90000), phone="608-555-0144^PRN^CP"))
        wait(lambda: house.log("nudge-sender").count("what=\"not accepted\"") >= 4)
        assert house.log("nudge-sender").count("certificate is not trusted") == 1 and front.requests == 0
        assert set(house.texts("A1").values()) == {"pending"} or house.texts("A1")["booked"] in ("pending", "sending"), house.texts("A1")
        front.show(office, "good", V13)
        house.wait_texts(2, 30)
        assert house.log("nudge-sender").count("certificate is trusted again") == 1
    front.listener.close()


def test_an_open_connection_is_judged_again():
    """A connection that was trusted goes on; when keys and lists are read again the host is looked at anew, and was taken back since."""
    front = Front()
    with House(start=False) as house:
        office = make(house.path("mine"))
        lists(office)
        house.template = house.template.replace("ca_file    = {certs}/ca.crt", "ca_file    = mine/root.one")
        house.start_acs()
        front.to, house.acs_port = house.acs_port, front.port
        house.make_key()
        house.configure(gateway="revocation_list = mine/root.crl")
        front.show(office, "good", V13)
        house.start_nudged()
        house.start_sender()
        house.tell(siu("S12", "A1", in_seconds(90000)))
        house.wait_texts(1)
        office.revoke("good", "root")
        office.list_of("root", "root.crl")
        house.tell(siu("S12", "A2", in_seconds(90000), patient="MRN2", phone="608-555-0144^PRN^CP"))
        house.wait_texts(2)
        assert front.handshakes == 1, "the second text went by the open connection, or this test sees nothing"
        house.ctl("reload", "--keys")
        time.sleep(2.5)  # libcurl counts the age of connections in seconds
        requests = front.requests
        house.tell(siu("S12", "A3", in_seconds(90000), patient="MRN3", phone="608-555-0145^PRN^CP"))
        wait(lambda: "certificate is not trusted" in house.log("nudge-sender"))
        assert "revoked" in house.log("nudge-sender") and front.requests == requests and len(house.accepted()) == 2
    front.listener.close()
