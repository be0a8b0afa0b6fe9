"""A whole house in a folder of its own: simulated gateway, nudged, nudge-sender, and what they left behind."""
import base64
import glob
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.path.join(ROOT, os.environ.get("NUDGE_BIN", "build"))
SLOW = 4 if "tsan" in BIN or "asan" in BIN else 1
ACCESS_KEY = base64.b64encode(bytes(range(32))).decode()
_certs = None


def certs():
    """Made once a week and for each maker, because they expire; tests only read them."""
    global _certs
    if not _certs:
        import certs as maker
        with open(maker.__file__, "rb") as f:
            made_by = hashlib.sha256(f.read()).hexdigest()[:8]
        _certs = os.path.join(ROOT, "build", "check", f"certs-{time.strftime('%G-%V')}-{made_by}")
        if not os.path.exists(_certs):
            os.makedirs(os.path.dirname(_certs), exist_ok=True)
            fresh = tempfile.mkdtemp(dir=os.path.dirname(_certs))
            maker.make(fresh)
            try:
                os.rename(fresh, _certs)
            except OSError:  # another was quicker
                shutil.rmtree(fresh)
    return _certs


def free_port():
    """Below those that the kernel gives out by itself, so that no connection of another test takes it meanwhile."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def wait(what, seconds=30, step=0.05):
    """The first true value of what(); fails when the time is up."""
    end = time.time() + seconds * SLOW
    while True:
        value = what()
        if value:
            return value
        if time.time() > end:
            raise AssertionError(f"not within {seconds * SLOW} s: {getattr(what, '__doc__', None) or what}")
        time.sleep(step)


CONF = """
state_directory = {folder}/state
control_socket  = {folder}/run/control
sender_socket   = {folder}/run/sender
store_key       = keys/store.key
{top}
organization "lamna" {{
    name = "Lamna Healthcare"
    consent_send_on_behalf      = true
    consent_attendees_consented = true
    country = US
    {organization}
}}
gateway "acs" {{
    endpoint   = "https://localhost:{acs_port}"
    access_key = keys/acs.key
    ca_file    = {certs}/ca.crt
    {gateway}
}}
number "main" {{
    sender = "+18335550100"
    type = toll-free
    verified = true
    gateway = acs
    {number}
}}
environment "prod" {{
    kind = production
    organization = lamna
    certificates = {{{certs}/sender.crt}}
    {environment}
}}
listener "epic" {{
    address = "127.0.0.1"
    port = {port}
    certificate = {certs}/listener.crt
    private_key = {certs}/listener.key
    environments = {{prod}}
    {listener}
}}
site "cardiology" {{
    environment = prod
    name = "Lamna Cardiology"
    contact = "608-271-9000"
    fhir_base_url = "https://lamnahealthcare.com/fhir/api/FHIR/R4"
    profile = epic
    number = main
    time_zone = America/Chicago
    languages = {{en, es}}
    window = "00:00-24:00"
    settle = 0s
    approver = none
    reminder "day"  {{ before = 24h }}
    reminder "soon" {{ before = 15min }}
    {site}
}}
{more}
"""


class House:
    """with House(site='...') as house: ... Everything it starts it also ends."""

    def __init__(self, acs_args=(), start=True, **parts):
        self.folder = tempfile.mkdtemp(prefix="nudge-world-")
        self.certs = certs()
        self.acs_args, self.autostart = acs_args, start
        self.parts = {k: "" for k in ("top", "organization", "gateway", "number", "environment", "listener", "site", "more")}
        self.template = parts.pop("template", CONF)
        self.parts.update(parts)
        self.port = free_port()
        self.canaries = set()
        self.processes = {}
        self.acs_port = self.sim_port = None
        for name in ("state", "run", "keys", "logs"):
            os.mkdir(os.path.join(self.folder, name), 0o700)
        self.write("keys/acs.key", ACCESS_KEY + "\n", 0o600)
        self.conf = os.path.join(self.folder, "nudge.conf")

    # -- files

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def configure(self, **parts):
        self.parts.update(parts)
        self.write("nudge.conf", self.template.format(folder=self.folder, certs=self.certs, port=self.port, acs_port=self.acs_port, **self.parts))

    def log(self, name):
        with open(self.path(f"logs/{name}")) as f:
            return f.read()

    # -- processes

    def spawn(self, name, args, wait_for, seconds=40, env=None, **how):
        log = open(self.path(f"logs/{name}"), "a")
        size = os.path.getsize(log.name)
        p = subprocess.Popen(args, stdout=log, stderr=log, cwd=self.folder, env=dict(os.environ, **(env or {})), **how)
        log.close()
        self.processes[name] = p

        def ready():
            if p.poll() is not None:
                raise AssertionError(f"{name} ended with {p.returncode}: {self.log(name)[-2000:]}")
            return re.search(wait_for, self.log(name)[size:])
        ready.__doc__ = f"{name} says it is ready"
        return wait(ready, seconds)

    def start_acs(self):
        found = self.spawn("acs", [sys.executable, os.path.join(HERE, "acs_sim.py"), "--cert", f"{self.certs}/acs.crt", "--key", f"{self.certs}/acs.key",
                                   "--access-key", ACCESS_KEY, "--journal", self.path("accepted"), *self.acs_args,
                                   *(["--port", str(self.acs_port), "--control-port", str(self.sim_port)] if self.acs_port else [])],
                           r"ready (\d+) (\d+)")
        self.acs_port, self.sim_port = int(found.group(1)), int(found.group(2))

    def start_nudged(self, **kw):
        self.spawn("nudged", [f"{BIN}/nudged", "-c", self.conf], r"what=ready", **kw)

    def start_sender(self, **kw):
        self.spawn("nudge-sender", [f"{BIN}/nudge-sender", "-c", self.conf], r"what=ready", **kw)

    def make_key(self):
        if not os.path.exists(self.path("keys/store.key")):
            self.run([f"{BIN}/nudgectl", "keygen", self.path("keys/store.key")])

    def start(self):
        self.start_acs()
        self.make_key()
        self.configure()
        self.start_nudged()
        self.start_sender()
        wait(lambda: self.status()["sender_connected"])

    def stop(self, name, sig=signal.SIGTERM):
        p = self.processes.pop(name)
        if p.poll() is None:
            p.send_signal(sig)
        try:
            p.wait(20 * SLOW)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            raise AssertionError(f"{name} did not end when told to")
        return p.returncode

    def kill(self, name):
        return self.stop(name, signal.SIGKILL)

    def run(self, args, status=0, **kw):
        done = subprocess.run(args, capture_output=True, text=True, timeout=60 * SLOW, **kw)
        assert status is None or done.returncode == status, f"{args} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done

    # -- asking

    def ctl(self, *args, status=0):
        return self.run([f"{BIN}/nudgectl", "-s", self.path("run/control"), *args], status=status)

    def ctl_json(self, *args):
        return json.loads(self.ctl(*args, "--json").stdout)

    def status(self):
        return self.ctl_json("status")

    def explain(self, appointment):
        return self.ctl_json("explain", appointment)

    def appointments(self, *args):
        return self.ctl_json("appointments", *args)

    def texts(self, appointment):
        """{"reminder:day": "pending", "booked": "sent"}: the newest of each."""
        return {t["kind"] + (":" + t["rule"] if t["rule"] else ""): t["state"] for t in self.explain(appointment)["texts"]}

    def sim(self, path, value=None):
        data = None if value is None else json.dumps(value).encode()
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{self.sim_port}/{path}", data=data), timeout=10) as r:
            return json.loads(r.read())

    def accepted(self):
        return self.sim("accepted")

    def journal(self):
        """What phones got, also from gateways that were ended."""
        with open(self.path("accepted")) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def feed(self, **kw):
        from feed import Feed
        return Feed(self.port, self.certs, **kw)

    def tell(self, *messages):
        """Sends messages on one connection and gives the codes of the answers."""
        from feed import code
        with self.feed() as f:
            return [code(f.send(m)) for m in messages]

    def wait_texts(self, n, seconds=30):
        def enough():
            return len(self.accepted()) >= n
        enough.__doc__ = f"{n} texts at the gateway"
        wait(enough, seconds)
        return self.accepted()

    def stays(self, n, seconds=1.0):
        """No more than n texts, also a little later."""
        time.sleep(seconds)
        got = self.accepted()
        assert len(got) == n, f"{len(got)} texts, {n} expected: {[t['tag'] for t in got]}"
        return got

    # -- the end

    def __enter__(self):
        if self.autostart:
            try:
                self.start()
            except BaseException:
                self.end()
                raise
        return self

    def __exit__(self, kind, value, trace):
        problems = []
        if kind is None and "acs" in self.processes and self.processes["acs"].poll() is None:
            problems = self.sim("problems")
        self.end()
        if kind is None:
            assert not problems, f"the gateway complains: {problems[:3]}"
            self.check_logs()
            shutil.rmtree(self.folder, ignore_errors=True)
        elif kind.__name__ != "Skip":
            print(f"the house of this test is kept in {self.folder}")
            for path in sorted(glob.glob(self.path("logs/nudge*"))):
                with open(path, errors="replace") as f:
                    print(f"-- the end of {os.path.basename(path)}\n" + "".join(f.readlines()[-8:]))

    def end(self):
        for name in list(self.processes):
            p = self.processes.pop(name)
            if p.poll() is None:
                p.terminate()
                try:
                    p.wait(20)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()

    def check_logs(self):
        """Promise 8: nothing of a patient in any log, no text either; and no sanitizer had anything to say."""
        if os.path.exists(self.path("accepted")):
            self.canaries |= {t["message"][:60] for t in self.journal()}
        for path in glob.glob(self.path("logs/*")) + glob.glob(self.path("state/audit/*")):
            with open(path, errors="replace") as f:
                text = f.read().replace("+18335550100", "")  # the sender's own
            # digits of a hash are no number
            text = re.sub(r"\b(?=[0-9a-f]*[a-f])[0-9a-f]{12,}\b", "", text)
            if path.endswith(".key"):  # nor are letters of a key in Base64 a name
                text = re.sub(r"[A-Za-z0-9+/]{40,}={0,2}", "", text)
            for canary in ["555-01", "55501", "555 01", "MRN", "Testmann", "Erika", *self.canaries]:
                assert canary not in text, f"\"{canary}\" stands in {os.path.basename(path)}: {[l for l in text.splitlines() if canary in l][:1]}"
            assert "Sanitizer" not in text and "runtime error" not in text, f"{path}: {text[-3000:]}"
            assert "Assertion" not in text, f"{path}: {text[-1000:]}"
