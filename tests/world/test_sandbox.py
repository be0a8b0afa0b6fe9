"""What nudge-sender has not: a database, the store's key, anything open of the state, a socket on which it listens."""
import glob
import os

from feed import in_seconds, siu
from house import House


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
