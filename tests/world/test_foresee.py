"""What the visits that are known would get under another configuration: simulate --config, against the real nudged."""
import json
import os
import stat
import time

from feed import in_seconds, siu
from house import BIN, CONF, House, wait
from test_texts import apart, soon


def foresee(house, *args, status=0):
    done = house.run([f"{BIN}/nudgectl", "-s", house.path("run/control"), "simulate", "--config", house.path("new.conf"), *args], status=status)
    return done


def change(house, old, new):
    with open(house.conf) as f:
        text = f.read()
    assert old in text, old
    house.write("new.conf", text.replace(old, new))


def look(house, *args):
    return json.loads(foresee(house, *args, "--json").stdout)


def clinic(house):
    """Six visits with numbers and one without, one canceled, one with a number of Britain."""
    house.tell(*[siu("S12", f"F{i}", in_seconds(300000 + i), patient=f"MRN{i}", phone=f"60855501{i:02}^PRN^CP") for i in range(6)],
               siu("S12", "F6", in_seconds(300000), patient="MRN6", phone=""),
               siu("S12", "F7", in_seconds(300000), patient="MRN7", phone="+44 7700 900123^PRN^CP"),
               siu("S12", "SOON", in_seconds(3600), patient="MRN8", phone="6085550108^PRN^CP", department="PSYCH"))
    house.wait_texts(7)
    house.tell(siu("S15", "F5", in_seconds(300005), patient="MRN5"))
    house.wait_texts(8)
    wait(lambda: house.status()["in_flight"] == 0)
    time.sleep(1.5)  # what has been has been in another second


def test_texts_more_fewer_moved():
    with House() as house:
        clinic(house)
        change(house, "approver = none", "approver = none\n")
        same = look(house)
        assert same["visits"] == 9 and same["sent"] == 8, same
        for span, texts in (("past", 8), ("coming", 11)):
            d = same[span]
            assert d["before"] == d["after"] and d["before"]["texts"] == texts, (span, d)
            assert d["more"] == d["fewer"] == d["moved"] == d["reworded"] == 0, (span, d)
        assert same["past"]["before"]["segments"] >= 8 and same["past"]["before"]["cost"] is None
        assert same["examples"] == []

        change(house, 'reminder "day"  { before = 24h }', 'reminder "day"  { before = 48h }\n reminder "week" { before = 70h }')
        more = look(house, "--price", "0.01")["coming"]
        assert (more["more"], more["fewer"], more["moved"]) == (5, 0, 5), more
        assert more["after"]["cost"] > more["before"]["cost"] > 0

        change(house, "settle = 0s", "settle = 0s confirmation = false")
        fewer = look(house)
        assert (fewer["past"]["fewer"], fewer["past"]["more"], fewer["coming"]["fewer"]) == (8, 0, 0), fewer
        assert [e["after"] for e in fewer["examples"]] == [None] * 8

        change(house, "country = US", "country = US countries = {US, GB}")
        assert look(house)["past"]["more"] == 1, "a number of Britain may be texted now"

        change(house, "settle = 0s", "settle = 0s confidential_departments = {'^psych'}")
        assert look(house)["past"]["fewer"] == 1, "departments that are still known are tried on the patterns"
        change(house, "settle = 0s", "settle = 0s departments = {'^card'}")
        gone = look(house)
        assert (gone["untaken_before"], gone["untaken_after"], gone["past"]["fewer"]) == (0, 1, 1), gone

        change(house, 'name = "Lamna Cardiology"', 'name = "Lamna Heart Centre"')
        words = look(house)
        assert words["past"]["more"] == words["past"]["fewer"] == 0

        before = house.status()["texts"]
        assert before == house.status()["texts"] and len(house.accepted()) == 8, "nothing was sent"


def test_at_night_and_for_people():
    with House() as house:
        house.tell(siu("S12", "N1", in_seconds(3 * 86400), phone="6085550111^PRN^CP"))
        house.wait_texts(1)
        change(house, 'window = "00:00-24:00"', 'window = "10:00-10:01" short_window = "10:00-10:01" late = skip')
        d = look(house)
        assert d["coming"]["after"]["night"] == 0
        shown = foresee(house, "--since", "2d").stdout
        assert "from now on" in shown and "nothing was sent" in shown and "N1" not in shown and "555" not in shown, shown


def test_where_patients_live():
    """Who is asleep would get it at another time; who is known to live near the clinic would not."""
    home, clinic, window = apart()
    with House(template=CONF.replace("America/Chicago", clinic)) as house:
        house.tell(siu("S12", "P1", soon(3 * 86400), home=home), siu("S12", "P2", soon(3 * 86400), patient="MRN2", phone="6085550144^PRN^CP", home="^^"))
        house.wait_texts(2)
        for ours, moved in (("", 1), ("patient_zone = ignore", 0)):
            change(house, 'window = "00:00-24:00"', f'window = "{window}" {ours}')
            d = look(house)
            assert d["past"]["moved"] + d["past"]["fewer"] == moved, (ours, d)


def test_what_is_erased_is_taken_from_what_became_of_it():
    with House() as house:
        house.tell(siu("S12", "E1", in_seconds(4), phone="6085550112^PRN^CP"), siu("S12", "E2", in_seconds(4), patient="MRN2", phone=""))
        house.wait_texts(1)
        wait(lambda: house.explain("E1")["status"] == "over" and not house.explain("E1")["phone"])
        change(house, "settle = 0s", "settle = 1s")
        d = look(house)
        assert d["erased"] == 2 and d["past"]["before"]["texts"] == 1, d
        assert (d["past"]["more"], d["past"]["fewer"]) == (0, 0), "the one without a number got none, and would get none"


def test_what_is_wrong_is_said():
    with House() as house:
        house.write("new.conf", "organization {")
        assert "new.conf:1" in foresee(house, status=78).stderr
        change(house, "settle = 0s", "settle = 0s")
        assert "usage" in foresee(house, "--since", "soon", status=2).stderr
        assert "usage" in foresee(house, "--price", "dear", status=2).stderr
        assert foresee(house, "--since", "1d").stdout.startswith("0 visits")


def test_only_who_may_operate():
    with House() as house:
        if os.geteuid() != 0:
            return
        change(house, "settle = 0s", "settle = 0s")
        os.chmod(house.folder, 0o755)
        for name in ("run", "keys"):
            os.chmod(house.path(name), 0o755)
        os.chmod(house.path("run/control"), stat.S_IRUSR | stat.S_IWUSR | 0o066)
        done = house.run(["setpriv", "--reuid=65534", "--clear-groups", "python3", "-c",
                          "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                          "s.sendall(b'{\"command\":\"history\",\"since\":0,\"salt\":\"00\",\"sites\":[]}\\n')\nprint(s.recv(4096).decode())",
                          house.path("run/control")])
        assert "you may not do this" in done.stdout, done.stdout
