"""What a check says of a configuration that people got wrong: everything at once, each at its line, with what would be right."""
import json
import os
import re
import subprocess

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


def test_sites_that_nothing_reaches():
    with dead(more=SITES.format()) as house:
        said(house, check(house), 'site "two"', 'no message reaches it: site "cardiology", which stands before it, takes all of them')
        house.template = CONF.replace("{more}", "").replace('site "cardiology"', '{more}\nsite "cardiology"')
        house.configure()
        check(house, status=0)
