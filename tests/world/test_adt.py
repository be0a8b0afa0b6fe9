"""What is told of a patient beside the schedule, over the wire: with adt on, and with the default."""
import time
from datetime import datetime, timezone

from feed import ZONE, counter, in_seconds, siu, stamp
from house import House, wait

ADT = "adt = {deceased, phone, merge} adt_sending_application = EPICADT"


def adt(event="A08", patient="MRN1001", phone="", died="", dead="", prior="", application="EPICADT", sent=None):
    sent = sent or datetime.now(timezone.utc).astimezone(ZONE)
    segments = [
        f"MSH|^~\\&|{application}|LAMNA|NUDGE|NUDGE|{stamp(sent)}{sent.strftime('%z')}||ADT^{event}|D{next(counter)}|P|2.5.1",
        f"EVN|{event}|{stamp(sent)}",
        f"PID|1||{patient}^^^EPIC^MR||Testmann^Erika||19700101|F|||1 Main St^^Madison^WI^53703||{phone}||||||||||||||||{died}|{dead}",
        *([f"MRG|{prior}^^^EPIC^MR"] if prior else []),
        "PV1|1|O",
    ]
    return "\r".join(segments) + "\r"


def why(house, appointment):
    return "\n".join(house.explain(appointment)["why"])


def test_a_number_a_merge_and_a_death():
    with House(site=ADT) as house:
        start = in_seconds(86400 + 4)
        assert house.tell(siu("S12", "A1", start), siu("S12", "A2", in_seconds(300000))) == ["AA", "AA"]
        house.wait_texts(2)
        assert house.tell(adt("A08", phone="(608) 555-0177^PRN^CP")) == ["AA"]
        assert house.wait_texts(3, 10)[2]["to"] == "+16085550177", "the reminder goes to the new number"
        assert "another phone number" in why(house, "A1")
        house.tell(adt("A40", patient="MRN2002", prior="MRN1001"))
        house.tell(siu("S14", "A2", in_seconds(400000), patient="MRN2002", phone=""))
        assert house.wait_texts(4)[3]["to"] == "+16085550177", "the record has another id, the patient is the same"
        assert "merged" in why(house, "A2")
        house.tell(adt("A31", patient="MRN2002", dead="Y"))
        house.tell(siu("S15", "A2", in_seconds(400000), patient="MRN2002"))
        wait(lambda: house.texts("A2")["canceled"] == "suppressed")
        house.stays(4, 0.5)
        assert "the patient is deceased" in why(house, "A2")
        assert house.status()["adt"] == {"visits": 6, "older": 0, "nobody": 0}, house.status()["adt"]
        assert "adt          reached 6" in house.ctl("status").stdout


def test_of_others_nothing_is_kept():
    with House(site=ADT) as house:
        house.tell(siu("S12", "B1", in_seconds(90000)))
        house.wait_texts(1)
        before = house.status()
        assert house.tell(adt("A08", patient="MRN5005", phone="(608) 555-0166"), adt("A40", patient="MRN5005", prior="MRN5006")) == ["AA", "AA"]
        after = house.status()
        assert after["messages"]["ignored"] == before["messages"]["ignored"] + 2
        assert after["adt"]["nobody"] == 2
        assert house.tell(adt("A08", patient="", phone="(608) 555-0166")) == ["AA"]
        kept = house.ctl_json("quarantine", "list")
        assert [(q["segment"], q["field"], q["site"]) for q in kept] == [("PID", 3, "cardiology")], kept
        assert house.ctl_json("quarantine", "replay", str(kept[0]["id"]))[0]["result"] == "stays"
        assert house.texts("B1")["booked"] == "sent"


def test_by_default_it_is_not_seen():
    with House() as house:
        house.tell(siu("S12", "C1", in_seconds(86400 + 4)))
        house.wait_texts(1)
        assert house.tell(adt("A08", dead="Y", application="EPIC"), adt("A40", prior="MRN1001", application="EPIC"), adt("A08", patient="")) == ["AA"] * 3
        assert house.status()["messages"]["ignored"] == 3
        assert house.ctl_json("quarantine", "list") == []
        house.wait_texts(2, 12)


def test_a_reload_turns_it_on():
    with House() as house:
        house.tell(siu("S12", "D1", in_seconds(86400 + 300)))
        house.wait_texts(1)
        house.configure(site=ADT)
        house.ctl("reload")
        house.tell(adt("A08", dead="Y"))
        assert "the patient is deceased" in why(house, "D1")
        time.sleep(0.1)
        house.tell(adt("A08", dead="N"))
        assert "the patient is not deceased" in why(house, "D1")
