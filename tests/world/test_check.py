"""What a check says of a configuration that people got wrong: everything at once, each at its line, with what would be right."""
import base64
import http.server
import json
import os
import re
import socket
import ssl
import subprocess
import threading

import certs
from house import BIN, CONF, House

SITES = """
site "two" {{ environment = prod fhir_base_url = "https://lamna.example/R4" profile = generic time_zone = America/New_York number = main
    departments = {{EYE}} approver = none }}
"""


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


def dead(start=False, **parts):
    """A house in which nothing runs."""
    house = House(start=start, **parts)
    house.acs_port = 4443
    house.make_key()
    house.configure()
    return house


def check(house, *args, status=78):
    """The faults, as {"file:line": [text]}; both programs say the same."""
    done = house.run([f"{BIN}/nudgectl", "check", house.conf, *args], status=status)
    found = {}
    for line in done.stderr.splitlines():
        at = re.match(r"(/[^:]+)(?::(\d+))?: (error|warning): (.*)$", line)
        assert at, f"a line without its place: {line}"
        found.setdefault((os.path.basename(at.group(1)), int(at.group(2) or 0)), []).append(at.group(3) + ": " + at.group(4))
    return found


def line_of(house, text):
    with open(house.conf) as f:
        return next(n for n, line in enumerate(f, 1) if text in line)


def said(house, found, at, words):
    texts = found.get(("nudge.conf", line_of(house, at)), [])
    assert any(words in t for t in texts), f'"{words}" is not said at "{at}": {found}'


def test_everything_at_once():
    """Faults of values, links, certificates, keys, zones, templates and paths in one run, each at the line of its setting."""
    with dead() as house:
        os.mkdir(house.path("templates"))
        house.write("templates/en", "[booked]\nYour visit {startdate}\n")
        openssl("x509", "-in", f"{house.certs}/sender.crt", "-outform", "der", "-out", house.path("sender.cer"))
        with open(f"{house.certs}/sender.crt") as crt, open(f"{house.certs}/sender.key") as key:
            house.write("both.cer", crt.read() + key.read())
        house.template = (CONF.replace("{{{certs}/sender.crt}}", "{{sender.cer,\n both.cer}}").replace("{certs}/listener.key", "{certs}/acs.key")
                          .replace("America/Chicago", "America/Chicagoo").replace("gateway = acs", "gateway = asc\n    rate = 200")
                          .replace("settle = 0s", 'settle = 0\n    settel_x = 0s').replace("settel_x = 0s", 'link = "ZZZ-3.."\n    only_if = {{"PV1-2"}}')
                          .replace("languages = {{en, es}}", "languages = {{en, es}}\n    templates = templates"))
        house.configure()
        found = check(house)
        said(house, found, "gateway = asc", 'error: number "main": there is no gateway "asc"; did you mean "acs"?')
        said(house, found, "rate = 200", "rate is segments a minute, as 200/min")
        said(house, found, "certificates = {sender.cer", "is DER (binary), not Base64; convert it: openssl x509 -inform der -in ")
        said(house, found, "certificates = {sender.cer", "both.cer: holds a private key")
        said(house, found, "private_key = ", "does not belong to certificate")
        said(house, found, "time_zone = ", '"America/Chicagoo" is not known')
        said(house, found, "templates = templates", "en:2: unknown variable {startdate}")
        said(house, found, "templates = templates", "es: cannot be read: No such file")
        said(house, found, "link = ", 'path "ZZZ-3.."')
        said(house, found, "only_if = ", "is not in the form PATH = PATTERN")
        places = [p for p in found if p[0] == "nudge.conf"]
        assert places == sorted(places), "in the order of the file"
        service = house.run([f"{BIN}/nudged", "-t", "-c", house.conf], status=78).stderr
        for words in ("Chicagoo", "DER (binary)", "startdate", "does not belong", "ZZZ-3"):
            assert words in service, (words, service)
        listed = json.loads(house.run([f"{BIN}/nudgectl", "check", house.conf, "--json"], status=78).stdout)
        assert listed["ok"] is False and sum(not f["warning"] for f in listed["faults"]) == 10, listed


def test_files_people_have_instead():
    """Each wrong kind of file with the command that makes the right one of it."""
    with dead() as house:
        crt, key, at = f"{house.certs}/sender.crt", f"{house.certs}/sender.key", house.path
        openssl("pkcs12", "-export", "-in", crt, "-inkey", key, "-passout", "pass:x", "-out", at("a.pfx"))
        openssl("crl2pkcs7", "-nocrl", "-certfile", crt, "-out", at("a.p7b"))
        openssl("crl2pkcs7", "-nocrl", "-certfile", crt, "-outform", "der", "-out", at("b.p7b"))
        openssl("req", "-new", "-key", key, "-subj", "/CN=x", "-out", at("a.csr"))
        openssl("pkey", "-in", key, "-pubout", "-out", at("a.pub"))
        openssl("req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak", "-keyout", at("weak.key"), "-out", at("weak.cer"))
        house.write("empty.cer", "")
        house.write("cut.cer", open(crt).read()[:300])
        certs.self_signed(house.folder, "soon", "soon.example", [], days=5)
        openssl("pkey", "-in", f"{house.certs}/listener.key", "-outform", "der", "-out", at("der.key"))
        openssl("pkey", "-in", f"{house.certs}/listener.key", "-aes128", "-passout", "pass:x", "-out", at("locked.key"))
        os.chmod(at("der.key"), 0o600)
        os.chmod(at("locked.key"), 0o600)
        wrong = {"a.pfx": "is PKCS#12, which holds a private key; take the certificate out: openssl pkcs12 ",
                 "a.p7b": "is PKCS#7; convert it: openssl pkcs7 -print_certs -in ", "b.p7b": "openssl pkcs7 -inform der -print_certs -in ",
                 "a.csr": "is a certificate request", "a.pub": "is a key, not a certificate", "weak.cer": "weaker than RSA 2048",
                 "empty.cer": "holds no certificate in Base64", "cut.cer": "is damaged", "none.cer": "No such file", "soon.crt": "expires in "}
        house.template = CONF.replace("{certs}/sender.crt", ", ".join(wrong))
        house.configure()
        found = check(house)
        for name, words in wrong.items():
            assert any(name + ": " in t and words in t for texts in found.values() for t in texts), (name, words, found)
        for name, words in (("der.key", "openssl pkey -inform der -in "), ("locked.key", "has a passphrase"), ("a.pub", "holds no private key")):
            os.chmod(at(name), 0o600)
            house.template = CONF.replace("{certs}/listener.key", name)
            house.configure()
            said(house, check(house), "private_key = ", words)
        # and each command does what it says
        house.template = CONF.replace("{certs}/listener.key", "der.key")
        house.configure()
        line = next(t for texts in check(house).values() for t in texts if "openssl pkey" in t)
        subprocess.run(line.split("convert it: ")[1].replace("NEW.key", at("new.key")).split(), check=True, capture_output=True)
        house.template = CONF.replace("{certs}/listener.key", "new.key")
        house.configure()
        check(house, status=0)


def test_root_looks_after_the_services_secrets():
    """A key of the service's own user is right as it is; that others may read it is not."""
    if os.geteuid() != 0:
        return
    with dead() as house:
        key = house.path("keys/store.key")
        os.chown(key, 4711, 4711)
        assert not any("store_key" in t for texts in check(house, status=0).values() for t in texts)
        os.chmod(key, 0o640)
        said(house, check(house), "store_key ", "is open to its group (mode 0640); mend it with: chmod go-rwx ")


def test_sites_that_nothing_reaches():
    with dead(more=SITES.format()) as house:
        said(house, check(house), 'site "two"', 'no message reaches it: site "cardiology", which stands before it, takes all of them')
        house.template = CONF.replace("{more}", "").replace('site "cardiology"', '{more}\nsite "cardiology"')
        house.configure()
        check(house, status=0)


class Fhir:
    """A FHIR server on loopback over TLS; answer: status, headers, body."""

    def __init__(self, house):
        self.answer, self.asked = (200, {}, '{"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": {"name": "Epic"}}'), []
        fhir = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                fhir.asked.append((self.path, self.headers.get("Accept", ""), self.headers.get("Authorization")))
                status, headers, body = fhir.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(f"{house.certs}/acs.crt", f"{house.certs}/acs.key")
        self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://localhost:{self.server.server_address[1]}/api/FHIR/R4"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def online(house, *args, status):
    """{"gateway": (works, text)}; in text it says the same."""
    ca = args or ("--ca", f"{house.certs}/ca.crt")
    shown = house.run([f"{BIN}/nudgectl", "check", house.conf, "--online", *ca], status=status)
    listed = json.loads(house.run([f"{BIN}/nudgectl", "check", house.conf, "--online", *ca, "--json"], status=status).stdout)
    assert listed["ok"] is (status == 0)
    told = shown.stderr.splitlines()
    assert len(told) == len(set(told)), f"said twice: {told}"
    for x in listed["online"]:
        line = f'{x["what"]} "{x["title"]}": {x["url"]} {x["text"]}\n'
        assert (line in shown.stdout) if x["works"] else ("error: " + line in shown.stderr), (line, shown.stdout, shown.stderr)
    return {x["what"]: (x["works"], x["text"]) for x in listed["online"]}


def test_what_is_outside():
    """--online asks the gateway and the FHIR server, says per thing what happened, sends nothing, and tells no secret."""
    with House(start=False) as house, Fhir(house) as fhir:
        house.template = CONF.replace("https://lamnahealthcare.com/fhir/api/FHIR/R4", fhir.url)
        house.start_acs()
        house.make_key()
        house.configure()
        assert online(house, status=0) == {"gateway": (True, "takes access_key"), "fhir": (True, "is a FHIR server of version 4.0.1, Epic")}
        assert fhir.asked[0] == ("/api/FHIR/R4/metadata", "application/fhir+json, application/json;q=0.9", None), fhir.asked
        assert house.accepted() == [], "nothing is sent"
        good = fhir.answer
        for answer, works, words in (
                ((200, {}, good[2].replace("4.0.1", "3.0.2")), False, "but fhir_base_url names R4"),
                ((200, {"Content-Type": "text/html"}, "<html>Sign in</html>"), False, "no CapabilityStatement"),
                ((302, {"Location": "https://localhost/"}, ""), False, "sends whoever asks elsewhere"), ((404, {}, ""), False, "has no metadata"),
                ((401, {}, ""), True, "only to whom it knows"), ((503, {}, ""), False, "answers 503")):
            fhir.answer = answer
            said = online(house, status=0 if works else 1)["fhir"]
            assert said[0] is works and words in said[1], said
        fhir.answer = good
        # a FHIR server's certificate is the system's to know, unless told otherwise
        assert "is not trusted" in online(house, "--ca", "/etc/ssl/certs/ca-certificates.crt", status=1)["fhir"][1]
        house.write("keys/acs.key", base64.b64encode(b"x" * 32).decode(), 0o600)
        assert online(house, status=1)["gateway"] == (False, "refuses access_key: it is another resource's, or was replaced")
        house.stop("acs")
        assert "cannot be reached" in online(house, status=1)["gateway"][1]
        # what cannot be applied is not tried
        house.template = house.template.replace("America/Chicago", "America/Chicagoo")
        house.configure()
        done = house.run([f"{BIN}/nudgectl", "check", house.conf, "--online"], status=78)
        assert "Chicagoo" in done.stderr and "was not tried: mend these first" in done.stderr, done.stderr


def test_ports_in_use():
    """Another program's port is an error that names it; our own daemon's is fine, for both programs."""
    with House() as house:
        check(house, status=0)
        house.run([f"{BIN}/nudged", "-t", "-c", house.conf])
        with socket.create_server(("127.0.0.1", 0)) as other:
            mine = other.getsockname()[1]
            house.template = CONF.replace("port = {port}", f"port = {mine}")
            house.configure()
            words = f'error: listener "epic": port {mine} is in use by {open("/proc/self/comm").read().strip()} (process {os.getpid()})'
            said(house, check(house), "port = ", words)
            assert words.replace("error: ", "") in house.run([f"{BIN}/nudged", "-t", "-c", house.conf], status=78).stderr
        check(house, status=0)
        house.template = CONF.replace("127.0.0.1", "192.0.2.1")
        house.configure()
        said(house, check(house), 'address = ', "192.0.2.1 is not one of this machine's")
        # another nudged holds the port
        house.template = CONF.replace("{folder}/run/control", "{folder}/run/second")
        house.configure()
        said(house, check(house), "port = ", f"port {house.port} is in use by nudged")


def test_ports_of_a_nudged_behind_its_door():
    """Another process answers at the control socket: the port is our own all the same, and another house's is not."""
    with House() as other, House(start=False) as house:
        house.start_acs()
        house.make_key()
        house.configure()
        check(house, status=0)
        house.spawn("door", [f"{BIN}/nudged", "-d", house.path("run/door"), house.path("run/control"), house.path("run/sender")], "what=ready")
        house.spawn("nudged", [f"{BIN}/nudged", "-c", house.conf], "what=ready", env={"NUDGE_DOOR": house.path("run/door")})
        check(house, status=0)
        house.run([f"{BIN}/nudged", "-t", "-c", house.conf])
        house.template = CONF.replace("port = {port}", f"port = {other.port}")
        house.configure()
        said(house, check(house), "port = ", f'error: listener "epic": port {other.port} is in use by nudged')
        house.template = CONF
        house.configure()
        house.stop("nudged")
        with socket.create_server(("127.0.0.1", house.port)):
            said(house, check(house), "port = ", f'port {house.port} is in use by {open("/proc/self/comm").read().strip()}')


def test_only_the_sender_has_a_way_out():
    def needs(program):
        return subprocess.run(["readelf", "-d", f"{BIN}/{program}"], check=True, capture_output=True, text=True).stdout
    assert "libcurl" in needs("nudge-sender") and "libcurl" not in needs("nudged") + needs("nudgectl")
