"""A full disk means silence and a closed connection, never AA."""
import os
import subprocess

from feed import code, in_seconds, siu
from house import BIN, House, wait


def test_full_disk():
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"], capture_output=True).returncode:
        from run import Skip
        raise Skip("needs to mount a small file system")
    subprocess.run(["umount", "/mnt"], check=True)
    with House(start=False) as house:
        state = house.path("state")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "none", state], check=True)
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
