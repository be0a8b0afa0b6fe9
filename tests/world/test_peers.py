"""The simulated gateway is right: the vendor's own client gets along with it."""
import json
import os
import shutil
import subprocess

from house import ACCESS_KEY, HERE, ROOT, House
from run import Skip

PEERS = os.path.join(HERE, "peers")
INTO = os.path.join(ROOT, "build", "peers")


def installed():
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Skip(f"{program} is not here, so the vendor's client cannot be run")
    os.makedirs(INTO, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(PEERS, name), INTO)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=INTO, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise Skip(f"the vendor's client cannot be installed: {done.stderr.strip().splitlines()[-1:]}")


def test_the_official_client():
    installed()
    with House(start=False) as house:
        house.start_acs()
        env = dict(os.environ, NODE_EXTRA_CA_CERTS=f"{house.certs}/ca.crt", NUDGE_PEERS=INTO)
        done = house.run(["node", os.path.join(PEERS, "acs_client.mjs"), f"https://localhost:{house.acs_port}", ACCESS_KEY], env=env)
        out = json.loads(done.stdout.strip().splitlines()[-1])
        assert [r["successful"] for r in out["one"]] == [True] and out["one"][0]["messageId"].startswith("Outgoing_"), out
        assert [r["httpStatusCode"] for r in out["mixed"]] == [202, 400] and out["mixed"][1]["errorMessage"], out
        assert out["plain"][0]["repeatabilityResult"] == "accepted"
        assert out["wrongKey"] == 401 and out["wrongFrom"] == 400, out
        got = house.accepted()
        assert [t["message"] for t in got] == ["Hello é", "Two", "No options"] and got[0]["tag"] == "t1"
        house.sim("reset", {})
