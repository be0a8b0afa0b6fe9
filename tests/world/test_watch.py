"""Those who watch: /metrics, /healthz, /readyz on a socket of this machine, and the same on one screen."""
import fcntl
import http.client
import os
import pty
import re
import select
import signal
import socket
import struct
import termios
import time

from feed import Feed, in_seconds, siu
from house import BIN, House, free_port, wait

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (NaN|[+-]Inf|-?[0-9]+(?:\.[0-9]+)?)$")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


def parse(text):
    """{(name, labels): value}; as strict as Prometheus' own linter about form, order and doubles."""
    assert text.endswith("\n") and "\n\n" not in text and "\r" not in text
    types, samples, family, done = {}, {}, None, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert re.fullmatch(NAME, name) and name not in done, f"{name} begins twice"
            family, helped = name, True
            done.add(name)
            assert len(line.split(" ", 3)[3]) > 5, line
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and helped and kind in SUFFIXES, line
            assert (kind == "counter") == name.endswith("_total"), line
            types[name] = kind
            continue
        m = SAMPLE.match(line)
        assert m, f"no sample: {line}"
        assert family in types and m[1] in [family + s for s in SUFFIXES[types[family]]], f"{line} is not of {family}"
        key = (m[1], m[2] or "")
        assert key not in samples, f"{key} stands twice"
        samples[key] = float(m[3])
    histograms = {}
    for (name, labels), value in samples.items():
        if name.endswith("_bucket"):
            rest, le = re.fullmatch(r'(.*),le="([^"]+)"', labels).groups()
            histograms.setdefault((name[:-7], rest), []).append((float(le), value))
    for (name, rest), buckets in histograms.items():
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf"), name
        assert all(a[1] <= b[1] for a, b in zip(buckets, buckets[1:])), f"{name} is not cumulative"
        assert buckets[-1][1] == samples[name + "_count", rest]
        assert samples[name + "_sum", rest] >= 0
    return samples


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.where = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.where)


def ask(connection, path, method="GET"):
    connection.request(method, path)
    r = connection.getresponse()
    body = r.read().decode()
    connection.close()
    return r.status, r.headers, body


def clean(text):
    for word in ("(608", "608555", "5550123", "MRN1001", "Testmann", "Erika", "TESTMANN", "A1^", "Main St", "hospital-secret"):
        assert word not in re.sub(r'sha256="[0-9a-f]+"', "", re.sub(r" [0-9.]+$", "", text, flags=re.M)), word


def test_metrics_on_a_unix_socket():
    with House(top="metrics = unix:run/metrics.sock", site="sending_application = EPIC\nsending_facility = LAMNA") as house:
        at = house.path("run/metrics.sock")
        status, headers, empty = ask(Unix(at), "/metrics")
        assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers
        parse(empty)
        with house.feed() as feed:
            for n in range(5):
                assert "MSA|AA" in feed.send(siu("S12", f"A{n}", in_seconds(90000)))
            assert "MSA|AR" in feed.send(siu("S12", "A9", in_seconds(90000), application="TESTMANN^ERIKA"))
            house.wait_texts(5)
            status, _, text = ask(Unix(at), "/metrics?x=y")
        s = parse(text)
        clean(text)
        epic = 'environment="prod",application="EPIC"'
        assert s["nudge_messages_total", 'result="accepted"'] == 5 and s["nudge_messages_total", 'result="refused"'] == 1
        assert s["nudge_acknowledgement_seconds_count", epic] == 5
        assert s["nudge_acknowledgement_seconds_count", 'environment="prod",application="other"'] == 1, "no name from outside"
        assert 0 < s["nudge_acknowledgement_quantile_seconds", epic + ',quantile="0.5"'] <= s["nudge_acknowledgement_quantile_seconds", epic + ',quantile="0.999"']
        assert abs(s["nudge_sender_last_seen_timestamp_seconds", epic] - time.time()) < 120
        assert s["nudge_texts", 'state="pending"'] >= 5 and s["nudge_sender_connected", ""] == 1
        assert s["nudge_connections", ""] == 1 and s["nudge_listeners", ""] == 1 and s["nudge_disk_free_bytes", ""] > 0
        assert any(name == "nudge_certificate_days" and 'kind="own"' in labels for name, labels in s)
        assert s["nudge_site_sending", 'site="cardiology"'] == 1
        assert ask(Unix(at), "/healthz")[::2] == (200, "ok\n")
        assert ask(Unix(at), "/readyz")[::2] == (200, "ready\n")
        # the same on one screen
        known = {x["application"]: x for x in house.status()["senders"]}
        assert known["EPIC"]["answers"] == 5 and 0 < known["EPIC"]["p50"] <= known["EPIC"]["p99"] <= known["EPIC"]["p999"], known
        assert house.status()["certificate"]["days_left"] > 0
        screen = house.ctl("status").stdout
        assert re.search(r"prod/EPIC: \d+ s ago, 5 answers  p50 [0-9.]+  p99 [0-9.]+  p99\.9 [0-9.]+ ms", screen), screen
        assert re.search(r"disk +\d+ MiB free", screen) and "certificate " in screen and len(screen.splitlines()) <= 23, screen
        assert all(len(line) <= 80 for line in screen.splitlines()), screen
        clean(screen)


def many(n):
    """So many sites beside the usual one, of which some send."""
    return "\n".join(f'''site "s{i}" {{ environment = prod fhir_base_url = "https://lamna.example/fhir/R4" profile = epic time_zone = America/Chicago
        sending_application = APP{i} approver = none contact = "608-271-9000" {"number = main" if i % 3 else ""} }}''' for i in range(n))


def test_status_stays_on_one_screen():
    with House(more=many(40), site="sending_application = EPIC") as house:
        with house.feed() as feed:
            for i in range(12):
                feed.send(siu("S12", f"A{i}", in_seconds(90000), application=f"APP{i}" if i else "EPIC"))
        screen = house.ctl("status").stdout.splitlines()
        assert len(screen) <= 23 and all(len(line) <= 80 for line in screen), screen
        assert any("and " in line and "more: nudgectl status --all" in line for line in screen), screen
        first = [line for line in screen if line.startswith("site ")]
        assert len(first) == 1 and "NOT SENDING" in first[0], "what is wrong comes first"
        whole = house.ctl("status", "--all").stdout
        assert all(re.search(rf"\bs{i}: ", whole) for i in range(40)) and all(f"prod/APP{i}: " in whole for i in range(1, 12)), whole


def on_a_terminal(args, rows, columns, keys, until):
    """What a terminal of this size was told, and the exit status."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(args[0], args)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    said, end, pressed = b"", time.time() + 60, False
    while time.time() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                more = os.read(fd, 65536)
            except OSError:
                break
            if not more:
                break
            said += more
        if not pressed and until(said):
            os.write(fd, keys)
            pressed = True
    os.close(fd)
    return said.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_top():
    with House(more=many(30), site="sending_application = EPIC") as house:
        with house.feed() as feed:
            for i in range(3):
                feed.send(siu("S12", f"A{i}", in_seconds(90000), application="EPIC"))
            out = house.ctl("top", "-n", "2", "-d", "0.2").stdout
            assert "\033" not in out and out.count("SENDER") == 2 and len(re.findall(r"messages 0\.0/s", out)) == 2, out
            assert re.search(r"prod/EPIC +0\.0/s +\d+ s ago +[0-9.]+ +[0-9.]+ +[0-9.]+$", out, re.M), out
            for i in range(20):
                feed.send(siu("S12", f"B{i}", in_seconds(90000), application="EPIC"))
        screens = lambda said: said.count(b"\033[J")
        command = [os.path.join(BIN, "nudgectl"), "-s", house.path("run/control"), "top", "-d", "0.2"]
        said, status = on_a_terminal(command, 24, 80, b"q", lambda said: screens(said) >= 3)
        assert status == 0 and said.startswith("\033[?1049h") and said.rstrip().endswith("\033[?1049l"), said
        for screen in said.split("\033[H")[2:]:
            lines = screen.partition("\033[J")[0].replace("\033[K", "").replace("\r", "").splitlines()
            assert len(lines) < 24 and all(len(line) < 80 for line in lines), lines
        said, status = on_a_terminal(command, 60, 132, b"\x03", lambda said: screens(said) >= 2)
        assert status == 0 and said.rstrip().endswith("\033[?1049l"), "Ctrl-C leaves the screen as it was"
        assert house.ctl("top", "-d", "0", status=2).stderr.startswith("usage") and house.ctl("top", "-n", "x", status=2)
        def goes_away(said):
            if screens(said) >= 2 and "nudged" in house.processes:
                house.stop("nudged")
            return False
        said, status = on_a_terminal(command, 24, 80, b"", goes_away)
        assert status == 1 and "does not answer any more" in said.split("\033[?1049l")[1], "it says why it ended, where it can be read"
        assert house.ctl("top", status=1).stderr.startswith("nudgectl: ")


def test_metrics_on_loopback_and_what_is_refused():
    port = free_port()
    with House(top=f'metrics = "127.0.0.1:{port}"') as house:
        def http_():
            return http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        assert ask(http_(), "/readyz")[::2] == (200, "ready\n")
        parse(ask(http_(), "/metrics")[2])
        assert ask(http_(), "/")[0] == 404 and ask(http_(), "/metricsx")[0] == 404
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
            status, headers, _ = ask(http_(), "/metrics", method)
            assert status == 405 and headers["Allow"] == "GET", method
        for bytes_, answer in ((b"hello\r\n\r\n", b" 400 "), (b"GET /healthz\r\n\r\n", b" 400 "), (b"\r\n\r\n", b" 400 "),
                               (b"GET /healthz HTTP/1.1\r\nA: " + b"x" * 5000, b" 431 "), (b"GET /healthz HTTP/1.0\r\n\r\n", b" 200 ")):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as c:
                c.sendall(bytes_)
                got = b""
                while chunk := c.recv(65536):
                    got += chunk
                assert got.startswith(b"HTTP/1.1" + answer), (bytes_[:30], got)
        # who only sits there takes nobody's place for long, and nobody the engine's
        idle = [socket.create_connection(("127.0.0.1", port), timeout=60) for _ in range(40)]
        assert house.tell(siu("S12", "B1", in_seconds(90000))) == ["AA"]
        assert ask(http.client.HTTPConnection("127.0.0.1", port, timeout=60), "/healthz")[0] == 200
        for c in idle:
            c.close()
        # what is wrong is said before it is used; what is held by ourselves is fine
        assert "good" in house.run([f"{BIN}/nudged", "-c", house.conf, "-t"]).stdout
        house.configure(top=f'metrics = "0.0.0.0:{port}"')
        said = house.run([f"{BIN}/nudged", "-c", house.conf, "-t"], status=78).stderr
        assert "loopback" in said and "metrics" in said, said
        house.configure(top="metrics = unix:run/elsewhere.sock")
        refused = house.ctl("reload", "--yes", status=None)
        assert refused.returncode != 0 and "metrics changes only with a restart" in refused.stdout + refused.stderr, refused


def test_not_ready_without_room_and_ready_after_a_restart():
    with House(top="metrics = unix:run/metrics.sock\ndisk_stop = 1048576GiB\ndisk_shed = 1048576GiB\ndisk_warn = 1048576GiB") as house:
        at = house.path("run/metrics.sock")
        status, _, why = ask(Unix(at), "/readyz")
        assert status == 503 and "disk_stop" in why and why.count("\n") == 1, why
        assert ask(Unix(at), "/healthz")[0] == 200, "it makes progress all the same"
        s = parse(ask(Unix(at), "/metrics")[2])
        assert s["nudge_disk_state", 'state="stopped"'] == 1
        house.stop("nudged", signal.SIGTERM)
        house.configure(top="metrics = unix:run/metrics.sock")
        house.start_nudged()
        assert ask(Unix(at), "/readyz")[0] == 200, "an old socket is replaced"


def test_off_unless_set():
    with House() as house:
        assert "metrics" not in " ".join(os.listdir(house.path("run"))) and "what=metrics" not in house.log("nudged")
