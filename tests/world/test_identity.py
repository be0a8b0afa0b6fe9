"""How nudge-sender proves who it is: two keys, an application of Entra ID, the machine's identity; renewed ahead, and when it fails."""
import base64
import hashlib
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.request

from feed import in_seconds, siu
from house import ACCESS_KEY, HERE, House, wait

TENANT, CLIENT = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
SECRET = "s3cret+/=&value~"


class Identity(House):
    """A house whose gateway takes tokens of the simulated giver."""

    def __init__(self, mode, expires_in=3600, realm="", client=CLIENT, **parts):
        super().__init__(start=False, **parts)
        self.write("tokens", "")
        os.mkdir(self.path("arc"))
        self.acs_args = ("--tokens", self.path("tokens"))
        self.write("keys/entra.secret", SECRET + "\n", 0o600)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nudge", "-days", "30", "-keyout", self.path("keys/e.key"),
                        "-out", self.path("keys/e.crt")], check=True, capture_output=True)
        with open(self.path("keys/e.key")) as key, open(self.path("keys/e.crt")) as crt:
            self.write("keys/entra.pem", key.read() + crt.read(), 0o600)
        found = self.spawn("identity", [sys.executable, os.path.join(HERE, "identity_sim.py"), "--mode", mode, "--tokens", self.path("tokens"),
                                        "--cert", f"{self.certs}/acs.crt", "--key", f"{self.certs}/acs.key", "--tenant", TENANT, "--client-id", client,
                                        "--secret", SECRET, "--certificate", self.path("keys/e.crt"), "--arc-keys", self.path("arc"), "--realm", realm,
                                        "--expires-in", str(expires_in)], r"ready (\d+) (\d+)")
        self.identity_port, self.identity_control = int(found.group(1)), int(found.group(2))
        gateway = {"entra": f'tenant = "{TENANT}"\n authority = "https://localhost:{self.identity_port}"',
                   "imds": f'auth = managed-identity\n identity_endpoint = "http://127.0.0.1:{self.identity_port}"',
                   "arc": f'auth = arc\n arc_keys = {self.path("arc")}\n identity_endpoint = "http://127.0.0.1:{self.identity_port}"'}[mode]
        self.parts["gateway"] = gateway + (f'\n client_id = "{client}"' if client else "") + "\n" + parts.get("gateway", "")
        self.template = self.template.replace("    access_key = keys/acs.key\n", "")
        self.autostart = True

    def identity(self, value=None):
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.identity_control}/", data=data), timeout=10) as r:
            return json.loads(r.read())

    def book(self, *names):
        assert set(self.tell(*[siu("S12", n, in_seconds(90000), patient=f"MRN5{n}", phone=f"60855501{50 + int(n[1:]):02}^PRN^CP") for n in names])) == {"AA"}

    def no_secrets_in_logs(self):
        for name in ("nudged", "nudge-sender"):
            assert "eySim" not in self.log(name) and SECRET not in self.log(name) and "eyJ" not in self.log(name)


def good(house):
    requests = house.identity()
    assert requests and not [r for r in requests if r["problem"]], requests
    house.no_secrets_in_logs()
    return requests


def test_client_secret():
    with Identity("entra", gateway="auth = client-secret\n client_secret = keys/entra.secret") as house:
        house.book("G1", "G2", "G3")
        house.wait_texts(3, 15)
        assert len(good(house)) == 1, "one token serves them all"


def test_client_certificate():
    with Identity("entra", gateway="auth = client-certificate\n client_certificate = keys/entra.pem") as house:
        house.book("G1")
        house.wait_texts(1, 15)
        good(house)
        # nudged, which cannot read the file with the key, knows when the certificate in it ends
        os.chmod(house.path("keys/entra.pem"), 0o000)
        mine = lambda: [c for c in house.ctl_json("certificates") if c["setting"] == "client_certificate"]
        wait(mine)
        assert [(c["block"], c["title"], c["kind"], c["state"] != "unreadable") for c in mine()] == [("gateway", "acs", "own", True)], mine()
        with open(house.path("keys/entra.pem")) if os.geteuid() == 0 else open(os.devnull) as f:
            pem = re.search("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", f.read(), re.S)
        if pem:
            assert mine()[0]["sha256"] == hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[0] + "\n")).hexdigest()
        os.chmod(house.path("keys/entra.pem"), 0o600)


def test_managed_identity():
    for client in (CLIENT, ""):
        with Identity("imds", client=client) as house:
            house.book("G1")
            house.wait_texts(1, 15)
            good(house)


def test_azure_arc():
    with Identity("arc", client="") as house:
        house.book("G1")
        house.wait_texts(1, 15)
        assert [r["status"] for r in good(house)] == [401, 200]


def test_azure_arc_does_not_hand_out_other_files():
    with Identity("arc", client="", realm="/etc/ssl/private.key") as house:
        house.book("G1")
        wait(lambda: "challenge of Azure Arc was not answered" in house.log("nudge-sender"))
        house.stays(0, 1)
        assert not [r for r in house.identity() if r["problem"]], "nothing was sent in answer"
        wait(lambda: house.status()["numbers_blocked"] == 1)


def test_renewed_ahead_and_the_old_one_serves_while_it_fails():
    with Identity("entra", expires_in=16, gateway="auth = client-secret\n client_secret = keys/entra.secret") as house:
        house.book("G1")
        house.wait_texts(1, 15)
        house.identity({"status": 503, "error": "temporarily_unavailable", "count": 1000})
        wait(lambda: "the old one serves on" in house.log("nudge-sender"), 30)
        house.book("G2")
        house.wait_texts(2, 5)
        house.identity({"count": 0, "expires_in": 3600})
        wait(lambda: [r for r in house.identity() if r["status"] == 200][1:], 40)
        house.book("G3")
        house.wait_texts(3, 10)
        good(house)


def test_a_refused_secret_stops_and_the_right_one_resumes():
    with Identity("entra", gateway="auth = client-secret\n client_secret = keys/entra.secret") as house:
        house.write("keys/entra.secret", "yesterday's", 0o600)
        house.stop("nudge-sender")
        house.start_sender()
        house.book("G1", "G2")
        wait(lambda: house.status()["numbers_blocked"] == 1)
        assert "reason=invalid_client" in house.log("nudge-sender") and "aadsts=7000215" in house.log("nudge-sender")
        house.stays(0, 1)
        house.write("keys/entra.secret", SECRET, 0o600)
        house.processes["nudge-sender"].send_signal(1)
        house.wait_texts(2, 40)
        house.stays(2, 0.5)
        assert house.log("nudged").count("gateway refuses this number") == 1


def test_two_keys_in_rotation():
    """The first key is made invalid: the second is used, nothing waits, nobody is alarmed about the gateway."""
    other = base64.b64encode(bytes(range(32, 64))).decode()
    with House(start=False, gateway="access_key_2 = keys/second.key") as house:
        house.write("keys/second.key", f"endpoint=https://localhost:1/;accesskey={other}\n", 0o600)
        house.start_acs()
        port, control = house.acs_port, house.sim_port
        house.write("keys/second.key", f"endpoint=https://localhost:{port}/;accesskey={other}\n", 0o600)
        house.make_key()
        house.configure()
        house.start_nudged()
        house.start_sender()
        house.tell(siu("S12", "K1", in_seconds(90000), phone="6085550161^PRN^CP"))
        house.wait_texts(1)
        house.kill("acs")
        import house as h
        h.ACCESS_KEY = other  # what the gateway takes from now on
        house.start_acs()
        house.tell(siu("S12", "K2", in_seconds(90000), patient="MRN77", phone="6085550162^PRN^CP"))
        wait(lambda: [t for t in house.journal() if t["to"].endswith("0162")])
        house.tell(siu("S12", "K3", in_seconds(90000), patient="MRN78", phone="6085550163^PRN^CP"))
        wait(lambda: [t for t in house.journal() if t["to"].endswith("0163")])
        assert house.sim("problems") == ["the signature is wrong"], "the first key was tried once, then no more"
        assert "refuses this number" not in house.log("nudged")
        assert re.search(r"only the other of the two access keys.*in_use=access_key_2", house.log("nudge-sender"))
        house.stop("acs")
        assert (port, control) == (house.acs_port, house.sim_port) and ACCESS_KEY != other
