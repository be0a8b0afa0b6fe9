"""What patients get: the right words, once, at the right time, and nothing else."""
import os
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from feed import ZONE, in_seconds, siu
from house import BIN, CONF, House, wait


def test_booked_changed_canceled():
    with House() as house:
        start = in_seconds(90000)
        assert house.tell(siu("S12", "T1", start)) == ["AA"]
        booked = house.wait_texts(1)[0]
        local = start.astimezone(ZONE)
        assert booked["from"] == "+18335550100" and booked["to"] == "+16085550123"
        assert "Lamna Healthcare" in booked["message"] and str(local.day) in booked["message"], booked
        assert "STOP" in booked["message"] and "CARD" not in booked["message"] and "Erika" not in booked["message"]
        assert house.tell(siu("S14", "T1", start)) == ["AA"], "nothing the patient reads has changed"
        house.stays(1, 0.5)
        assert house.tell(siu("S13", "T1", start + timedelta(days=2))) == ["AA"]
        changed = house.wait_texts(2)[1]
        assert str((local + timedelta(days=2)).day) in changed["message"]
        assert house.tell(siu("S15", "T1", start + timedelta(days=2))) == ["AA"]
        canceled = house.wait_texts(3)[2]
        assert canceled["message"] != changed["message"]
        assert house.explain("T1")["status"] == "canceled"
        wait(lambda: house.explain("T1")["phone"] is False)  # gone once the last text is final
        house.stays(3, 0.5)


def test_a_reschedule_moves_the_reminder():
    """pain: a reminder of the time before the visit was moved"""
    with House() as house:
        house.tell(siu("S12", "M1", in_seconds(86400 + 3)))
        house.wait_texts(1)
        house.tell(siu("S13", "M1", in_seconds(3 * 86400)))
        house.wait_texts(2)
        house.stays(2, 4)
        texts = house.explain("M1")["texts"]
        assert [t["state"] for t in texts if t["kind"] == "reminder" and t["rule"] == "day"] == ["void", "pending"], texts


def test_the_last_word_within_the_settle_delay():
    with House(template=CONF.replace("settle = 0s", "settle = 3s")) as house:
        start = in_seconds(90000)
        house.tell(siu("S12", "L1", start), siu("S15", "L1", start), siu("S12", "L2", start, patient="MRN1002"), siu("S13", "L2", start + timedelta(days=1), patient="MRN1002"))
        got = house.wait_texts(1, 8)
        assert str((start + timedelta(days=1)).astimezone(ZONE).day) in got[0]["message"]
        house.stays(1, 1.5)
        assert house.texts("L1")["booked"] == "void"


def test_cancelled_and_booked_again_is_one_change():
    """Under another id, in either order, within the settle delay: nobody reads "canceled" and then "booked".

    pain: moved by cancelling and booking anew, and the patient reads canceled first
    """
    with House(template=CONF.replace("settle = 0s", "settle = 3s")) as house:
        start = in_seconds(90000)
        house.tell(siu("S12", "OLD1", start), siu("S12", "OLD2", start, patient="MRN1002", phone="608-555-0144^PRN^CP"))
        house.wait_texts(2)
        house.tell(siu("S15", "OLD1", start), siu("S12", "NEW1", start + timedelta(days=1)),
                   siu("S12", "NEW2", start + timedelta(days=1), patient="MRN1002", phone="608-555-0144^PRN^CP"), siu("S15", "OLD2", start, patient="MRN1002"))
        got = house.wait_texts(4)
        for n in ("1", "2"):
            wait(lambda: house.texts(f"NEW{n}")["changed"] == "sent")  # the gateway had it before we know so
            assert house.texts(f"OLD{n}")["canceled"] == "void"
            assert any(f"NEW{n}" in w for w in house.explain(f"OLD{n}")["why"]), house.explain(f"OLD{n}")["why"]
        assert all(str((start + timedelta(days=1)).astimezone(ZONE).day) in t["message"] for t in got[2:]), got
        house.stays(4, 1)


def test_a_storm_waits_for_a_person():
    """A person looks before everybody is texted.

    pain: a clinic moves as a whole, and hundreds of wrong texts go
    """
    with House(site="storm_brake = 3/min") as house:
        person = lambda n: {"patient": f"MRN{n}", "phone": f"608-555-01{n:02}^PRN^CP"}
        start = in_seconds(86400 + 8)
        house.tell(*[siu("S12", f"W{n}", start, **person(n)) for n in range(8)])
        house.wait_texts(3)
        assert "storm brake" in house.log("nudged") and house.status()["texts"]["held"] == 5
        assert house.ctl_json("release", "cardiology") == {"booked": 5, "changed": 0, "canceled": 0, "reminder": 0}
        assert "--send" in house.ctl("release", "cardiology").stdout and house.status()["texts"]["held"] == 5, "only counted"
        house.wait_texts(11, 25)
        assert house.status()["texts"]["held"] == 5, "reminders of visits went all the same"
        assert house.ctl_json("release", "cardiology", "--send")["booked"] == 5
        house.wait_texts(16)
        wait(lambda: house.status()["texts"]["held"] == 0)
    with House(site="storm_brake = 3/min") as house:
        house.tell(*[siu("S12", f"V{n}", in_seconds(90000), **person(n)) for n in range(5)])
        house.wait_texts(3)
        assert house.ctl_json("release", "cardiology", "--drop")["booked"] == 2
        assert house.texts("V4")["booked"] == "void" and house.texts("V4")["reminder:day"] == "pending"
        assert house.ctl_json("report", "states")["right"]
        house.stays(3, 0.5)


def test_minors_and_departments_of_today():
    """What a configuration closes stops texts that were planned before it, also by department and age."""
    with House(template=CONF.replace("settle = 0s", "settle = 8s")) as house:
        young = siu("S12", "Y1", in_seconds(90000)).replace("19700101", "20200131")
        house.tell(young, siu("S12", "Y2", in_seconds(90000), patient="MRN2", phone="608-555-0144^PRN^CP", department="PSYCH"),
                   siu("S12", "Y3", in_seconds(90000), patient="MRN3", phone="608-555-0155^PRN^CP"))
        house.configure(site="minors = suppress\n    confidential_departments = {'^psy'}")
        house.ctl("reload")
        assert [t["to"] for t in house.wait_texts(1, 20)] == ["+16085550155"]
        wait(lambda: house.texts("Y1")["booked"] == house.texts("Y2")["booked"] == "suppressed")
        assert "minor_age" in "\n".join(house.explain("Y1")["why"]) and "confidential_departments" in "\n".join(house.explain("Y2")["why"])
        house.stays(1, 0.5)


def test_one_reminder_for_a_day():
    with House(site="merge = true") as house:
        for n, wait_s in (("1", 6), ("2", 9)):
            house.tell(siu("S12", f"D{n}", in_seconds(86400 + wait_s)))
        house.tell(siu("S12", "D3", in_seconds(86400 + 6), patient="MRN1002"))
        house.wait_texts(5, 20)
        wait(lambda: house.texts("D2")["reminder:day"] == "suppressed")
        house.stays(5, 4)
        why = house.explain("D2")["why"]
        assert any("merge = true" in w for w in why) and any("said in the reminder" in w and w.endswith("D1") for w in why), why
        assert house.texts("D3")["reminder:day"] == "sent", "another patient's, though the phone is the same"
        assert house.ctl_json("report", "states")["right"]
    with House(start=False) as house:
        os.mkdir(house.path("words"))
        with open(os.path.join(os.path.dirname(__file__), "../../conf/templates/en")) as f:
            house.write("words/en", f.read().replace("[[, {other_times}]]", ""))
        house.acs_port = 1
        house.make_key()
        house.configure(site="merge = true\n    templates = words")
        house.write("nudge.conf", open(house.conf).read().replace("{en, es}", "{en}"))
        done = house.run([f"{BIN}/nudgectl", "check", house.conf], status=78)
        assert "{other_times}" in done.stderr and "merge" in done.stderr, done.stderr


def test_silent_endings():
    with House() as house:
        start = in_seconds(90000)
        for n, event in enumerate(("S17", "S26")):
            house.tell(siu("S12", f"E{n}", start, patient=f"MRN20{n}"))
            house.wait_texts(n + 1)
            house.tell(siu(event, f"E{n}", start, patient=f"MRN20{n}"))
        house.stays(2, 0.7)
        assert house.explain("E0")["status"] == "deleted" and house.explain("E1")["status"] == "no-show"
        house.tell(siu("S15", "NEVER", start))
        house.stays(2, 0.3)
        house.tell(siu("S12", "NEVER", start, sent="20200101120000-0600"))
        house.stays(2, 0.7)


def test_no_number_no_text_and_a_reason():
    with House() as house:
        start = in_seconds(90000)
        house.tell(siu("S12", "N1", start, phone=""), siu("S12", "N2", start, phone="608-555-0123^PRN^FX"), siu("S12", "N3", start, phone="+44 7700 900123^PRN^CP"))
        wait(lambda: [house.texts(f"N{i}")["booked"] for i in (1, 2, 3)] == ["suppressed"] * 3)
        reasons = [next(t["reason"] for t in house.explain(f"N{i}")["texts"] if t["kind"] == "booked") for i in (1, 2, 3)]
        assert reasons == ["no-phone", "no-phone", "phone-country"], reasons
        house.tell(siu("S14", "N1", start))
        house.wait_texts(1)
        house.tell(siu("S14", "N1", start + timedelta(days=1), phone='""'))
        wait(lambda: house.explain("N1")["phone"] is False)
        house.stays(1, 0.5)


def test_a_new_number_and_a_new_patient():
    with House() as house:
        start = in_seconds(86400 + 4)
        house.tell(siu("S12", "P1", start))
        house.wait_texts(1)
        house.tell(siu("S14", "P1", start, phone="(608) 555-0177^PRN^CP"))
        assert house.wait_texts(2, 10)[1]["to"] == "+16085550177", "the old number gets nothing more"
        start = in_seconds(90000)
        house.tell(siu("S12", "P2", start))
        house.wait_texts(3)
        house.tell(siu("S14", "P2", start, patient="MRN7777", phone=""))
        house.stays(3, 0.5)
        assert house.explain("P2")["phone"] is False, "nothing is inherited from another patient"


def test_spanish_and_another_zone():
    with House() as house:
        start = in_seconds(90000)
        house.tell(siu("S12", "ES1", start, language="spa"), siu("S12", "EN1", start, patient="MRN3", phone="608-555-0144^PRN^CP"))
        said = {t["to"]: t["message"] for t in house.wait_texts(2)}
        es, en = said["+16085550123"], said["+16085550144"]
        assert es != en and ("cita" in es.lower() or "consulta" in es.lower() or "visita" in es.lower()), es


NOON = datetime.now(timezone.utc)
CLINIC = f"Etc/GMT{NOON.hour - 12:+d}"  # the clinic where it is some minutes past noon now; POSIX counts westwards


def soon(seconds):
    """As a feed writes it that says its offset."""
    return in_seconds(seconds).astimezone(timezone.utc).strftime("%Y%m%d%H%M%S+0000")


def apart():
    """A patient's home as PID-11 has it, a clinic four hours east of it, and a window that is open there now, opens at that
    home in an hour at the earliest, and does so while it is still open at the clinic."""
    for zone, home in (("Pacific/Honolulu", "Honolulu^HI^96813"), ("America/Puerto_Rico", "San Juan^PR^00901"), ("Pacific/Guam", "Hagatna^GU^96910")):
        there = datetime.now(ZoneInfo(zone))
        if there.hour <= 16:
            east = there.utcoffset() // timedelta(hours=1) + 4
            return home, f"Etc/GMT{-east:+d}", f"{there.hour + 2:02}:00-{there.hour + 7:02}:00"
    raise AssertionError("it is never evening at all three")


def test_it_is_day_where_the_patient_lives():
    """pain: texts by the server's clock, at night for who reads them"""
    home, clinic, window = apart()
    with House(template=CONF.replace("America/Chicago", clinic).replace("00:00-24:00", window)) as house:
        far = {"home": home, "patient": "MRN2", "phone": "608-555-0144^PRN^CP"}
        house.tell(siu("S12", "H1", soon(3 * 86400), **far), siu("S12", "H2", soon(3 * 86400), home="Oslo^^0150^NOR"))
        assert [t["to"] for t in house.wait_texts(1)] == ["+16085550123"]
        text = next(t for t in house.explain("H1")["texts"] if t["kind"] == "booked")
        assert (text["state"], text["reason"], text["clinic_hours"]) == ("pending", "waiting-patient-hours", False), text
        assert "patient_zone" in "\n".join(house.explain("H1")["why"])
        house.tell(siu("S12", "H3", soon(1500), **far))
        assert [t["to"] for t in house.wait_texts(2)][1] == "+16085550144", "there is no hour of both before it is too late"
        wait(lambda: "by the clinic's hours alone" in "\n".join(house.explain("H3")["why"]))
        for where in ("nudged", "nudge-sender"):
            assert far["home"].split("^")[0].replace(" ", "_") not in house.log(where), "nobody's home is in a log"
        house.configure(site="patient_zone = ignore")
        house.ctl("reload")
        house.tell(siu("S12", "H4", soon(3 * 86400), home=home, patient="MRN4", phone="608-555-0155^PRN^CP"))
        assert house.wait_texts(3)[2]["to"] == "+16085550155"
        house.stays(3, 0.5)


def test_holidays():
    """Good Friday must not be told on Good Friday; what belongs to the day itself must.

    pain: texts on days on which nobody can be asked
    """
    with House(template=CONF.replace("America/Chicago", CLINIC).replace("00:00-24:00", "10:00-14:00"), start=False) as house:
        today = NOON.astimezone(ZoneInfo(CLINIC))
        house.write("days", f"# of the clinic\n{today:%Y-%m-%d}\nEaster+1\n")
        house.parts["site"] = "holidays = days\n patient_zone = ignore"
        house.start()
        house.tell(siu("S12", "F1", soon(5 * 86400)))
        wait(lambda: [t["reason"] for t in house.explain("F1")["texts"] if t["kind"] == "booked"] == ["waiting-holiday"])
        due = next(t["due"] for t in house.explain("F1")["texts"] if t["kind"] == "booked")
        assert due.startswith(f"{today + timedelta(days=1):%Y-%m-%dT10:00:00}"), due
        house.write("days", f"{today:%Y-%m-%d}\n4th Thursday in November\n")
        bad = house.ctl("reload", status=78)
        assert "days:2: " in bad.stdout + bad.stderr and "4th Thursday of November" in bad.stdout + bad.stderr, bad
        assert house.status()["texts"]["pending"] >= 2, "the old ones serve on"
        house.write("days", "4th Thursday of July\n")
        house.ctl("reload")
        house.tell(siu("S12", "F2", soon(5 * 86400), patient="MRN2", phone="608-555-0144^PRN^CP"))
        assert "+16085550144" in [t["to"] for t in house.wait_texts(1)]


def test_consents_and_switches():
    with House(template=CONF.replace("consent_attendees_consented = true", "consent_attendees_consented = false")) as house:
        assert house.tell(siu("S12", "C1", in_seconds(86400 + 2))) == ["AA"]
        wait(lambda: house.texts("C1")["reminder:day"] == "suppressed")
        why = "\n".join(house.explain("C1")["why"])
        assert "consent_attendees_consented" in why, why
        assert house.stays(0, 0.3) == []
    with House(site="confirmation = false") as house:
        house.tell(siu("S12", "C2", in_seconds(86400 + 2)))
        house.wait_texts(1, 8)
        wait(lambda: house.texts("C2") == {"booked": "suppressed", "reminder:day": "sent", "reminder:soon": "pending"})


def test_a_test_environment_texts_only_its_own():
    """pain: a test system texts real patients"""
    template = CONF.replace("kind = production", 'kind = test\n    only_to = {{"+16085550188"}}')
    with House(template=template) as house:
        house.tell(siu("S12", "X1", in_seconds(90000), processing="T"), siu("S12", "X2", in_seconds(90000), phone="6085550188^PRN^CP"))
        assert house.wait_texts(1)[0]["to"] == "+16085550188"
        house.stays(1, 0.5)
        assert "only_to" in "\n".join(house.explain("X1")["why"])


def test_approval():
    import getpass
    with House(template=CONF.replace("approver = none", f"approver = {getpass.getuser()}")) as house:
        house.tell(siu("S12", "A1", in_seconds(86400 + 6)))
        assert house.texts("A1")["booked"] == "suppressed"
        assert "site-silent" in [t["reason"] for t in house.explain("A1")["texts"]]
        assert not house.status()["sites"][0]["sending"]
        house.ctl("approve", "cardiology")
        assert house.status()["sites"][0]["sending"]
        house.wait_texts(1, 12)
        wait(lambda: house.texts("A1")["reminder:day"] == "sent")
        house.stays(1, 0.5)


def test_the_states_add_up():
    with House() as house:
        house.tell(*[siu("S12", f"U{i}", in_seconds(90000 + i), patient=f"MRN{i}", phone="" if i % 3 else f"60855501{i:02}^PRN^CP") for i in range(30)])
        wait(lambda: house.status()["backlog"] == 0 and house.status()["in_flight"] == 0)
        texts = house.status()["texts"]
        seen = {}
        for a in house.appointments("--all"):
            for t in a["texts"]:
                seen[t["state"]] = seen.get(t["state"], 0) + 1
        assert {k: v for k, v in texts.items() if v} == seen, "promise 6"
