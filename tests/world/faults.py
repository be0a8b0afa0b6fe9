"""Calls of a running daemon fail when told to: tests/prove/fail_calls.c, and the file by which it is told."""
import errno
import mmap
import os
import struct
import subprocess

from house import BIN, ROOT

CALLS = {"read": 1, "write": 2, "sync": 4, "open": 8, "truncate": 16, "accept": 32, "wait": 64, "map": 128, "memory": 256}
KINDS = {"other": 1, "db": 2, "log": 4, "shm": 8, "journal": 16, "audit": 32, "file": 64, "socket": 128}
EVER = 1 << 30
FORM = "<IIIiiiIii"  # struct order
LIBRARY = os.path.join(ROOT, BIN, "fail_calls.so")


def build(source, out, *how):
    """A program or library of tests/prove that only these tests use; made when it is older than its source."""
    source = os.path.join(ROOT, "tests", "prove", source)
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        fresh = f"{out}.{os.getpid()}"
        subprocess.run(["gcc", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", source, "-o", fresh, *how], check=True)
        os.rename(fresh, out)
    return out


class Order:
    """What a program with env() in its environment is told. One with a sanitizer has a malloc of its own: there "memory" never fits."""

    def __init__(self, path):
        build("fail_calls.c", LIBRARY, "-shared", "-fPIC", "-ldl")
        self.path = path
        with open(path, "wb") as f:
            f.write(b"\0" * struct.calcsize(FORM))
        with open(path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), struct.calcsize(FORM))

    def env(self):
        return {"LD_PRELOAD": LIBRARY, "NUDGE_FAIL": self.path,
                "ASAN_OPTIONS": "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")}

    def arm(self, call, kind, after=1, times=1, error="EIO", lie=False):
        """The after-th such call from now, and so many in all. error: a name, or "short": half of it is done."""
        self.off()
        code = 0 if error == "short" else getattr(errno, error)
        self.memory[4:] = struct.pack(FORM, 1, CALLS[call], KINDS[kind], after, times, code, lie, 0, 0)[4:]
        self.memory[:4] = struct.pack("<I", 1)

    def off(self):
        """-> (calls that fitted, calls that failed)"""
        self.memory[:4] = struct.pack("<I", 0)
        return struct.unpack("<ii", self.memory[28:36])
