"""A full disk means silence and a closed connection, never AA."""
import os
import resource
import shutil
import subprocess

from feed import code, in_seconds, siu
from house import House, wait
from run import Skip


def test_full_disk():
    """pain: an acknowledgement while the disk was full"""
    with House(start=False, top="disk_stop = 0 disk_shed = 0") as house:
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
            wait(lambda: house.tell(siu("S12", "AFTER", in_seconds(90000), phone="")) == ["AA"])
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
            wait(lambda: house.tell(siu("S12", "AGAIN", in_seconds(90000), phone="")) == ["AA"])
            acked.add("AGAIN")
        house.kill("nudged")
        house.start_nudged()
        known = {a["id"] for a in house.appointments("--all")}
        assert acked <= known, acked - known
        assert house.tell(siu("S12", "AFTER", in_seconds(90000), phone="")) == ["AA"]


def test_watermarks():
    """Below disk_shed the quarantine shrinks; below disk_stop nobody is answered, and what was planned still goes out.

    pain: a full disk that comes as a surprise"""
    with House() as house:
        assert house.status()["disk"]["state"] == "enough"
        with house.feed() as feed:
            for i in range(40):
                assert code(feed.send(siu("S12", f"Q{i}", None) + "NTE|1||" + "x" * 60000 + "\r")) == "AA"
        before = house.status()["quarantine"]
        assert before["bytes"] > 2 << 20 and before["dropped"] == 0, before
        assert house.tell(siu("S12", "ON", in_seconds(90000))) == ["AA"]
        house.wait_texts(1)

        def marks(state, **mark):
            house.configure(top=" ".join(f"{k} = {v}" for k, v in mark.items()))
            house.ctl("reload")
            wait(lambda: house.status()["disk"]["state"] == state)
        marks("low", disk_warn="1000000GiB")
        assert house.status()["quarantine"] == before
        assert house.tell(siu("S12", "LOW", in_seconds(90000), phone="")) == ["AA"]
        marks("shedding", disk_warn="1000000GiB", disk_shed="1000000GiB")
        wait(lambda: house.status()["quarantine"]["bytes"] <= 1 << 20)
        assert house.tell(siu("S12", "SHED", in_seconds(90000), phone="")) == ["AA"]
        marks("stopped", disk_warn="1000000GiB", disk_shed="1000000GiB", disk_stop="1000000GiB")
        assert house.tell(siu("S12", "STOP", in_seconds(90000))) == ["closed"]
        assert "not answered" in house.log("nudged") and "stopped" in house.ctl("status").stdout
        assert "STOP" not in {a["id"] for a in house.appointments("--all")}
        marks("enough")
        assert house.tell(siu("S12", "STOP", in_seconds(90000), phone="")) == ["AA"]
        assert "answered again" in house.log("nudged")
