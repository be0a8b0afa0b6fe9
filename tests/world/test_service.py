"""What a service manager sees: sockets that stay, progress that feeds the watchdog, states that begin and end."""
import ctypes
import os
import socket
import threading
import time

from feed import Feed, code, in_seconds, siu
from house import BIN, SLOW, House, wait
from run import Skip

PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_DETACH = 0x4206, 0x4207, 17


def activated(house, listening, env=None):
    """nudged as systemd starts it: the listening socket is descriptor 3."""
    def hand_over():
        os.dup2(listening.fileno(), 3)
        os.set_inheritable(3, True)
    house.spawn("nudged", ["sh", "-c", f"LISTEN_FDS=1 LISTEN_PID=$$ exec {BIN}/nudged -c {house.conf}"], r"what=ready", env=env,
                preexec_fn=hand_over, pass_fds=(3,))


def test_restart_refuses_nobody():
    """The port belongs to the service manager: twenty restarts under load, not one connection refused, nothing lost.

    pain: a restart that refuses senders or needs two processes at once"""
    with House(start=False) as house, socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        house.port = listening.getsockname()[1]
        house.start_acs()
        house.make_key()
        house.configure()
        activated(house, listening)
        acked, refused, stop = [], [], threading.Event()

        def feed(who):
            n = 0
            while not stop.is_set():
                n += 1
                try:
                    with Feed(house.port, house.certs) as f:
                        if code(f.send(siu("S12", f"{who}-{n}", in_seconds(90000), phone=""))) == "AA":
                            acked.append(f"{who}-{n}")
                except ConnectionRefusedError:
                    refused.append(n)
                except OSError:
                    pass
        threads = [threading.Thread(target=feed, args=(who,)) for who in "abcdef"]
        for t in threads:
            t.start()
        try:
            for _ in range(20 // SLOW):
                before = len(acked)
                status = house.stop("nudged")
                assert status == 0, f"nudged ended with {status}: {house.log('nudged')[-6000:]}"
                activated(house, listening)
                wait(lambda: len(acked) > before)
        finally:
            stop.set()
            for t in threads:
                t.join()
        assert not refused, f"{len(refused)} connections refused"
        known = {a["id"] for a in house.appointments("--all")}
        assert set(acked) <= known, set(acked) - known


def engine_of(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as f:
            if f.read().strip() == "engine":
                return int(task)
    raise AssertionError("nudged has no thread named engine")


def test_watchdog_wants_progress():
    """A main loop that still runs does not feed the watchdog when the engine no longer turns.

    pain: it looks alive and sends nothing

    pain: a store that hangs, and a service that looks alive and does nothing"""
    with House(start=False) as house, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(house.path("notify"))
        manager.settimeout(0.2)
        said = []

        def listen(seconds):
            end, got = time.time() + seconds, []
            while time.time() < end:
                try:
                    got += manager.recv(4096).decode().split("\n")
                except TimeoutError:
                    pass
            said.extend(got)
            return got
        house.start_acs()
        house.make_key()
        house.configure()
        house.start_nudged(env={"NOTIFY_SOCKET": house.path("notify"), "WATCHDOG_USEC": "14000000"})
        wait(lambda: "WATCHDOG=1" in listen(1.0))
        assert "READY=1" in said
        libc = ctypes.CDLL(None, use_errno=True)
        libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        engine = engine_of(house.processes["nudged"].pid)
        if libc.ptrace(PTRACE_SEIZE, engine, None, None) or libc.ptrace(PTRACE_INTERRUPT, engine, None, None):
            raise Skip("may not hold a thread of another process here")
        try:
            wait(lambda: "WATCHDOG=1" not in listen(3.0), 30)
        finally:  # a thread that is held would outlive its process
            libc.ptrace(PTRACE_DETACH, engine, None, None)
        house.kill("nudged")
