"""Who may do what: every command of the control socket, asked by somebody of each role and of none, and all of it written down."""
import glob
import json
import os
import pwd
import re
import socket

from house import ROOT, House
from run import Skip

USERS = {"nobody": None, "games": "view", "daemon": "operate", "bin": "phi"}
MAY = {"view": {"view", "operate"}, "operate": {"operate"}, "phi": {"phi"}, "any": {"view", "operate", "phi", None}}  # operate includes view
ROLES = {
    "status": "view", "appointments": "view", "explain": "view", "explain-phone": "phi", "report": "view", "states": "view",
    "quarantine": "view", "quarantine-show": "phi", "quarantine-replay": "operate", "quarantine-discard": "operate", "optout-list": "view",
    "optout-add": "operate", "optout-remove": "operate", "optout-compare": "operate", "optout-find": "phi", "refused-list": "view", "refused-find": "phi", "refused-release": "operate", "certificates": "view",
    "learn": "view", "history": "operate", "audit": "view", "approve": "any", "backup": "operate", "rotate": "operate", "diff": "view", "records": "view",
    "verify": "view", "reload": "operate", "hold": "operate", "release": "operate",
    "log": "view", "log-set": "operate", "sender": "view",
}


def ask(path, user, command, **more):
    """Over a connection of that user, as the kernel tells it."""
    s = socket.socket(socket.AF_UNIX)
    os.seteuid(pwd.getpwnam(user).pw_uid)
    try:
        s.connect(path)
    finally:
        os.seteuid(0)
    with s:
        s.settimeout(60)
        s.sendall(json.dumps({"command": command, **more}).encode() + b"\n")
        return json.loads(s.makefile().readline())


def test_every_command_with_every_role():
    if os.getuid() != 0:
        raise Skip("only root can ask as somebody else")
    with open(f"{ROOT}/src/control/server.c") as f:
        roles = {name: role.lower() for name, role in re.findall(r'\{ "([a-z-]+)", ACCESS_([A-Z]+),', f.read())}
    assert not {name for name, role in ROLES.items() if roles.get(name) != role}, "a command has another role than was decided"
    with House(top="access { view = {games}  operate = {daemon}  phi = {bin} }") as house:
        os.chmod(house.folder, 0o755)
        os.chmod(house.path("run"), 0o755)
        for command, role in roles.items():
            for user, has in USERS.items():
                a = ask(house.path("run/control"), user, command)
                refused = not a["ok"] and re.match(r"you may not do this|only who is listed in access\.phi", a["error"])
                assert bool(refused) == (has not in MAY[role]), (command, user, a)
        house.stop("nudged")
        written = {}
        for path in glob.glob(house.path("state/audit/audit-*.jsonl")):
            with open(path) as f:
                for r in map(json.loads, f):
                    kind, _, command = r["what"].partition(".")
                    if kind in ("command", "phi"):
                        written[command, r["who"]["id"].split("/")[1]] = (kind, r["why"])
        for command, role in roles.items():
            for user, has in USERS.items():
                kind, why = written[command, user]
                assert kind == ("phi" if role == "phi" else "command") and (why == "not allowed") == (has not in MAY[role]), (command, user, why)
