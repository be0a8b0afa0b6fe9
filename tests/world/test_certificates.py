"""How long certificates last: listed, told once when it gets short, once when it is mended."""
import os
import pwd
import re
import shutil
import socket
import ssl

import certs as maker
from feed import Feed, code, in_seconds, siu
from house import BIN, CONF, House, wait
from run import Skip

CLIENT = ["extendedKeyUsage=clientAuth"]


def rows(house, **wanted):
    return [r for r in house.ctl_json("certificates") if all(r[k] == v for k, v in wanted.items())]


def only(house, **wanted):
    found = rows(house, **wanted)
    assert len(found) == 1, (wanted, found)
    return found[0]


def lines(house, *words):
    return [l for l in house.log("nudged").splitlines() if all(w in l for w in words)]


def say_hello(house, sender, folder):
    shutil.copy(f"{house.certs}/ca.crt", f"{folder}/ca.crt")
    with Feed(house.port, folder, sender=sender) as feed:
        assert code(feed.send(siu("S12", f"H{sender}", in_seconds(90000), phone=""))) == "AA"


def test_two_pins_overlap():
    """The old one ends in five days; the sender goes over to the new one; the old one is taken out.

    pain: an outage on the day a sender changes its certificate
    pain: a feed that fell silent, and nobody can see when it was last there"""
    template = CONF.replace("{{{certs}/sender.crt}}", "{{mine/old.crt, mine/new.crt}}")
    with House(template=template, start=False) as house:
        mine = house.path("mine")
        os.mkdir(mine)
        maker.self_signed(mine, "old", "epic-old.lamna.example", CLIENT, days=5)
        maker.self_signed(mine, "new", "epic-new.lamna.example", CLIENT, days=300)
        house.start()
        ours = only(house, kind="own")
        assert ours["block"] == "listener" and ours["title"] == "epic" and ours["subject"] == "CN=localhost" and 80 < ours["days_left"] <= 90, ours
        old, new = (only(house, kind="pinned", file=os.path.realpath(f"{mine}/{n}.crt")) for n in ("old", "new"))
        assert old["days_left"] in (4, 5) and old["state"] == "7-days" and old["last_seen"] is None and old["title"] == "prod", old
        assert new["days_left"] in (299, 300) and new["state"] == "good" and new["in_use"], new
        told = lines(house, "ends within 7 days", "mine/old.crt")
        assert len(told) == 1 and "environment=prod" in told[0] and old["sha256"] in told[0] and "do=" in told[0] and "warning" in told[0], told
        say_hello(house, "old", mine)
        say_hello(house, "new", mine)
        assert wait(lambda: only(house, sha256=new["sha256"])["connections"] == 0)
        assert only(house, sha256=old["sha256"])["last_seen"] and only(house, sha256=new["sha256"])["peer"] == "127.0.0.1"
        text = house.ctl("certificates").stdout
        assert re.search(r"^ +[45] +\d{4}-\d\d-\d\d  7-days +environment \"prod\" \(sender's\): CN=epic-old.lamna.example$", text, re.M), text
        assert text.index("CN=epic-old") < text.index("CN=localhost") < text.index("CN=epic-new"), "what ends first stands first"
        assert "last seen" in text and new["sha256"] in text
        house.ctl("reload", "--keys")
        assert len(lines(house, "ends within 7 days")) == 1, "told once"
        house.template = template.replace("mine/old.crt, ", "")
        house.configure()
        house.ctl("reload")
        assert len(lines(house, "in order again", "mine/old.crt")) == 1
        assert not rows(house, kind="pinned", sha256=old["sha256"])


def test_renewed_by_its_own_key():
    """A pin is a key: the sender's renewed certificate passes, and its date is the one that counts."""
    template = CONF.replace("{{{certs}/sender.crt}}", "{{mine/one.crt}}")
    with House(template=template, start=False) as house:
        mine = house.path("mine")
        os.mkdir(mine)
        maker.self_signed(mine, "one", "epic.lamna.example", CLIENT, days=12)
        shutil.copy(f"{mine}/one.key", f"{mine}/two.key")
        maker.run("req", "-x509", "-new", "-key", "two.key", "-out", "two.crt", "-subj", "/CN=epic.lamna.example", "-days", "200", cwd=mine)
        house.start()
        assert len(lines(house, "ends within 14 days")) == 1
        say_hello(house, "two", mine)
        seen = only(house, kind="seen")
        assert seen["days_left"] in (199, 200) and seen["file"] == "" and seen["title"] == "prod" and seen["in_use"], seen
        assert only(house, kind="pinned")["in_use"] is False
        house.ctl("reload", "--keys")
        assert len(lines(house, "in order again", "mine/one.crt")) == 1
        assert "it can go" in house.ctl("certificates").stdout


def test_issuers_and_lists():
    """pain: a revocation list that gets old and nobody is told"""
    template = CONF.replace("certificates = {{{certs}/sender.crt}}", "issuer = mine/ca.crt\n subjects = {{\"epic.lamna.example\"}}\n revocation_list = mine/ca.crl")
    with House(template=template, start=False) as house:
        mine = house.path("mine")
        os.mkdir(mine)
        maker.self_signed(mine, "ca", "Hospital CA", ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"], days=3000)
        maker.issued(mine, "short", "epic.lamna.example", "ca", CLIENT, days=1, serial="7")
        maker.revocation_list(mine, "ca", [], days=-1)
        house.start()
        stale = only(house, kind="revocation-list")
        assert stale["state"] == "expired" and stale["days_left"] < 0 and stale["issuer"] == "CN=Hospital CA" and stale["file"].endswith("ca.crl"), stale
        assert only(house, kind="issuer")["days_left"] > 2900
        told = lines(house, "revocation list is out of date")
        assert len(told) == 1 and "fetch a fresh list" in told[0] and " error " in told[0], told
        maker.revocation_list(mine, "ca", [], days=30)
        house.ctl("reload", "--keys")
        assert len(lines(house, "revocation list is in order again")) == 1
        hold = hello_by_issuer(house, mine)
        seen = only(house, kind="seen")
        assert seen["state"] == "1-day" and seen["connections"] == 1 and seen["peer"] == "127.0.0.1", seen
        house.ctl("reload", "--keys")
        assert len(lines(house, "ends within a day", "epic.lamna.example")) == 1, "a sender's certificate is known from its connection alone"
        hold.close()


def hello_by_issuer(house, mine):
    context = ssl.create_default_context(cafile=f"{house.certs}/ca.crt")
    context.load_cert_chain(f"{mine}/short.crt", f"{mine}/short.key")
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", house.port), timeout=10), server_hostname="localhost")
    s.sendall(b"\x0b" + siu("S12", "I1", in_seconds(90000), phone="").encode() + b"\x1c\r")
    assert b"MSA|AA" in s.recv(4096)
    return s


def test_who_may_look():
    """The view role is enough, and needed."""
    with House() as house:
        if os.getuid() != 0:
            raise Skip("only root can ask as somebody else")
        nobody = pwd.getpwnam("nobody")
        os.chmod(house.folder, 0o755)
        os.chmod(house.path("run"), 0o755)

        def ask(status):
            return house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "certificates", "--json"], status=status, user=nobody.pw_uid)
        assert "access" in ask(1).stderr
        house.configure(top="access { view = {nobody} }")
        house.ctl("reload")
        assert "CN=localhost" in ask(0).stdout



def test_a_renewal_that_leaves_its_key_open_is_refused():
    """The next start would refuse the key: the hook hears of it, and what was in force stays."""
    with House(template=CONF.replace("{certs}/listener", "mine/listener"), start=False) as house:
        os.mkdir(house.path("mine"))
        for end in ("crt", "key"):
            shutil.copy(f"{house.certs}/listener.{end}", house.path(f"mine/listener.{end}"))
        os.chmod(house.path("mine/listener.key"), 0o600)
        house.start()
        before = only(house, kind="own")["sha256"]
        for end in ("crt", "key"):
            shutil.copy(f"{house.certs}/acs.{end}", house.path(f"mine/listener.{end}"))
        os.chmod(house.path("mine/listener.key"), 0o644)
        said = house.ctl("reload", "--keys", status=1).stderr
        assert 'listener "epic": private_key: ' in said and "is open to others (mode 0644); mend it with: chmod " in said, said
        assert house.tell(siu("S12", "V1", in_seconds(90000), phone="")) == ["AA"]
        os.chmod(house.path("mine/listener.key"), 0o600)
        house.ctl("reload", "--keys")
        assert only(house, kind="own")["sha256"] != before
