"""What nudge-sender has not: a database, the store's key, anything open of the state, a socket on which it listens; and nudged: users."""
import glob
import os
import pwd
import re
import socket
import struct
import subprocess

from feed import in_seconds, siu
from house import BIN, House, wait
from run import Skip
from test_roles import ask


def open_files(pid):
    found = []
    for fd in glob.glob(f"/proc/{pid}/fd/*"):
        try:
            found.append(os.readlink(fd))
        except FileNotFoundError:
            pass
    return found


def listening(pid):
    """Inodes of its sockets that listen, of any family."""
    inodes = set()
    for kind in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{kind}") as f:
            inodes |= {c[9] for c in (line.split() for line in f.readlines()[1:]) if c[3] == "0A"}
    with open(f"/proc/{pid}/net/unix") as f:
        inodes |= {c[6] for c in (line.split() for line in f.readlines()[1:]) if int(c[3], 16) & 0x10000}
    return inodes & {name[len("socket:["):-1] for name in open_files(pid) if name.startswith("socket:[")}


def test_no_database_no_key_no_listening_socket():
    with House() as house:
        house.stop("nudge-sender")
        os.rename(house.path("keys/store.key"), house.path("keys/elsewhere"))  # nudged has read it; nudge-sender needs none
        house.start_sender()
        house.tell(siu("S12", "B1", in_seconds(90000)))
        house.wait_texts(1)
        sender, nudged = (house.processes[n].pid for n in ("nudge-sender", "nudged"))
        with open(f"/proc/{sender}/maps") as f:
            assert "sqlite" not in f.read()
        assert not [name for name in open_files(sender) if name.startswith(house.path("state"))]
        assert [name for name in open_files(nudged) if name.startswith(house.path("state"))], "so it would be seen"
        assert not listening(sender) and listening(nudged)
        os.rename(house.path("keys/elsewhere"), house.path("keys/store.key"))


def test_no_door_for_administrators_on_the_network():
    """pain: an administration port open to the network"""
    with House() as house:
        nudged = house.processes["nudged"].pid
        doors = []
        for kind in ("tcp", "tcp6", "udp", "udp6"):
            with open(f"/proc/{nudged}/net/{kind}") as f:
                doors += [(kind, int(c[1].rsplit(":", 1)[1], 16)) for c in (line.split() for line in f.readlines()[1:])
                          if (kind[:3] == "udp" or c[3] == "0A") and f"socket:[{c[9]}]" in open_files(nudged)]
        assert doors == [("tcp", house.port)], "the listener's port, and no other"


def open_house(house, door):
    """nudged in a user namespace of its own, where everybody but its user is nobody; with or without the door before it."""
    house.start_acs()
    house.make_key()
    house.configure()
    os.chmod(house.folder, 0o755)
    os.chmod(house.path("run"), 0o755)
    if door:
        house.spawn("door", [f"{BIN}/nudged", "-d", house.path("run/door"), house.path("run/control"), house.path("run/sender")], "what=ready")
    house.start_nudged_as = ["unshare", "--user", "--map-root-user", f"{BIN}/nudged", "-c", house.conf]
    house.spawn("nudged", house.start_nudged_as, r"what=ready", env={"NUDGE_DOOR": house.path("run/door")} if door else {})
    house.start_sender()


def test_who_calls_is_known_where_all_are_nobody():
    if os.geteuid() != 0 or subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False, capture_output=True).returncode:
        raise Skip("only root can make a user namespace and ask as somebody else")
    top = "access { view = {games}  operate = {daemon} }"
    with House(top=top, start=False) as house:
        open_house(house, door=False)
        assert not ask(house.path("run/control"), "games", "status")["ok"], "without the door it would not be known, or this test sees nothing"
    with House(top=top, start=False) as house:
        open_house(house, door=True)
        wait(lambda: house.status()["sender_connected"])
        control = house.path("run/control")
        may = lambda user, command: not re.match("you may not", ask(control, user, command).get("error", ""))
        assert may("games", "status") and not may("games", "hold") and may("daemon", "hold") and not may("nobody", "status")
        house.tell(siu("S12", "B1", in_seconds(90000)))
        house.wait_texts(1)
        # only its own user may hand somebody over
        assert os.stat(house.path("run/door")).st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            os.seteuid(pwd.getpwnam("games").pw_uid)
            try:
                s.connect(house.path("run/door"))
                raise AssertionError("somebody else reached nudged's side of the door")
            except PermissionError:
                pass
            finally:
                os.seteuid(0)
        # what is no caller changes nothing
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(house.path("run/door"))
            here, there = socket.socketpair()
            for ticket in (b"", b"x", struct.pack("=II", 0, 0), struct.pack("=II", 2, 0), struct.pack("=III", 0, 0, 0)):
                s.send(ticket)
                socket.send_fds(s, [ticket or b"y"], [here.fileno(), there.fileno()])
            here.close(), there.close()
        assert may("games", "status")
        for _ in range(80):  # more than may call at once: the others are closed, and nobody waits for them
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(control)
        assert may("games", "status")
        # the door may fall: who is inside stays, and the next comes in by another
        house.kill("door")
        house.tell(siu("S12", "B2", in_seconds(90000), phone="608-555-0144^PRN^CP"))
        house.wait_texts(2)
        house.spawn("door", [f"{BIN}/nudged", "-d", house.path("run/door"), house.path("run/control"), house.path("run/sender")], "what=ready")
        assert may("games", "status") and house.status()["sender_connected"]
        house.stop("nudged")
        assert "nudged does not run" in house.ctl("status", status=1).stderr
        house.spawn("nudged", house.start_nudged_as, r"what=ready", env={"NUDGE_DOOR": house.path("run/door")})
        wait(lambda: house.status()["sender_connected"])
