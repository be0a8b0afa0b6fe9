#!/usr/bin/env python3
"""The Debian package in a clean system: debootstrap, its own systemd, install, run, upgrade, remove, purge.

Needs root, debootstrap, the mirror that apt is configured for, and namespaces; says in one line which of them is
missing and ends with 77. The network is needed until the machine boots, not after. The base system is kept in
build/deb/base and copied for each run.
"""
import glob
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as xml

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "world"))
import certs as maker
from feed import Feed, code, in_seconds, siu
from house import ACCESS_KEY, free_port, wait

OUT = os.path.join(os.path.dirname(HERE), "build", "deb")
BASE, ROOT = os.path.join(OUT, "base"), os.path.join(OUT, "root")
INCLUDE = "systemd,systemd-sysv,dbus,debconf"
SYSLOG = ("rsyslog", "rsyslog-gnutls")
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


def unmounted(folder):
    """What a debootstrap that was ended has left there; nothing is removed through a mount."""
    with open("/proc/mounts") as f:
        there = [line.split()[1] for line in f]
    for at in sorted((at for at in there if at.startswith(folder + "/")), reverse=True):
        run("umount", "--lazy", at)


def base():
    if os.geteuid() != 0:
        raise Skip("a clean system can be made and booted by root only")
    for tool in ("debootstrap", "unshare", "nsenter", "mount"):
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    if os.path.exists(os.path.join(BASE, "complete")):
        return
    unmounted(BASE)
    shutil.rmtree(BASE, ignore_errors=True)
    uri = mirror()
    for kind in ("http", "https"):  # debootstrap asks the environment, apt its own configuration
        proxy = run("apt-config", "shell", "x", f"Acquire::{kind}::Proxy").stdout.partition("'")[2].rpartition("'")[0]
        if proxy and proxy != "DIRECT":
            os.environ.setdefault(f"{kind}_proxy", proxy)
    done = quickly("debootstrap", "debootstrap", "--variant=minbase", f"--include={INCLUDE}", "bookworm", BASE, uri)
    if done.returncode:
        unmounted(BASE)
        raise Skip(f"debootstrap cannot make a system here: {last(done)}")
    run("chroot", BASE, "apt-get", "clean")
    open(os.path.join(BASE, "complete"), "w").close()


def fetched(deb):
    """What the package depends on, in the machine's cache; only a mirror that does not answer is an excuse."""
    shutil.copy("/etc/resolv.conf", path("/etc/resolv.conf"))
    for args in (("update", "-q", "-o", "APT::Update::Error-Mode=any"),
                 ("install", "-y", "-q", "--no-install-recommends", "--download-only", "/root/" + os.path.basename(deb), *SYSLOG)):
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
mount --make-rshared /
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
    for unit in ("nudged.socket", "nudge-door", "nudged", "nudge-sender"):
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
    # To nudged all users but root and its own are nobody, and still it knows who asks.
    own = m.do("id", "-u", "nudge").stdout.strip()
    mapped = {line.split()[1] for line in m.do("cat", f"/proc/{pid}/uid_map").stdout.splitlines()}
    assert mapped == {"0", own}, f"nudged sees users: {mapped}"
    for user, group in (("alice", "nudge-view"), ("oscar", "nudge-admin"), ("eve", "")):
        m.do("useradd", *(("-G", group) if group else ()), user)
        said = m.do("runuser", "-u", user, "--", "nudgectl", "status", status=None)
        assert (said.returncode == 0) == bool(group), (user, said.stdout + said.stderr)
        held = m.do("runuser", "-u", user, "--", "nudgectl", "hold", "cardiology", status=None)
        assert (held.returncode == 0) == (user == "oscar"), (user, held.stdout + held.stderr)
    m.do("nudgectl", "release", "cardiology", "--send")
    recorded = lambda: m.do("sh", "-c", "cat /var/lib/nudge/audit/audit-*.jsonl").stdout
    wait(lambda: all(f'/{user}"' in recorded() for user in ("alice", "oscar", "eve")), 20)  # those who only looked are written down a moment later
    door = m.show("nudge-door", "MainPID")
    m.do("kill", "-9", door)
    wait(lambda: m.active("nudge-door") == "active" and m.show("nudge-door", "MainPID") not in (door, "0") and m.status(), 20)
    assert m.status()["sender_connected"], "what was handed over does not hang on the door"
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


def reconfigured(**changes):
    with open(path("/etc/nudge/nudge.conf")) as f:
        text = f.read()
    for key, value in changes.items():
        text, n = re.subn(rf"\b{key}( *)= *\S+", rf"{key}\1= {value}", text)
        if not n:
            text += f"{key} = {value}\n"
    with open(path("/etc/nudge/nudge.conf"), "w") as f:
        f.write(text)


def texts_again(m, certs, port, name):
    """nudged comes up with the keys it is given, opens its store and its port with them, and nudge-sender the gateway."""
    m.do("systemctl", "restart", "nudged", "nudge-sender")
    wait(lambda: m.status() and m.status()["sender_connected"], 20)
    with Feed(port, certs) as feed:
        assert code(feed.send(siu("S12", name, in_seconds(90000)))) == "AA"
    wait(lambda: '"sent"' in m.do("nudgectl", "explain", name, "--json").stdout, 20)
    assert '"sent"' in m.do("nudgectl", "explain", "A1", "--json").stdout


def sealed(m, certs, port):
    """As OPERATIONS.md tells it: keys that only this machine opens, and no other copy of them on it."""
    m.do("install", "-d", "-m", "0700", "/etc/credstore", "/etc/credstore.encrypted")
    for unit, name, file in (("nudged", "store.key", "/etc/nudge/keys/store.key"), ("nudge-sender", "acs.key", "/etc/nudge/keys/acs.key")):
        m.do("systemd-creds", "encrypt", f"--name={name}", file, f"/etc/credstore.encrypted/nudge.{name}")
        write(f"/etc/systemd/system/{unit}.service.d/sealed.conf", f"[Service]\nLoadCredentialEncrypted={name}:/etc/credstore.encrypted/nudge.{name}\n")
    m.do("mv", "/etc/nudge/tls/listener.key", "/etc/credstore/nudge.listener.key")  # what the unit itself looks for
    m.do("mv", "/etc/nudge/keys/store.key", "/etc/nudge/keys/acs.key", "/root")
    with open(path("/root/store.key"), "rb") as f:
        key = f.read().strip()
    with open(path("/etc/credstore.encrypted/nudge.store.key"), "rb") as f:
        assert key not in f.read()
    reconfigured(store_key="credential:store.key", access_key="credential:acs.key", private_key="credential:listener.key")
    m.do("systemctl", "daemon-reload")
    texts_again(m, certs, port, "L1")
    m.do("systemctl", "reload", "nudged", "nudge-sender")
    texts_again(m, certs, port, "L2")
    # Another one, while it works; the only pause is the restart that hands it over.
    m.do("nudgectl", "keygen", "/root/store-2027.key")
    m.do("systemd-creds", "encrypt", "--name=store-2027.key", "/root/store-2027.key", "/etc/credstore.encrypted/nudge.store-2027.key")
    with open(path("/etc/systemd/system/nudged.service.d/sealed.conf"), "a") as f:
        f.write("LoadCredentialEncrypted=store-2027.key:/etc/credstore.encrypted/nudge.store-2027.key\n")
    reconfigured(store_key="credential:store-2027.key", old_store_keys='{"credential:store.key"}')
    m.do("systemctl", "daemon-reload")
    texts_again(m, certs, port, "L3")
    m.do("nudgectl", "rotate", "--wait")
    reconfigured(old_store_keys="{}")
    m.do("rm", "/etc/credstore.encrypted/nudge.store.key")
    write("/etc/systemd/system/nudged.service.d/sealed.conf", "[Service]\nLoadCredentialEncrypted=store-2027.key:/etc/credstore.encrypted/nudge.store-2027.key\n")
    m.do("systemctl", "daemon-reload")
    texts_again(m, certs, port, "L4")
    # One that systemd does not have ends the start with 78, and says what to do.
    reconfigured(store_key="credential:store-2028.key")
    m.do("systemctl", "restart", "nudged", status=None)
    assert m.show("nudged", "ExecMainStatus") == "78" and "/etc/credstore/nudge.store-2028.key" in m.journal("nudged")
    reconfigured(store_key="credential:store-2027.key")
    texts_again(m, certs, port, "L5")


class Repository(threading.Thread):
    """Takes RFC 5425 frames over mutual TLS, as an audit repository does."""

    def __init__(self, certs):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(f"{certs}/acs.crt", f"{certs}/acs.key")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(f"{certs}/sender.crt")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.messages, self.wrong = self.listener.getsockname()[1], [], []
        self.start()

    def run(self):
        while True:
            raw, _ = self.listener.accept()
            try:
                with self.context.wrap_socket(raw, server_side=True) as conn, conn.makefile("rb") as f:
                    while n := f.read(1):
                        while n[-1:] != b" ":
                            n += f.read(1)
                        self.messages.append(f.read(int(n)).decode())
            except (OSError, ValueError) as e:
                self.wrong.append(e)


def documented(title, *changes):
    """The indented block of OPERATIONS.md that a paragraph of this title brings, with what differs here."""
    with open(os.path.join(os.path.dirname(HERE), "docs", "OPERATIONS.md")) as f:
        block = re.search(r"(?:^    .*\n)+", f.read().partition(f"## {title}\n")[2], flags=re.M).group()
    text = "".join(line[4:] + "\n" for line in block.splitlines())
    for old, new in changes:
        assert old in text, f"{old} is not in {text}"
        text = text.replace(old, new)
    return text


def told(m, certs):
    repository = Repository(certs)
    m.do("apt-get", "install", "-y", "-q", "--no-install-recommends", *SYSLOG)
    m.do("install", "-d", "/etc/ssl/atna")
    for name, file in (("ca.crt", "ca.crt"), ("nudge.crt", "sender.crt"), ("nudge.key", "sender.key")):
        shutil.copy(os.path.join(certs, file), path(f"/etc/ssl/atna/{name}"))
    write("/etc/rsyslog.d/30-nudge-audit.conf", documented("Audit events to a repository", ('target="repository.lamna.example" port="6514"', f'target="127.0.0.1" port="{repository.port}"'),
                                                           ('"repository.lamna.example"', '"localhost"')))
    m.do("rsyslogd", "-N1")
    m.do("systemctl", "restart", "rsyslog")
    reconfigured(audit_forward='"/run/nudge-audit/log"')
    m.do("nudgectl", "reload", "--yes")
    m.do("nudgectl", "explain", "A1")
    m.do("systemctl", "restart", "nudged")
    wait(lambda: any('"110121"' in x for x in repository.messages) and sum('"110120"' in x for x in repository.messages) == 1, 40)
    m.do("systemctl", "restart", "rsyslog")
    m.do("nudgectl", "hold", "cardiology")
    wait(lambda: any('"command.hold"' in x for x in repository.messages), 40)
    m.do("nudgectl", "release", "cardiology", "--send")
    for x in repository.messages:
        head, _, text = x.partition("IHE+RFC-3881 - ")
        assert re.fullmatch(r"<8[45]>1 \S+T\S+ \S+ nudged \d+ ", head), x
        xml.fromstring(text.strip())
    assert '"config.load"' in repository.messages[0], repository.messages[0]
    assert not json.loads(m.do("nudgectl", "status", "--json").stdout)["audit_forward"]["failing"]


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
    left = [n for n in ("/var/lib/nudge", "/etc/nudge", "/run/nudge", "/usr/sbin/nudged", "/lib/systemd/system/nudged.service", "/lib/systemd/system/nudge-door.service") if os.path.exists(path(n))]
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
                               ("serves with keys that are sealed to the machine, and with the next one", lambda: sealed(m, certs, port)),
                               ("audit events reach a repository through rsyslog and TLS", lambda: told(m, certs)),
                               ("remove and purge keep the records, unless told otherwise", lambda: removed(m, debs[0]))):
                at = time.time()
                try:
                    step()
                except Exception:
                    for unit in ("nudge-door", "nudged", "nudge-sender"):
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
