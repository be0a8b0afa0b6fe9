#!/usr/bin/env python3
"""The units of systemd/: what each is still exposed by, exactly; the score; that systemd understands every line."""
import json
import os
import shutil
import subprocess
import sys

os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOCKETS = "RestrictAddressFamilies=~AF_"

# What is left, and nothing else; a new weakness fails, and so does a mended one that stays listed.
EXPOSED = {
    "nudged.service": (2, {
        "RootDirectory=/RootImage=", SOCKETS + "UNIX",
        "DeviceAllow=",   # ProtectClock lets the clock be read
    }),
    "nudge-door.service": (4, {
        "RootDirectory=/RootImage=", SOCKETS + "UNIX", "DeviceAllow=",
        "PrivateUsers=",  # it is there to see who calls
    }),
    "nudge-sender.service": (11, {
        "RootDirectory=/RootImage=", SOCKETS + "UNIX", SOCKETS + "(INET|INET6)",
        "PrivateNetwork=", "IPAddressDeny=",  # HTTPS to addresses that move is what it is for
        "DeviceAllow=",   # ProtectClock lets the clock be read
    }),
}
# A score says little of these.
MUST = {
    "nudged.service": {"PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "IPAddressDeny": "any", "MemoryDenyWriteExecute": "yes", "LimitCORE": "0",
                       "MemorySwapMax": "0", "User": "nudge", "UMask": "0077", "Type": "notify", "WatchdogSec": "90", "Restart": "on-failure",
                       "RestartPreventExitStatus": "2 78", "StateDirectoryMode": "0700", "Requires": "nudged.socket", "NoExecPaths": "/",
                       "SystemCallErrorNumber": "EPERM", "Environment": "NUDGE_BOOT_ID=%b", "PrivateUsers": "yes", "ProtectClock": "yes",
                       "RuntimeDirectoryPreserve": "yes", "Wants": "nudge-door.service"},
    "nudge-door.service": {"PrivateNetwork": "yes", "RestrictAddressFamilies": "AF_UNIX", "MemoryDenyWriteExecute": "yes", "User": "nudge", "UMask": "0077",
                           "InaccessiblePaths": "/etc/nudge -/var/lib/nudge -/var/lib/nudge-backup", "RuntimeDirectoryPreserve": "yes", "Restart": "always"},
    "nudge-sender.service": {"RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6", "MemoryDenyWriteExecute": "yes", "LimitCORE": "0", "MemorySwapMax": "0",
                             "User": "nudge-sender", "UMask": "0077", "Type": "notify", "WatchdogSec": "60", "Restart": "on-failure",
                             "RestartPreventExitStatus": "2 78", "NoExecPaths": "/", "PrivateUsers": "yes", "ProtectClock": "yes"},
    "nudged.socket": {"Service": "nudged.service", "Backlog": "4096", "FileDescriptorName": "mllp"},
}


def analyze(*args):
    return subprocess.run(["systemd-analyze", "--no-pager", *args], capture_output=True, text=True)


def lines(unit):
    found = {}
    with open(f"systemd/{unit}") as f:
        for line in f:
            key, is_setting, value = line.strip().partition("=")
            if is_setting and not line.startswith("#"):
                found.setdefault(key, []).append(value)
    return found


def main():
    faults = []
    for unit, (most, allowed) in EXPOSED.items():
        looked = analyze("security", "--offline=true", "--json=short", f"systemd/{unit}")
        exposed = {x["name"] for x in json.loads(looked.stdout) if float(x.get("exposure") or 0) > 0}
        for name in sorted(exposed - allowed):
            faults.append(f"{unit}: exposed by {name}")
        for name in sorted(allowed - exposed):
            faults.append(f"{unit}: no longer exposed by {name}: take it off the list")
        score = analyze("security", "--offline=true", f"--threshold={most}", f"systemd/{unit}")
        if score.returncode:
            faults.append(f"{unit}: {score.stdout.strip().splitlines()[-1]}")
    for unit, wanted in MUST.items():
        have = lines(unit)
        for key, value in wanted.items():
            if value not in have.get(key, []):
                faults.append(f"{unit}: {key}={value} is wanted, it has {have.get(key)}")
    # With the programs in place, systemd has nothing to say about any line.
    root = os.path.abspath("build/check/units")
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    for unit in MUST:
        with open(f"systemd/{unit}") as f:
            text = f.read().replace("/usr/sbin/nudge", "/bin/true #nudge").replace("/usr/bin/nudgectl reload", "/bin/true")
        text = "\n".join("ExecStart=/bin/true" if x.startswith("ExecStart=") else x for x in text.split("\n") if not x.startswith(("ExecPaths=", "Documentation=")))
        with open(os.path.join(root, unit), "w") as f:
            f.write(text)
    said = analyze("verify", "--man=no", *[os.path.join(root, u) for u in MUST])
    for line in (said.stdout + said.stderr).splitlines():
        if "nudge" in line:
            faults.append(line)
    print("\n".join(faults) or f"{len(EXPOSED)} units exposed as agreed, {sum(len(w) for w in MUST.values())} directives as wanted")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
