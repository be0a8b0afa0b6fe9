"""Who approves what: the act, what applies at once and what waits, over restarts; hold and release; records and verify."""
import getpass
import glob
import grp
import json
import os
import pwd
import subprocess
import threading

from feed import in_seconds, siu
from house import BIN, CONF, House, wait
from run import Skip
from test_roles import ask

ME = getpass.getuser()
APPROVED = CONF.replace("approver = none", f"approver = {ME}")


def site(house, name="cardiology"):
    return next(s for s in house.status()["sites"] if s["site"] == name)


def test_approval_is_an_act():
    """Until then messages are taken and nothing is sent; what is approved is shown, and what the organization consented to."""
    with House(template=APPROVED) as house:
        assert house.tell(siu("S12", "A1", in_seconds(90000))) == ["AA"]
        assert house.texts("A1")["booked"] == "suppressed" and not site(house)["sending"]
        shown = house.ctl("approve", "cardiology").stdout
        for words in ("window: 00:00-24:00", "reminders: day: 24h, soon: 15min", "sent to patients on its behalf", "attendees have consented to send and receive SMS",
                      "SIU^S12", "Last message from its environment", "not approved"):
            assert words in shown, (words, shown)
        assert site(house)["approved"] and site(house)["sending"] and site(house)["approved_by"] == ME
        house.tell(siu("S12", "A2", in_seconds(90000), patient="MRN2"))
        wait(lambda: house.texts("A2")["booked"] == "sent")
        assert house.texts("A1")["reminder:day"] == "pending", "reminders stay"
        assert "NOTHING" not in house.ctl("approve", "cardiology").stdout
        assert "no such site" in house.ctl("approve", "nobody", status=1).stderr


def test_what_waits_and_what_does_not():
    """A change that narrows applies at once, any other waits, and the approved settings stay in force, also over a restart."""
    with House(template=APPROVED) as house:
        house.ctl("approve", "cardiology")
        house.template = APPROVED.replace('name = "Lamna Cardiology"', 'name = "Another Clinic"').replace("confirmation = true", "").replace(
            'reminder "soon" {{ before = 15min }}', 'reminder "week" {{ before = 7d }}')
        house.configure()
        diff = house.ctl_json("diff")
        changes = {c["setting"]: c["when"] for c in diff["sites"][0]["changes"]}
        assert changes["name"] == "waits for approval" and diff["stops"] == [] and diff["sites"][0]["will_send"], diff
        both = [c for c in diff["sites"][0]["changes"] if c["setting"] == "reminders"]
        assert [(c["from"], c["to"], c["when"]) for c in both] == [("day: 24h, soon: 15min", "day: 24h", "at once"),
                                                                  ("day: 24h", "day: 24h, week: 7d", "waits for approval")], both
        assert "waits for approval" in house.ctl("reload").stdout

        def still_approved():
            s = site(house)
            return s["sending"] and s["file_differs"] and sorted(s["waiting"]) == ["name", "reminders"]
        assert still_approved(), site(house)
        out = house.ctl("status").stdout
        assert "running approved of 20" in out and "file differs; waits for approval: name, reminders" in out, out
        house.tell(siu("S12", "B1", in_seconds(9 * 86400)))
        wait(lambda: house.texts("B1")["booked"] == "sent")
        assert "reminder:week" not in house.texts("B1") and "reminder:soon" not in house.texts("B1"), house.texts("B1")
        assert "Another Clinic" not in house.accepted()[-1]["message"] and "Lamna" in house.accepted()[-1]["message"]

        house.stop("nudged")
        house.start_nudged()
        wait(lambda: house.status()["sender_connected"])
        assert still_approved(), site(house)
        house.tell(siu("S12", "B2", in_seconds(9 * 86400), patient="MRN2"))
        wait(lambda: house.texts("B2")["booked"] == "sent")
        assert "reminder:week" not in house.texts("B2")

        assert "name: Lamna Cardiology -> Another Clinic" in house.ctl("approve", "cardiology").stdout
        assert not site(house)["file_differs"] and site(house)["waiting"] == []
        wait(lambda: house.texts("B2").get("reminder:week") == "pending")
        house.stop("nudged")
        house.start_nudged()
        assert not site(house)["file_differs"] and site(house)["approved"]


def test_an_approver_without_a_login():
    """A detached signature of a listed key over what is to be approved."""
    with House(start=False) as house:
        for name, kind in (("anna", ["ED25519"]), ("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("other", ["ED25519"])):
            subprocess.run(["openssl", "genpkey", "-quiet", "-algorithm", *kind, "-out", house.path(f"{name}.key")], check=True, capture_output=True)
            subprocess.run(["openssl", "pkey", "-in", house.path(f"{name}.key"), "-pubout", "-out", house.path(f"{name}.pub")], check=True, capture_output=True)
        house.template = CONF.replace("approver = none", "approver = {{keys/../anna.pub, rsa.pub}}")
        house.start()
        try:
            statement = house.ctl("approve", "cardiology", "--statement").stdout
            house.write("statement", statement)

            def sign(key, *how):
                raw = subprocess.run(["openssl", *how, house.path(f"{key}.key"), *(["-in"] if how[0] == "pkeyutl" else []), house.path("statement")], check=True, capture_output=True).stdout
                house.write("signature", __import__("base64").b64encode(raw).decode() + "\n")
                return house.path("signature")
            ed = ("pkeyutl", "-sign", "-rawin", "-inkey")
            assert "not an approver" in house.ctl("approve", "cardiology", status=1).stderr
            assert "no key" in house.ctl("approve", "cardiology", "--signature", sign("other", *ed), status=1).stderr
            house.write("signature", "no base64!\n")
            house.ctl("approve", "cardiology", "--signature", house.path("signature"), status=1)
            signed = sign("anna", *ed)
            house.ctl("approve", "cardiology", "--signature", signed)
            assert site(house)["approved"] and site(house)["approved_by"] == "key anna.pub", site(house)
            house.template = house.template.replace("before = 15min", "before = 30min")
            house.configure()
            house.ctl("reload")
            assert site(house)["waiting"] == ["reminders"]
            assert "no key" in house.ctl("approve", "cardiology", "--signature", signed, status=1).stderr, "it was of other settings"
            house.write("statement", house.ctl("approve", "cardiology", "--statement").stdout)
            house.ctl("approve", "cardiology", "--signature", sign("rsa", "dgst", "-sha256", "-sign"))
            assert site(house)["approved_by"] == "key rsa.pub" and site(house)["waiting"] == []
        finally:
            house.end()


def test_approvers_by_user_and_by_group():
    """Each by the uid that the kernel tells: one of several users, a member of a group, and nobody else, root neither."""
    if os.getuid() != 0:
        raise Skip("only root can ask as somebody else")
    named, grouped, other = "games", "daemon", "nobody"
    # of a group that is not the first of its member, where this machine has one
    second = next(((m, g.gr_name) for g in grp.getgrall() for m in g.gr_mem if m not in ("root", named, grouped, other) and m in {p.pw_name for p in pwd.getpwall()}), None)
    group = grp.getgrgid(pwd.getpwnam(grouped).pw_gid).gr_name
    listed = ", ".join([named, f'"@{group}"'] + ([f'"@{second[1]}"'] if second else []))

    def ask_as(user, **request):
        """As nudgectl asks: what is proposed, then the approval of what was shown."""
        shown = ask(house.path("run/control"), user, "approve", site="cardiology", **request)
        if not shown["ok"]:
            return shown
        return ask(house.path("run/control"), user, "approve", site="cardiology", hash=shown["result"]["hash"])

    with House(template=CONF.replace("approver = none", f"approver = {{{{{listed}}}}}")) as house:
        os.chmod(house.folder, 0o755)
        os.chmod(house.path("run"), 0o755)
        for user in (other, "root"):
            a = ask_as(user)
            assert not a["ok"] and "approver" in a["error"], (user, a)
            assert not site(house)["approved"]
        for n, user in enumerate([named, grouped] + ([second[0]] if second else [])):
            a = ask_as(user)
            assert a["ok"] and site(house)["approved_by"] == user and site(house)["sending"], (user, a)
            house.template = house.template.replace("before = 15min" if n == 0 else f"before = {14 + n}min", f"before = {15 + n}min" if n else "before = 16min")
            house.configure()
            house.ctl("reload")
        assert site(house)["waiting"] == ["reminders"], "a change waits again"
        house.stop("nudged")
        house.start_nudged()
        assert site(house)["approved_by"] in (named, grouped, second and second[0]) and site(house)["sending"]
        with open(next(iter(sorted(glob.glob(house.path("state/audit/audit-*.jsonl")))))) as f:
            who = [r["who"]["id"] for r in map(json.loads, f) if r["what"] == "command.approve"]
        assert {w.split("/")[1] for w in who} >= {named, grouped, other, "root"}, who


def test_approve_asks_on_a_terminal():
    """Whoever is asked has seen what they approve, in whatever form the answer is wanted."""
    with House(template=APPROVED) as house:
        for form in ([], ["--json"]):
            master, slave = os.openpty()
            p = subprocess.Popen([f"{BIN}/nudgectl", "-s", house.path("run/control"), "approve", "cardiology", *form], stdin=slave, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
            os.write(master, b"n\n")
            out, error = p.communicate(timeout=60)
            assert p.returncode == 1 and "Consent, given" in (error if form else out) and "nothing was approved" in error, (out, error)
            assert not form or out == "", "what is read by a program is the answer alone"
            os.close(master)
            os.close(slave)
        assert not site(house)["approved"]
        assert json.loads(house.ctl("approve", "cardiology", "--json").stdout) is not None and site(house)["approved"], "a script is not asked"


def test_reload_says_who_stops():
    with House() as house, house.feed() as feed:
        assert house.ctl_json("diff")["same"] is True and "nothing would change" in house.ctl("diff").stdout
        feed.send(siu("S12", "D1", in_seconds(90000)))
        house.configure(organization="monthly_limit = 1000")
        assert house.ctl_json("diff")["settings"] == [{"block": "organization", "title": "lamna", "setting": "monthly_limit", "from": None, "to": "1000"}]
        house.template = CONF.replace("number = main\n    time_zone", "time_zone")
        house.configure()
        diff = house.ctl_json("diff")
        assert diff["stops"] == [{"site": "cardiology", "why": "the site has no number"}] and diff["sites"][0]["planned"] >= 2, diff
        assert site(house)["sending"], "a diff changes nothing"
        # On a terminal it asks; a service manager's reload goes on.
        master, slave = os.openpty()
        p = subprocess.Popen([f"{BIN}/nudgectl", "-s", house.path("run/control"), "reload"], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        os.write(master, b"n\n")
        out = p.communicate(timeout=60)[0]
        assert p.returncode == 1 and "would stop texting: the site has no number" in out and "nothing was applied" in out, out
        assert site(house)["sending"]
        done = house.ctl("reload")
        assert "would stop texting" in done.stderr and "applied" in done.stdout and not site(house)["sending"]
        assert "a site stops texting" in house.log("nudged")
        os.close(master)
        os.close(slave)
        # What was shown is what is applied.
        house.template = CONF
        house.configure()
        house.ctl("reload", "--yes")
        assert site(house)["sending"] and house.log("nudged").count("a site begins to text") == 1


def test_reload_keys():
    """A renewal hook brings new certificates in, and nothing of a file that is being edited.

    pain: a renewed certificate that needs a restart"""
    with House() as house, house.feed() as feed:
        import shutil
        from feed import code
        for name in ("listener.crt", "listener.key"):
            shutil.copy(f"{house.certs}/{name}", house.path(name))
        os.chmod(house.path("listener.key"), 0o600)
        house.template = CONF.replace("{certs}/listener.", "{folder}/listener.")
        house.configure()
        house.ctl("reload")
        before = house.feed().socket.getpeercert(True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=localhost", "-keyout", house.path("listener.key"),
                        "-out", house.path("listener.crt")], check=True, capture_output=True)
        house.template = "this is being edited {{"
        house.configure()
        house.ctl("reload", "--keys")
        import socket
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(f"{house.certs}/sender.crt", f"{house.certs}/sender.key")
        with context.wrap_socket(socket.create_connection(("127.0.0.1", house.port))) as s:
            assert s.getpeercert(True) != before, "the new certificate is shown"
        assert code(feed.send(siu("S12", "K1", in_seconds(90000)))) == "AA", "on the connection from before"
        house.write("listener.key", "no key\n", 0o600)
        assert "listener.key" in house.ctl("reload", "--keys", status=1).stderr
        assert code(feed.send(siu("S12", "K2", in_seconds(90000), patient="MRN2"))) == "AA"
        house.ctl("reload", status=78)


def test_a_reload_reaches_the_sender():
    """One command is enough: nudge-sender takes what nudged took, with its secrets, also when one of them was away."""
    def applied():
        return house.log("nudge-sender").count("what=configuration applied") + house.log("nudge-sender").count('what="configuration applied"')

    def gateway(name):
        house.template = CONF.replace('gateway "acs"', f'gateway "{name}"').replace("gateway = acs", f"gateway = {name}")
        house.configure()

    with House() as house, house.feed() as feed:
        assert applied() == 0
        gateway("second")
        house.ctl("reload")
        feed.send(siu("S12", "G1", in_seconds(90000)))
        wait(lambda: house.texts("G1")["booked"] == "sent")
        assert applied() == 1
        house.write("nudge.conf", "this is being edited {")
        house.ctl("reload", "--keys")
        wait(lambda: "secrets read again" in house.log("nudge-sender"))
        key = open(house.path("keys/acs.key")).read()
        house.write("keys/acs.key", "no key", 0o600)
        assert "nudge-sender did not take it" in house.ctl("reload", "--keys", status=1).stderr
        assert "nudge-sender did not take the configuration" in house.log("nudged")
        feed.send(siu("S12", "G2", in_seconds(90000), patient="MRN2"))
        wait(lambda: house.texts("G2")["booked"] == "sent")
        house.write("keys/acs.key", key, 0o600)
        house.stop("nudged")
        gateway("third")
        house.start_nudged()
        wait(lambda: applied() == 2)
        house.tell(siu("S12", "G3", in_seconds(90000), patient="MRN3"))
        wait(lambda: house.texts("G3")["booked"] == "sent")


def test_reload_under_load():
    """Six senders that do not stop while the configuration changes five times: each keeps its connection, each message its answer and its texts."""
    with House() as house:
        from feed import code
        over, codes = threading.Event(), [[] for _ in range(6)]

        def send(n):
            with house.feed() as feed:
                while not over.is_set():
                    codes[n].append(code(feed.send(siu("S12", f"L{n}-{len(codes[n])}", in_seconds(90000), phone="", patient=f"MRN{n}"))))
        senders = [threading.Thread(target=send, args=(n,)) for n in range(6)]
        for t in senders:
            t.start()
        try:
            for i in range(5):
                seen = [len(c) for c in codes]
                wait(lambda: all(len(c) > n for c, n in zip(codes, seen)) or not any(t.is_alive() for t in senders))
                house.configure(organization=f"monthly_limit = {1000 + i}")
                house.ctl("reload")
        finally:
            over.set()
            for t in senders:
                t.join(60)
        assert all(c and set(c) == {"AA"} for c in codes), [set(c) for c in codes]
        assert house.log("nudged").count("configuration applied") == 5
        n = sum(len(c) for c in codes)
        assert house.status()["messages"]["accepted"] == n and len(house.appointments("--all")) == n


def test_hold_and_release():
    with House() as house:
        house.ctl("hold", "cardiology")
        s = site(house)
        assert s["held"] and not s["sending"] and f"held by {ME}" in s["silent"], s
        house.tell(siu("S12", "H1", in_seconds(86400 + 2)))
        assert house.texts("H1")["booked"] == "suppressed", "a confirmation that was planned meanwhile is never released"
        wait(lambda: house.texts("H1")["reminder:day"] == "held")
        house.stop("nudged")
        house.start_nudged()
        wait(lambda: house.status()["sender_connected"])
        assert site(house)["held"], "also after a restart"
        assert house.texts("H1")["reminder:day"] == "held" and "nudgectl release" in "".join(house.explain("H1")["why"])
        assert house.ctl_json("release", "cardiology") == {"booked": 0, "changed": 0, "canceled": 0, "reminder": 1}
        assert site(house)["held"], "counting releases nothing"
        assert house.accepted() == []
        house.ctl("release", "cardiology", "--send")
        wait(lambda: house.texts("H1")["reminder:day"] == "sent")
        assert not site(house)["held"] and len(house.accepted()) == 1
        house.ctl("hold", "cardiology")
        house.tell(siu("S12", "H2", in_seconds(86400 + 2), patient="MRN2"))
        wait(lambda: house.texts("H2")["reminder:day"] == "held")
        house.ctl("release", "cardiology", "--drop")
        assert house.ctl("release", "cardiology").stdout.endswith("no text is held\n")
        assert house.texts("H2")["reminder:day"] == "void" and not site(house)["held"] and len(house.accepted()) == 1
        house.ctl("hold", "nobody", status=1)


def test_records_and_verify():
    more = 'sending_application = EPIC sending_facility = LAMNA departments = {{CARD}} link = "ZVV-3"'.replace("{{", "{").replace("}}", "}")
    with House(template=APPROVED, site=more) as house:
        text = house.ctl("records", "cardiology").stdout
        assert text.startswith("NOT APPROVED"), text
        records = house.ctl_json("records", "cardiology")
        flat = {f["field"]: f["value"] for r in records["records"] for f in r["fields"]}
        assert records["approved"] is False and flat["port"] == str(house.port) and flat["host"] == "127.0.0.1"
        assert flat["MSH-3"] == "EPIC" and flat["MSH-4"] == "LAMNA" and flat["MSH-11"] == "P" and "S12" in flat["triggers"] and flat["phone"].startswith("PID-13(*)")
        assert flat["departments taken"] == "CARD" and flat["link"] == "ZVV-3"
        fingerprint = subprocess.run(["openssl", "x509", "-in", f"{house.certs}/listener.crt", "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True).stdout
        assert flat["our certificate SHA-256"] == fingerprint.split("=")[1].strip().replace(":", "").lower()
        assert records["checksum"] in text
        house.ctl("approve", "cardiology")
        assert house.ctl_json("records", "cardiology")["checksum"] == records["checksum"] and "NOT APPROVED" not in house.ctl("records", "cardiology").stdout

        none = json.loads(house.ctl("verify", "cardiology", "--json", status=1).stdout)
        assert none["message"] is None and none["fields"] == []
        house.tell(siu("S12", "V1", in_seconds(90000), application="EPICTST", processing="T"))
        wrong = json.loads(house.ctl("verify", "cardiology", "--json", status=1).stdout)
        rows = {f["field"]: f for f in wrong["fields"]}
        assert not wrong["of_this_site"] and not rows["MSH-3"]["ok"] and rows["MSH-3"]["found"] == "EPICTST" and rows["MSH-3"]["expected"] == "EPIC" and rows["MSH-4"]["ok"]
        assert not rows["MSH-11"]["ok"] and rows["MSH-11"]["found"] == "T"
        house.tell(siu("S12", "V2", in_seconds(90000), phone=""))
        mine = json.loads(house.ctl("verify", "cardiology", "--json", status=1).stdout)
        rows = {f["field"]: f for f in mine["fields"]}
        assert mine["of_this_site"] and rows["MSH-3"]["ok"] and rows["MSH-9.2"]["ok"] and not rows["phone"]["ok"] and not rows["link"]["ok"] and rows["department"]["ok"]
        house.tell(siu("S12", "V3", in_seconds(90000), extra=["ZVV|1||https://teams.example/j/1"]))
        assert "WRONG" not in house.ctl("verify", "cardiology").stdout
        house.tell(siu("S12", "V4", in_seconds(90000), facility="OTHER"))
        assert "for no site" in house.ctl("verify", "cardiology").stdout
        wait(lambda: b"SIU^S12" in open(house.path("state/nudge.db-wal"), "rb").read() + open(house.path("state/nudge.db"), "rb").read())
        house.stop("nudged")
        house.start_nudged()
        assert "Last message of this site" in house.ctl("verify", "cardiology").stdout, "known after a restart"
