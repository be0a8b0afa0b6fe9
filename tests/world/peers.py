"""Programs from npm, installed once for each lock file into build/, however many tests ask at once."""
import fcntl
import hashlib
import os
import shutil
import subprocess

from house import HERE, ROOT
from run import Skip

PEERS = os.path.join(HERE, "peers")


def installed(folder="", into="peers", what="the vendor's client"):
    """Where the packages of peers/FOLDER are; skips the test, saying why, when they cannot be had."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise Skip(f"{program} is not here, so {what} cannot be run")
    there = os.path.join(ROOT, "build", into)
    os.makedirs(there, exist_ok=True)
    with open(os.path.join(PEERS, folder, "package-lock.json"), "rb") as f:
        wanted = hashlib.sha256(f.read()).hexdigest()
    with open(os.path.join(there, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = os.path.join(there, ".installed")
        if os.path.exists(stamp) and open(stamp).read() == wanted:
            return there
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(PEERS, folder, name), there)
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=there, capture_output=True, text=True, timeout=360)
        if done.returncode:
            raise Skip(f"{what} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
        with open(stamp, "w") as f:
            f.write(wanted)
    return there
