"""In the hands of an administrator: checks, looks, reports, reloads."""
import csv
import glob
import io
import json
import os
import signal
import subprocess

from feed import in_seconds, siu
from house import BIN, CONF, House, wait


def test_check_names_file_and_line():
    with House() as house:
        good = house.run([f"{BIN}/nudged", "-c", house.conf, "-t"])
        assert "good" in good.stdout
        for wrong, words in (("settle = 0s", "colour"), ("verified = true", None), ("number = main", "mian"), ("before = 24h", "24")):
            text = CONF
            if words == "colour":
                text = text.replace("settle = 0s", "setle = 0s")
                expected = ["setle", "did you mean \"settle\""]
            elif words == "mian":
                text = text.replace("number = main\n    time_zone", "number = mian\n    time_zone")
                expected = ["there is no number \"mian\"", "\"main\""]
            elif words == "24":
                text = text.replace("before = 24h", "before = 24")
                expected = ["has no unit", "24h"]
            else:
                text = text.replace("time_zone = America/Chicago", "time_zone = America/Chicgo")
                expected = ["America/Chicgo"]
            house.template = text
            house.configure()
            for args in ([f"{BIN}/nudged", "-c", house.conf, "-t"], [f"{BIN}/nudgectl", "check", house.conf]):
                done = house.run(args, status=78)
                line = next((l for l in done.stderr.splitlines() if all(e in l for e in expected)), None)
                assert line, (expected, done.stderr)
                number = int(line.split(":")[1])
                assert any(w in open(house.conf).read().splitlines()[number - 1] for w in ("setle", "mian", "= 24 ", "= 24", "site", "Chicgo")), line
                assert line.startswith(os.path.realpath(house.conf)), line


def test_check_finds_all_at_once():
    with House() as house:
        house.template = CONF.replace("country = US", "country = usa").replace("port = {port}", "port = 99999").replace("window = \"00:00-24:00\"", "window = \"9-5\"")
        house.configure()
        done = house.run([f"{BIN}/nudgectl", "check", house.conf, "--json"], status=78)
        texts = [f["text"] for f in json.loads(done.stdout)["faults"] if not f["warning"]]
        assert len(texts) >= 3 and any("country" in t for t in texts) and any("port" in t for t in texts) and any("window" in t for t in texts), texts


def test_files_that_are_not_right():
    with House() as house:
        os.chmod(house.path("keys/store.key"), 0o644)
        done = house.run([f"{BIN}/nudged", "-c", house.conf, "-t"], status=78)
        assert "chmod" in done.stderr and "store.key" in done.stderr, done.stderr
        os.chmod(house.path("keys/store.key"), 0o600)
        house.template = CONF.replace("keys/store.key", "keys/none.key")
        house.configure()
        assert "nudgectl keygen" in house.run([f"{BIN}/nudged", "-c", house.conf, "-t"], status=78).stderr
        house.template = CONF.replace("private_key = {certs}/listener.key", "private_key = {certs}/acs.key")
        house.configure()
        assert "key" in house.run([f"{BIN}/nudgectl", "check", house.conf], status=78).stderr
        house.template = CONF.replace("{{{certs}/sender.crt}}", "{{{certs}/sender.key}}")
        house.configure()
        assert "private" in house.run([f"{BIN}/nudgectl", "check", house.conf], status=78).stderr.lower()


def test_usage():
    with House(start=False) as house:
        for program in ("nudged", "nudge-sender", "nudgectl"):
            assert "0." in house.run([f"{BIN}/{program}", "-V"]).stdout
            assert "usage" in house.run([f"{BIN}/{program}", "-h"]).stdout
            house.run([f"{BIN}/{program}"], status=2)
        done = house.run([f"{BIN}/nudgectl", "stats"], status=2)
        assert len(done.stderr.splitlines()) == 1 and "stats" in done.stderr and "nudgectl -h" in done.stderr, "the word that is wrong is not lost above a page"
        for program in ("nudged", "nudge-sender"):
            done = house.run([f"{BIN}/{program}", "-c", house.path("none.conf")], status=78)
            assert f"{house.path('none.conf')}: error: " in done.stderr, done.stderr
        assert "nudgectl check" in house.run([f"{BIN}/nudgectl", "-c", house.path("none.conf"), "status"], status=78).stderr
        assert "running" in house.run([f"{BIN}/nudgectl", "-s", house.path("nobody"), "status"], status=1).stderr
        house.run([f"{BIN}/nudgectl", "keygen", house.path("k")])
        assert os.stat(house.path("k")).st_mode & 0o777 == 0o600
        assert "never overwritten" in house.run([f"{BIN}/nudgectl", "keygen", house.path("k")], status=1).stderr


def test_looks():
    with House() as house:
        house.tell(siu("S12", "K1", in_seconds(90000)), siu("S12", "K2", in_seconds(90000), patient="MRN2", phone=""))
        wait(lambda: house.texts("K1")["booked"] == "sent")
        s = house.status()
        assert s["messages"]["accepted"] == 2 and s["texts"]["sent"] == 1 and s["texts"]["suppressed"] == 1
        assert "connected" in house.ctl("status").stdout
        a = {x["id"]: x for x in house.appointments()}
        assert a["K1"]["phone"] is True and a["K2"]["phone"] is False and a["K1"]["status"] == "booked" and a["K1"]["site"] == "cardiology"
        assert a["K1"]["time_zone"] == "America/Chicago" and a["K1"]["start"][-6:] in ("-06:00", "-05:00") and a["K1"]["patient"] == 0
        one = house.explain("cardiology/K1")
        assert one["id"] == "K1" and any("booked: sent" in w for w in one["why"]), one
        assert "booked" in house.ctl("explain", "K1").stdout
        house.ctl("explain", "NOBODY", status=1)


def test_who_waits_is_told():
    if "tsan" in BIN:
        return  # the thread sanitizer keeps a signal until the call that waits comes back
    with House() as house:
        house.processes["nudged"].send_signal(signal.SIGSTOP)
        asking = subprocess.Popen([f"{BIN}/nudgectl", "-s", house.path("run/control"), "status"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert "has not answered yet" in asking.stderr.readline()
        house.processes["nudged"].send_signal(signal.SIGCONT)
        out, _ = asking.communicate(timeout=60)
        assert asking.returncode == 0 and "messages" in out, "and it waits all the same"


def test_explain_a_phone():
    import getpass
    with House() as house:
        assert "access.phi" in house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "explain", "--phone"], status=1, input="6085550123\n").stderr
    with House(top='access { phi = {%s} }' % getpass.getuser()) as house:
        house.tell(siu("S12", "P1", in_seconds(90000)), siu("S12", "P2", in_seconds(95000)), siu("S12", "P3", in_seconds(90000), patient="MRN2", phone="608-555-0144^PRN^CP"))
        wait(lambda: house.texts("P2")["booked"] == "sent")
        ask = lambda number, *args, status=0: house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "explain", "--phone", *args], status=status, input=number + "\n")
        assert [a["id"] for a in json.loads(ask("+16085550123", "--json").stdout)] == ["P1", "P2"]
        assert [a["id"] for a in json.loads(ask("(608) 555-0144", "--json").stdout)] == ["P3"], "as it is written here"
        text = ask("6085550123").stdout
        assert "P1" in text and "booked: sent" in text and "0123" not in text
        assert house.status()["configuration_version"] in text, "the configuration that decided"
        assert "erased" in ask("+16085559999", status=1).stderr and "no phone number" in ask("12", status=1).stderr
        house.ctl("explain", "--phone", "+16085550123", status=2)
        assert "explain --phone" in house.ctl("explain", "+16085550123", status=2).stderr
        house.tell(siu("S15", "P1", in_seconds(90000)))
        wait(lambda: [a["id"] for a in json.loads(ask("+16085550123", "--json").stdout)] == ["P2"])
        version = house.status()["configuration_version"]
        house.configure(site="stale = 23h")
        house.ctl("reload")
        assert house.status()["configuration_version"] != version
        assert {t["configuration"] for t in house.explain("P2")["texts"] if t["state"] == "sent"} == {version}
        assert all(t["within_limit"] is (True if t["state"] == "sent" else None) for t in house.explain("P2")["texts"])


def test_report():
    with House() as house:
        house.tell(siu("S12", "R1", in_seconds(86400 + 2)))
        house.wait_texts(2, 10)
        wait(lambda: house.texts("R1")["reminder:day"] == "sent")
        report = house.ctl_json("report", "sms")
        assert report["totals"]["texts"] == 2 and report["totals"]["confirmations"] == 1 and report["totals"]["reminders"] == 1
        row = report["rows"][0]
        assert row["status"] == "accepted" and row["site"] == "cardiology" and row["environment"] == "prod" and row["segments"] >= 1
        assert "+1608" not in json.dumps(report)
        out = house.ctl("report", "sms", "--format", "csv", "--type", "reminder").stdout
        rows = list(csv.DictReader(io.StringIO(out.split("\n", 1)[1])))
        assert len(rows) == 1 and rows[0]["type"] == "reminder" and rows[0]["from"] == "+18335550100", out
        assert "1 texts" in house.ctl("report", "sms", "--type", "reminder").stdout
        for asked in (["report", "sms"], ["report", "untold"], ["report", "replies"], ["appointments"]):
            assert "no site \"nobody\"" in house.ctl(*asked, "--site", "nobody", status=1).stderr, "a slip is not \"nothing was sent\""
            house.ctl(*asked, "--site", "cardiology")
        for of, option, word, right in (("sms", "--type", "reminders", "reminder, "), ("sms", "--status", "deliverd", "Delivered, "), ("untold", "--type", "cancelled", "canceled"),
                                        ("replies", "--type", "stopped", "stop, "), ("replies", "--status", "closed", "open")):
            said = house.ctl("report", of, option, word, status=1).stderr
            assert f"\"{word}\"" in said and right in said, said
        assert json.loads(house.ctl("report", "sms", "--format", "json", "--status", "delivered").stdout)["rows"] == []
        house.ctl("report", "sms", "--days", "many", status=2)
        assert "--from is after --to" in house.ctl("report", "sms", "--from", "2026-12-01", "--to", "2026-11-01", status=2).stderr


def test_log_levels_while_it_runs():
    with House() as house:
        shown = lambda: house.ctl_json("log")
        assert shown() == {part: "info" for part in ("nudged", "mllp", "control", "sender", "acs")}
        house.ctl("log", "debug", "mllp")
        assert shown()["mllp"] == "debug" and shown()["acs"] == "info"
        house.tell(siu("S12", "L1", in_seconds(90000)))
        wait(lambda: " debug what=answered listener=epic msh3=EPIC bytes=" in house.log("nudged"))
        assert "debug what=accepted" not in house.log("nudge-sender")
        house.ctl("log", "debug", "sender")
        house.tell(siu("S12", "L2", in_seconds(90000), phone="608-555-0144^PRN^CP"))
        wait(lambda: "debug what=accepted" in house.log("nudge-sender"))
        # a nudge-sender that comes anew is told, too
        house.stop("nudge-sender")
        house.start_sender()
        house.tell(siu("S12", "L3", in_seconds(90000), phone="608-555-0145^PRN^CP"))
        wait(lambda: "debug what=accepted" in house.log("nudge-sender").rpartition("what=ready")[2])
        house.ctl("log", "error")
        before = house.log("nudged")
        house.ctl("hold", "cardiology")
        assert house.log("nudged") == before and set(shown().values()) == {"error"}
        house.ctl("log", "default")
        assert set(shown().values()) == {"info"} and "log level changed" in house.log("nudged")
        for wrong, says in ((["loud"], "a level is"), (["debug", "siu"], "a part is"), (["default", "mllp"], "for all parts")):
            assert says in house.ctl("log", *wrong, status=1).stderr
        written = "".join(open(path).read() for path in glob.glob(house.path("state/audit/audit-*.jsonl")))
        assert '"what":"command.log-set"' in written and '"debug mllp"' in written, "who changed it is written down"


def test_reload_tells_what_nudge_sender_made_of_it():
    with House() as house:
        assert "nudge-sender took it, too" in house.ctl("reload").stdout
        os.rename(house.path("keys/acs.key"), house.path("keys/away.key"))
        for how in (["reload"], ["reload", "--keys"]):
            said = house.ctl(*how, status=1).stderr
            assert "nudge-sender did not take it, and goes on with what it had: " in said and "acs.key" in said, said
        assert "DID NOT TAKE the configuration" in house.ctl("status").stdout and house.status()["sender"]["reload"] == "refused"
        os.rename(house.path("keys/away.key"), house.path("keys/acs.key"))
        assert "nudge-sender took it, too" in house.ctl("reload", "--keys").stdout
        assert "DID NOT" not in house.ctl("status").stdout
        house.stop("nudge-sender")
        wait(lambda: not house.status()["sender_connected"])
        assert "it reads the configuration when it starts" in house.ctl("reload").stdout


def test_reload():
    """Promise 10: a bad one is not applied, a good one keeps connections and reminders."""
    with House() as house, house.feed() as feed:
        from feed import code
        start = in_seconds(90000)
        assert code(feed.send(siu("S12", "RL1", start))) == "AA"
        house.wait_texts(1)
        house.template = CONF.replace("time_zone = America/Chicago", "time_zone = Nowhere/Land")
        house.configure()
        house.template = CONF.replace("{folder}/state\n", "{folder}/elsewhere\n")
        house.configure()
        done = house.ctl("reload", status=78)
        assert "nudge.conf:2: error: state_directory changes only with a restart" in done.stderr, done.stderr
        house.template = CONF.replace("time_zone = America/Chicago", "time_zone = Nowhere/Land")
        house.configure()
        done = house.ctl("reload", status=78)
        assert "Nowhere/Land" in done.stderr and "not applied" in done.stderr, done.stderr
        assert code(feed.send(siu("S14", "RL1", start))) == "AA"
        house.template = CONF.replace('reminder "soon" {{ before = 15min }}', 'reminder "soon" {{ before = 2h }}\n    confirmation = false')
        house.configure()
        house.ctl("reload")
        assert code(feed.send(siu("S12", "RL2", in_seconds(90000), patient="MRN2"))) == "AA", "on the same connection"
        assert house.texts("RL2")["booked"] == "suppressed"

        def moved():
            soon = [t for t in house.explain("RL1")["texts"] if t["rule"] == "soon"]
            return [t["state"] for t in soon] == ["void", "pending"]
        wait(moved)
        house.processes["nudged"].send_signal(signal.SIGHUP)
        wait(lambda: house.log("nudged").count("configuration applied") == 2)


def test_an_occupied_port():
    """pain: two processes at one store during an upgrade, each of which sends"""
    with House() as house:
        other = House(start=False)
        other.port, other.acs_port = house.port, house.acs_port
        other.run([f"{BIN}/nudgectl", "keygen", other.path("keys/store.key")])
        other.configure()
        done = other.run([f"{BIN}/nudged", "-c", other.conf], status=None)
        assert done.returncode in (1, 78) and str(house.port) in done.stderr, done.stderr
        done = house.run([f"{BIN}/nudged", "-c", house.conf], status=78)
        assert "another nudged" in done.stderr, done.stderr


def test_another_environment_and_another_key():
    """pain: a copy of production's store sends from a test machine"""
    with House() as house:
        house.tell(siu("S12", "V1", in_seconds(90000)))
        house.stop("nudged")
        house.template = CONF.replace("kind = production", "kind = test")
        house.configure()
        done = house.run([f"{BIN}/nudged", "-c", house.conf], status=78)
        assert "belongs to the production environment" in done.stderr, done.stderr
        house.template = CONF
        house.configure(top="")
        os.rename(house.path("keys/store.key"), house.path("keys/old.key"))
        house.run([f"{BIN}/nudgectl", "keygen", house.path("keys/store.key")])
        done = house.run([f"{BIN}/nudged", "-c", house.conf], status=78)
        assert "store_key is not the key" in done.stderr, done.stderr
        os.rename(house.path("keys/old.key"), house.path("keys/store.key"))
        house.start_nudged()


def test_what_has_nothing_to_tell_is_json_too():
    with House() as house:
        for asked in (["reload", "--yes"], ["reload", "--keys"], ["hold", "cardiology"], ["release", "cardiology", "--drop"], ["release", "clock"]):
            assert house.ctl_json(*asked), asked
