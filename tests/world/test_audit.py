"""Who did what is written down before it is done, and nobody changes it afterwards unseen."""
import glob
import json
import os
import socket

from feed import in_seconds, siu
from house import CONF, House, wait


def records(house):
    out = []
    for path in sorted(glob.glob(house.path("state/audit/audit-*.jsonl"))):
        with open(path) as f:
            out += [json.loads(line) for line in f]
    return out


def verify(house, *args, status=0):
    return json.loads(house.ctl("audit", "verify", *args, "--json", status=status).stdout)


def test_what_is_written_down():
    with House(template=CONF.replace("approver = none", "approver = root")) as house:
        house.ctl("approve", "cardiology")
        house.tell(siu("S12", "A1", "", phone=""))  # no start: quarantine
        q = wait(lambda: house.ctl_json("quarantine", "list"))
        house.ctl("quarantine", "show", str(q[0]["id"]), status=None)
        house.configure(site="short_window = \"08:00-19:00\"")
        house.ctl("reload")
        whats = [r["what"] for r in records(house)]
        assert whats[:3] == ["audit.begin", "daemon.start", "config.load"], whats
        approve = next(r for r in records(house) if r["what"] == "command.approve")
        assert approve["obj"]["id"] == "cardiology" and approve["who"] == {"type": "uid", "id": "0/root"} and approve["ok"], approve
        shown = wait(lambda: next((r for r in records(house) if r["what"] == "phi.quarantine-show"), None))
        assert shown["obj"]["id"] == str(q[0]["id"]) and shown["ok"] is False and shown["why"] == "not allowed", shown
        loads = [r for r in records(house) if r["what"] == "config.load"]
        assert len(loads) == 2 and "short_window = \"08:00-19:00\"" in loads[1]["detail"], loads[1]
        assert loads[1]["obj"]["hash"].split(">")[0] == loads[0]["obj"]["hash"].split(">")[1] != loads[1]["obj"]["hash"].split(">")[1]
        in_force = loads[1]["obj"]["hash"].split(">")[1]
        with socket.socket() as taken:  # what only shows when it is applied
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with open(house.conf) as f:
                text = f.read()
            house.write("nudge.conf", text.replace(f"port = {house.port}", f"port = {taken.getsockname()[1]}"))
            said = house.ctl("reload", status=78).stderr
        assert "\nerror: listener \"epic\": " in said and "is in use" in said, said
        failed = wait(lambda: next((r for r in records(house) if r["what"] == "config.load" and not r["ok"]), None))
        assert failed["obj"]["hash"].split(">")[1] == in_force and "is in use" in failed["why"], "the log says that it is not in force"
        house.configure()
        house.ctl("reload")
        assert [r for r in records(house) if r["what"] == "config.load"][-1]["obj"]["hash"].startswith(in_force + ">")
        assert verify(house)["good"]
        house.stop("nudged")
        assert records(house)[-1]["what"] == "daemon.stop"
        assert verify(house, "--directory", house.path("state/audit"))["good"], "without nudged too"
        assert "audit head" in house.log("nudged")


def test_tampering_shows():
    with House() as house:
        for _ in range(5):
            house.ctl("reload")
        assert verify(house)["good"]
        house.stop("nudged")  # it writes on while it runs
        path = glob.glob(house.path("state/audit/audit-*.jsonl"))[0]
        whole = open(path).read()
        with open(path, "w") as f:
            f.write(whole.replace("command.reload", "command.status", 1))
        v = verify(house, "--directory", house.path("state/audit"), status=1)
        assert not v["good"] and v["findings"][0]["what"] == "this record was changed", v
        with open(path, "w") as f:
            f.write(whole)
        assert verify(house, "--directory", house.path("state/audit"))["good"]
        head = verify(house, "--directory", house.path("state/audit"))["head"]
        os.rename(house.path("state/audit"), house.path("state/audit.away"))
        house.start_nudged()
        first = records(house)[0]
        assert first["what"] == "audit.begin" and not first["ok"], first
        v = verify(house, "--directory", house.path("state/audit"), "--head", f"{head['seq'] + 50}:{head['mac']}", status=1)
        assert "missing" in v["findings"][-1]["what"], v


def test_a_log_without_its_end_stops_the_start():
    with House() as house:
        house.ctl("reload")
        house.stop("nudged")
        path = glob.glob(house.path("state/audit/audit-*.jsonl"))[0]
        lines = open(path).readlines()
        with open(path, "w") as f:
            f.writelines(lines[:-1])
        try:
            house.start_nudged()
            raise AssertionError("it went on behind a missing record")
        except AssertionError as e:
            assert "ended with 78" in str(e) and "missing at the end" in str(e), e
        house.processes.pop("nudged", None)


def test_people_are_not_in_a_diff():
    with House(more="""
environment "test" {{
    kind = test
    organization = lamna
    certificates = {{{certs}/stranger.crt}}
    only_to = {{"+16085550177"}}
}}
""".replace("{{", "{").replace("}}", "}").replace("{certs}", "/nonexistent"), start=False) as house:
        house.start_acs()
        house.make_key()
        house.parts["more"] = house.parts["more"].replace("/nonexistent", house.certs)
        house.configure()
        house.start_nudged()
        load = next(r for r in records(house) if r["what"] == "config.load")
        assert "only_to" in load["detail"] and "16*******77" in load["detail"] and "6085550177" not in load["detail"], load
