#!/usr/bin/env python3
"""The Debian package in a clean system: debootstrap, its own systemd, install, run, upgrade, remove, purge.

Needs root, debootstrap, the mirror that apt is configured for, and namespaces; says in one line which of them is
missing and ends with 77. The network is needed until the machine boots, not after. The base system is kept in
build/deb/base and copied for each run.
"""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "world"))
import certs as maker
from feed import Feed, code, in_seconds, siu
from house import ACCESS_KEY, free_port, wait

OUT = os.path.join(os.path.dirname(HERE), "build", "deb")
BASE, ROOT = os.path.join(OUT, "base"), os.path.join(OUT, "root")
INCLUDE = "systemd,systemd-sysv,dbus,debconf"
PATIENCE = 150  # seconds


class Skip(Exception):
    pass


def run(*args, status=0, **kw):
    kw.setdefault("timeout", 600)
    done = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, text=True, **kw)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{' '.join(args)}\nended with {done.returncode}: {done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done


def quickly(what, *args):
    """What needs the network, or room: that it is not there is no fault of the package."""
    try:
        return run(*args, status=None, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Skip(f"{what} took more than {PATIENCE} s") from None


def last(done):
    return ((done.stdout + done.stderr).strip().splitlines() or ["it says nothing"])[-1]


def mirror():
    for again in (False, True):
        if again:
            quickly("apt-get update", "apt-get", "update", "-q")
        found = run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages", status=None)
        for line in found.stdout.splitlines():
            release, _, uri = line.partition(" ")
            if release == "bookworm" and uri.startswith("http"):
                return uri
    raise Skip("apt is configured for no mirror of bookworm")


def base():
    if os.geteuid() != 0:
        raise Skip("a clean system can be made and booted by root only")
    for tool in ("debootstrap", "unshare", "nsenter", "mount"):
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    if os.path.exists(os.path.join(BASE, "complete")):
        return
    shutil.rmtree(BASE, ignore_errors=True)
    uri = mirror()
    for kind in ("http", "https"):  # debootstrap asks the environment, apt its own configuration
        proxy = run("apt-config", "shell", "x", f"Acquire::{kind}::Proxy").stdout.partition("'")[2].rpartition("'")[0]
        if proxy and proxy != "DIRECT":
            os.environ.setdefault(f"{kind}_proxy", proxy)
    done = quickly("debootstrap", "debootstrap", "--variant=minbase", f"--include={INCLUDE}", "bookworm", BASE, uri)
    if done.returncode:
        raise Skip(f"debootstrap cannot make a system here: {last(done)}")
    run("chroot", BASE, "apt-get", "clean")
    open(os.path.join(BASE, "complete"), "w").close()


def fetched(deb):
    """What the package depends on, in the machine's cache; only a mirror that does not answer is an excuse."""
    shutil.copy("/etc/resolv.conf", path("/etc/resolv.conf"))
    for args in (("update", "-q", "-o", "APT::Update::Error-Mode=any"),
                 ("install", "-y", "-q", "--no-install-recommends", "--download-only", "/root/" + os.path.basename(deb))):
        done = quickly("apt-get " + args[0], "chroot", ROOT, "apt-get", *args)
        if done.returncode and any(w in done.stdout + done.stderr for w in ("Failed to fetch", "Some index files failed", "Temporary failure", "Could not")):
            raise Skip(f"the mirror does not answer: {last(done)}")
        assert done.returncode == 0, done.stdout + done.stderr


class Machine:
    """ROOT with a systemd of its own, on this machine's network."""

    SCRIPT = """set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc "$1/proc"
mount --bind "$1/proc/sys" "$1/proc/sys"
mount -o remount,bind,ro "$1/proc/sys"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t tmpfs -o mode=755 tmpfs "$1/run"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -t cgroup2 none "$1/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$1/mnt"
for d in null zero full random urandom tty; do : > "$1/mnt/$d"; mount --bind /dev/$d "$1/mnt/$d"; done
mkdir "$1/mnt/pts" "$1/mnt/shm"
ln -s pts/ptmx "$1/mnt/ptmx"
mount --move "$1/mnt" "$1/dev"
mkdir -p "$1/.before"
cd "$1"
pivot_root . .before
umount -l /.before
exec /usr/bin/env -i container=nudge PATH=/usr/sbin:/usr/bin /lib/systemd/systemd --system --show-status=0
"""

    def __enter__(self):
        self.log = open(os.path.join(OUT, "boot.log"), "w")
        self.unshare = subprocess.Popen(["unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", "sh", "-c", self.SCRIPT, "sh", ROOT],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        try:
            wait(self.booted, 30, 0.3)
        except AssertionError:
            self.__exit__()
            with open(self.log.name) as f:
                why = f.read().strip().splitlines()
            raise Skip(f"a systemd cannot be started in a namespace here: {why[-1] if why else 'it says nothing'}") from None
        return self

    def booted(self):
        """the machine has booted"""
        if self.unshare.poll() is not None:
            raise AssertionError("it ended")
        found = run("ps", "-o", "pid=", "--ppid", str(self.unshare.pid), status=None).stdout.split()
        self.pid = found[0] if found else None
        return found and self.do("systemctl", "is-system-running", status=None, timeout=20).stdout.strip() in ("running", "degraded")

    def do(self, *args, status=0, env=(), **kw):
        return run("nsenter", "-t", self.pid, "-m", "-p", "-u", "-i", "-C", "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                   "DEBIAN_FRONTEND=noninteractive", *env, *args, status=status, **kw)

    def active(self, unit):
        return self.do("systemctl", "is-active", unit, status=None).stdout.strip()

    def show(self, unit, what):
        return self.do("systemctl", "show", "-P", what, unit).stdout.strip()

    def status(self):
        done = self.do("nudgectl", "status", "--json", status=None)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def journal(self, unit):
        return self.do("journalctl", "--no-pager", "-u", unit, status=None).stdout

    def __exit__(self, *_):
        if getattr(self, "pid", None):
            try:
                os.kill(int(self.pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.unshare.kill()
        self.unshare.wait()
        self.log.close()


def path(name):
    return os.path.join(ROOT, name.lstrip("/"))


def write(name, text, mode=0o644):
    os.makedirs(os.path.dirname(path(name)), exist_ok=True)
    with open(path(name), "w") as f:
        f.write(text)
    os.chmod(path(name), mode)


CONF = """
access {{ view = {{"@nudge-view"}} operate = {{"@nudge-admin"}} }}
organization "lamna" {{
    name = "Lamna Healthcare"
    consent_send_on_behalf = true
    consent_attendees_consented = true
    country = US
}}
gateway "acs" {{ endpoint = "https://localhost:{acs}"  access_key = keys/acs.key  ca_file = certs/ca.crt }}
number "main" {{ sender = "+18335550100" type = toll-free verified = true gateway = acs }}
environment "prod" {{ kind = production organization = lamna certificates = {{certs/sender.crt}} }}
listener "epic" {{
    address = "127.0.0.1" port = {port} certificate = tls/listener.crt private_key = tls/listener.key environments = {{prod}}
}}
site "cardiology" {{
    environment = prod
    fhir_base_url = "https://lamnahealthcare.com/fhir/api/FHIR/R4"
    profile = epic number = main time_zone = America/Chicago window = "00:00-24:00" settle = 0s approver = none
    contact = "608-271-9000"
    reminder "day" {{ before = 24h }}
}}
"""


def mode(name):
    st = os.stat(path(name))
    return f"{st.st_mode & 0o7777:o}"


def installed(m, deb):
    m.do("apt-get", "install", "-y", "-q", "--no-install-recommends", "/root/" + os.path.basename(deb))
    m.do("getent", "passwd", "nudge")
    m.do("getent", "passwd", "nudge-sender")
    for group in ("nudge-conf", "nudge-view", "nudge-admin"):
        m.do("getent", "group", group)
    assert mode("/var/lib/nudge") == "700" and mode("/etc/nudge") == "750" and mode("/etc/nudge/keys") == "750"
    for unit in ("nudged.socket", "nudged", "nudge-sender"):
        assert m.do("systemctl", "is-enabled", unit).stdout.strip() == "enabled"
        assert m.active(unit) == "inactive", f"{unit} runs without a configuration"
    assert not m.do("systemctl", "--failed", "--plain", "--no-legend").stdout.strip()
    for page in ("man8/nudged.8.gz", "man8/nudge-sender.8.gz", "man8/nudgectl.8.gz", "man5/nudge.conf.5.gz"):
        assert os.path.exists(path("/usr/share/man/" + page))
    assert os.path.exists(path("/usr/share/doc/nudge/examples/nudge.conf"))
    m.do("systemd-analyze", "verify", "nudged.socket", "nudged.service", "nudge-sender.service", status=None)


def configured(m, certs, port, acs):
    for name in ("ca.crt", "sender.crt"):
        shutil.copy(os.path.join(certs, name), path("/etc/nudge/certs"))
    for name in ("listener.crt", "listener.key"):
        shutil.copy(os.path.join(certs, name), path("/etc/nudge/tls"))
    write("/etc/nudge/keys/acs.key", ACCESS_KEY + "\n", 0o600)
    m.do("nudgectl", "keygen", "/etc/nudge/keys/store.key")
    m.do("chown", "nudge:nudge-conf", "/etc/nudge/keys/store.key", "/etc/nudge/tls/listener.key")
    m.do("chown", "nudge-sender:nudge-conf", "/etc/nudge/keys/acs.key")
    write("/etc/nudge/nudge.conf", CONF.format(port=port, acs=acs), 0o640)
    m.do("chgrp", "nudge-conf", "/etc/nudge/nudge.conf")
    write("/etc/systemd/system/nudged.socket.d/port.conf", f"[Socket]\nListenStream=\nListenStream=127.0.0.1:{port}\n")
    m.do("systemctl", "daemon-reload")


def serves(m, certs, port):
    m.do("systemctl", "start", "nudged.socket", "nudged", "nudge-sender")
    wait(lambda: m.status() and m.status()["sender_connected"], 20)
    with Feed(port, certs) as feed:
        assert code(feed.send(siu("S12", "A1", in_seconds(90000)))) == "AA"
    texts = lambda: m.do("nudgectl", "explain", "A1", "--json").stdout
    wait(lambda: '"sent"' in texts(), 20)
    pid = m.show("nudged", "MainPID")
    status = m.do("cat", f"/proc/{pid}/status").stdout
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
        assert line in status, f"nudged has not {line}: {status}"
    net = m.do("cat", f"/proc/{pid}/net/dev").stdout.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in net] == ["lo"], f"nudged has a network: {net}"
    boot_id = m.do("cat", "/proc/sys/kernel/random/boot_id").stdout.strip()
    environment = m.do("cat", f"/proc/{pid}/environ").stdout
    assert boot_id.replace("-", "") in environment.replace("-", ""), "nudged does not know this boot"
    # nudge-sender has no way to the store.
    sender = m.show("nudge-sender", "MainPID")
    assert m.do("ls", f"/proc/{sender}/root/var/lib/nudge", status=None).returncode == 0
    assert not m.do("ls", f"/proc/{sender}/root/var/lib/nudge", status=None).stdout.strip(), "nudge-sender sees the store"
    m.do("systemctl", "reload", "nudged", "nudge-sender")
    assert "configuration applied" in m.journal("nudged") and "configuration applied" in m.journal("nudge-sender")


def refuses_nobody(m, certs, port, prefix, disturb):
    """Connections one after the other while disturb(progress) works: none refused, what was acknowledged is there."""
    acked, refused, stop = [], [], threading.Event()

    def feed():
        n = 0
        while not stop.is_set():
            n += 1
            try:
                with Feed(port, certs) as f:
                    if code(f.send(siu("S12", f"{prefix}{n}", in_seconds(90000), phone=""))) == "AA":
                        acked.append(f"{prefix}{n}")
            except ConnectionRefusedError:
                refused.append(n)
            except OSError:
                pass

    def progress():
        """another booking is acknowledged"""
        before = len(acked)
        wait(lambda: len(acked) > before, 20)

    t = threading.Thread(target=feed)
    t.start()
    try:
        progress()
        disturb(progress)
        progress()
    finally:
        stop.set()
        t.join()
    assert not refused, f"{len(refused)} connections were refused"
    known = {a["id"] for a in json.loads(m.do("nudgectl", "appointments", "--all", "--json").stdout)}
    assert set(acked) <= known, set(acked) - known


def restarts(m, certs, port):
    def disturb(progress):
        for _ in range(5):
            m.do("systemctl", "restart", "nudged")
            progress()
        pid = m.show("nudged", "MainPID")
        m.do("kill", "-9", pid)
        wait(lambda: m.active("nudged") == "active" and m.show("nudged", "MainPID") not in (pid, "0"), 20)
    refuses_nobody(m, certs, port, "R", disturb)


def upgraded(m, certs, port, deb):
    before = m.show("nudged", "MainPID")
    refuses_nobody(m, certs, port, "U", lambda _: m.do("apt-get", "install", "-y", "-q", "--reinstall", "/root/" + os.path.basename(deb)))
    wait(lambda: m.active("nudged") == "active" and m.active("nudge-sender") == "active", 20)
    assert m.show("nudged", "MainPID") != before, "an upgrade does not restart nudged"
    wait(lambda: m.status() and m.status()["sender_connected"], 20)
    assert '"sent"' in m.do("nudgectl", "explain", "A1", "--json").stdout


def removed(m, deb):
    m.do("apt-get", "remove", "-y", "-q", "nudge")
    assert m.active("nudged") != "active" and m.active("nudged.socket") != "active"
    assert os.path.exists(path("/var/lib/nudge/nudge.db")) and os.path.exists(path("/etc/nudge/nudge.conf"))
    m.do("apt-get", "purge", "-y", "-q", "nudge")
    assert os.path.exists(path("/var/lib/nudge/nudge.db")), "a purge that nobody was asked about removed the store"
    m.do("apt-get", "install", "-y", "-q", "--no-install-recommends", "/root/" + os.path.basename(deb))
    wait(lambda: m.status() and '"sent"' in m.do("nudgectl", "explain", "A1", "--json").stdout, 20)
    m.do("sh", "-c", "echo 'nudge nudge/purge_data boolean true' | debconf-set-selections")
    m.do("apt-get", "purge", "-y", "-q", "nudge")
    left = [n for n in ("/var/lib/nudge", "/etc/nudge", "/run/nudge", "/usr/sbin/nudged", "/lib/systemd/system/nudged.service") if os.path.exists(path(n))]
    assert not left, f"left after a purge: {left}"


def check():
    debs = [d for d in glob.glob(os.path.join(OUT, "nudge_*.deb"))]
    assert len(debs) == 1, "make deb comes first"
    base()
    shutil.rmtree(ROOT, ignore_errors=True)
    run("cp", "-a", BASE, ROOT)
    shutil.copy(debs[0], path("/root"))
    certs = os.path.join(OUT, "certs")
    shutil.rmtree(certs, ignore_errors=True)
    maker.make(certs)
    fetched(debs[0])
    port = free_port()
    with open(os.path.join(OUT, "acs.log"), "w") as log, Machine() as m:
        acs = subprocess.Popen([sys.executable, os.path.join(HERE, "world", "acs_sim.py"), "--cert", f"{certs}/acs.crt", "--key", f"{certs}/acs.key",
                                "--access-key", ACCESS_KEY], stdout=log, stderr=log)
        try:
            ready = lambda: open(log.name).read().partition("ready ")[2].split()
            wait(ready, 15)
            for name, step in (("installed; nothing runs without a configuration", lambda: installed(m, debs[0])),
                               ("configured", lambda: configured(m, certs, port, int(ready()[0]))),
                               ("serves inside its sandbox: a booking in, a text out", lambda: serves(m, certs, port)),
                               ("restarts refuse nobody", lambda: restarts(m, certs, port)),
                               ("upgrades refuse nobody", lambda: upgraded(m, certs, port, debs[0])),
                               ("remove and purge keep the records, unless told otherwise", lambda: removed(m, debs[0]))):
                at = time.time()
                try:
                    step()
                except Exception:
                    for unit in ("nudged", "nudge-sender"):
                        print(m.journal(unit)[-3000:])
                    raise
                print(f"ok      deb: {name} ({time.time() - at:.1f} s)", flush=True)
        finally:
            acs.terminate()
            acs.wait()
    shutil.rmtree(ROOT, ignore_errors=True)


if __name__ == "__main__":
    try:
        check()
    except Skip as e:
        print(f"skipped: {e}")
        sys.exit(77)
