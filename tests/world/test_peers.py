"""Programs of other houses: the vendor's own client against the simulated gateway, senders against the intake."""
import json
import os
import subprocess

from feed import in_seconds, siu
from house import ACCESS_KEY, House, free_port
from peers import PEERS, installed
from run import Skip


def test_the_official_client():
    there = installed()
    with House(start=False) as house:
        house.start_acs()
        env = dict(os.environ, NODE_EXTRA_CA_CERTS=f"{house.certs}/ca.crt", NUDGE_PEERS=there)
        done = house.run(["node", os.path.join(PEERS, "acs_client.mjs"), f"https://localhost:{house.acs_port}", ACCESS_KEY], env=env)
        out = json.loads(done.stdout.strip().splitlines()[-1])
        assert [r["successful"] for r in out["one"]] == [True] and out["one"][0]["messageId"].startswith("Outgoing_"), out
        assert [r["httpStatusCode"] for r in out["mixed"]] == [202, 400] and out["mixed"][1]["errorMessage"], out
        assert out["plain"][0]["repeatabilityResult"] == "accepted"
        assert out["wrongKey"] == 401 and out["wrongFrom"] == 400, out
        got = house.accepted()
        assert [t["message"] for t in got] == ["Hello é", "Two", "No options"] and got[0]["tag"] == "t1"
        house.sim("reset", {})


def test_the_official_client_of_tomorrow():
    """Its beta knows the opt-out list."""
    there = installed()
    with House(start=False) as house:
        house.start_acs()
        env = dict(os.environ, NODE_EXTRA_CA_CERTS=f"{house.certs}/ca.crt", NUDGE_PEERS=there)
        done = house.run(["node", os.path.join(PEERS, "acs_beta_client.mjs"), f"https://localhost:{house.acs_port}", ACCESS_KEY], env=env)
        out = json.loads(done.stdout.strip().splitlines()[-1])
        listed = {k: [r.get("isOptedOut") for r in out[k]] for k in ("before", "between", "after", "other")}
        assert listed == {"before": [False, False], "between": [True, True, False], "after": [False, True], "other": [False]}, out
        assert [r["httpStatusCode"] for r in out["add"]] == [200, 200, 400] and out["add"][2]["errorMessage"], out
        assert out["remove"][0]["httpStatusCode"] == 200 and out["sent"][0]["successful"] and out["wrongKey"] == 401, out
        assert house.sim("optouts") == [["+18335550100", "+16085550124"]]
        house.sim("reset", {})


def official_identity(house, mode, how, proof=""):
    """Two texts by the official client, which proves who it is to the simulated giver."""
    from test_identity import CLIENT, TENANT
    env = dict(os.environ, NODE_EXTRA_CA_CERTS=f"{house.certs}/ca.crt", NUDGE_PEERS=installed())
    giver = f"https://localhost:{house.identity_port}" if mode == "entra" else f"http://127.0.0.1:{house.identity_port}"
    done = house.run(["node", os.path.join(PEERS, "identity_client.mjs"), how, f"https://localhost:{house.acs_port}", giver, TENANT, CLIENT, proof], env=env)
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_official_identities():
    """A secret, a certificate (its assertion is verified), a machine's identity; one token serves for both texts, and a wrong secret for none."""
    from test_identity import SECRET, Identity
    installed()
    for mode, how in (("entra", "secret"), ("entra", "certificate"), ("imds", "machine")):
        house = Identity(mode)
        house.autostart = False
        with house:
            house.start_acs()
            proof = {"secret": SECRET, "certificate": house.path("keys/entra.pem"), "machine": ""}[how]
            out = official_identity(house, mode, how, proof)
            assert out == {"sent": [True, True]}, (how, out, house.identity()[-3:])
            good = [r for r in house.identity() if r["status"] == 200 and "openid-configuration" not in r["path"]]
            assert len(good) == 1, good
            if how == "secret":
                out = official_identity(house, mode, how, "another")
                assert "sent" not in out and out["failed"].startswith("Authentication"), out
                assert house.identity()[-1]["problem"] == "the secret is another one", house.identity()[-3:]
            house.sim("reset", {})


PLAIN = """
listener "plain" {{ address = "127.0.0.1" port = {plain} tls = false environments = {{prod}} }}
"""


def with_plain(**parts):
    """A house that listens in plain as well, on loopback."""
    port = free_port()
    house = House(more=PLAIN.format(plain=port), **parts)
    house.plain = port
    return house


def test_a_sender_from_npm():
    there = installed("hl7", "senders", "a sender from npm")
    with with_plain() as house:
        env = dict(os.environ, NUDGE_PEERS=there)
        script = os.path.join(PEERS, "hl7_client.mjs")

        def says(letter, *where):
            done = house.run(["node", script, where[0], str(where[1]), "20", letter, *where[2:]], env=env)
            return json.loads(done.stdout.strip().splitlines()[-1])

        def in_plain(letter):
            out = says(letter, "127.0.0.1", house.plain)
            return out["answers"] == [["AA", f"{letter}{i}"] for i in range(20)], out
        # This client opens two connections of which both feed one reader; on a busy machine it mixed answers up, once in thousands.
        letter = "J"
        good, out = in_plain(letter)
        if not good:
            letter = "K"
            good, out = in_plain(letter)
        assert good, out
        assert out["batch"] and all(code == "AA" for code, _ in out["batch"]), out
        before = house.status()["messages"]
        out = says(letter, "localhost", house.port, f"{house.certs}/ca.crt", f"{house.certs}/sender.crt", f"{house.certs}/sender.key")
        assert out["answers"] == [["AA", f"{letter}{i}"] for i in range(20)], out
        m = house.status()["messages"]
        assert m["duplicate"] + m["control_id_reused"] - before["duplicate"] - before["control_id_reused"] == 20, (before, m)
        assert len([a for a in house.appointments() if a["id"].startswith(letter)]) == 22


PYTHON_SENDER = """
import socket, ssl, sys
from hl7.client import MLLPClient
host, port, certs, n = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
class Client(MLLPClient):
    def __init__(self):
        super().__init__(host, port)
        if certs:
            context = ssl.create_default_context(cafile=certs + "/ca.crt")
            context.load_cert_chain(certs + "/sender.crt", certs + "/sender.key")
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
text = sys.stdin.read()
with Client() as client:
    for i in range(n):
        answer = client.send_message(text.replace("CONTROL", "PY%d" % i).replace("VISIT", "PV%d" % i))
        assert answer.startswith(b"\\x0bMSH|") and answer.endswith(b"\\x1c\\r"), answer  # in one piece
        print(answer.split(b"\\r")[1].decode())
"""


def test_a_sender_from_debian():
    if subprocess.run(["/usr/bin/python3", "-c", "import hl7.client"], capture_output=True).returncode:
        raise Skip("python3-hl7 is not here")
    with with_plain() as house:
        text = siu("S12", "VISIT", in_seconds(90000), control_id="CONTROL")
        for port, certs in ((house.plain, ""), (house.port, house.certs)):
            done = house.run(["/usr/bin/python3", "-c", PYTHON_SENDER, "127.0.0.1", str(port), certs, "25"], input=text)
            assert done.stdout.splitlines() == [f"MSA|AA|PY{i}" for i in range(25)], done.stdout
        house.write("file.hl7", "\x0b" + text.replace("VISIT", "F1") + "\x1c\r")
        done = house.run(["mllp_send", "--port", str(house.plain), "--file", house.path("file.hl7"), "127.0.0.1"])
        assert "MSA|AA|CONTROL" in done.stdout, done.stdout
        assert len(house.appointments()) == 26 and house.status()["messages"]["duplicate"] == 25
