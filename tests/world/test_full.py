"""A full disk means silence and a closed connection, never AA."""
import os
import resource
import shutil
import subprocess

from feed import code, in_seconds, siu
from house import House, wait
from run import Skip


def test_full_disk():
    with House(start=False) as house:
        state = house.path("state")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "none", state], capture_output=True).returncode:
            shutil.rmtree(house.folder)
            raise Skip("needs to mount a small file system")
        try:
            house.start()
            with house.feed() as feed:
                assert code(feed.send(siu("S12", "B0", in_seconds(90000), phone=""))) == "AA"
            acked, n = {"B0"}, 0
            filler = os.path.join(state, "filler")
            fd = os.open(filler, os.O_WRONLY | os.O_CREAT)
            try:
                while os.write(fd, b"x" * 4096):
                    pass
            except OSError:
                pass
            os.close(fd)
            refused = 0
            while refused < 3 and n < 3000:
                n += 1
                try:
                    with house.feed() as feed:
                        answer = code(feed.send(siu("S12", f"F{n}", in_seconds(90000), phone="")))
                except OSError:
                    answer = "closed"
                assert answer in ("AA", "closed"), answer
                if answer == "AA":
                    acked.add(f"F{n}")
                else:
                    refused += 1
            assert refused == 3, "it never became full"
            assert house.status()["store_busy"]
            assert "cannot store" in house.log("nudged")
            os.unlink(filler)
            wait(lambda: house.tell(siu("S12", "AFTER", in_seconds(90000), phone="")) == ["AA"], 15)
            known = {a["id"] for a in house.appointments("--all")}
            assert acked <= known, acked - known
            house.stop("nudged")
        finally:
            house.end()
            subprocess.run(["umount", "-l", state])


def test_writes_that_fail():
    """No file may grow any more (nothing need be mounted for this): an AA is still only for what is stored."""
    with House(start=False) as house:
        house.start_acs()
        house.configure()
        house.make_key()
        house.start_nudged(restore_signals=False)  # SIGXFSZ stays ignored: writes fail instead
        assert house.tell(siu("S12", "W0", in_seconds(90000), phone="")) == ["AA"]
        acked, pid = {"W0"}, house.processes["nudged"].pid
        most = max(os.path.getsize(os.path.join(house.path("state"), f)) for f in os.listdir(house.path("state")))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most + 65536, resource.RLIM_INFINITY))
        refused = n = 0
        while refused < 3 and n < 3000 and house.processes["nudged"].poll() is None:
            n += 1
            try:
                with house.feed() as feed:
                    answer = code(feed.send(siu("S12", f"W{n}", in_seconds(90000), phone="")))
            except OSError:
                answer = "closed"
            assert answer in ("AA", "closed"), answer
            if answer == "AA":
                acked.add(f"W{n}")
            else:
                refused += 1
        assert refused or house.processes["nudged"].poll() is not None, "writing never failed"
        if house.processes["nudged"].poll() is None:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            wait(lambda: house.tell(siu("S12", "AGAIN", in_seconds(90000), phone="")) == ["AA"], 15)
            acked.add("AGAIN")
        house.kill("nudged")
        house.start_nudged()
        known = {a["id"] for a in house.appointments("--all")}
        assert acked <= known, acked - known
        assert house.tell(siu("S12", "AFTER", in_seconds(90000), phone="")) == ["AA"]
