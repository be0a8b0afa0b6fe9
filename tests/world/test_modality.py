"""Visits by video, by phone and at the clinic, as the feed says it: other words, another link, and a change that is told."""
import json

from feed import in_seconds, siu
from house import BIN, House

SITE = """link = "ZVV-3"
    link_required = true
    video_if  = {'ZVV-1 = ^VIDEO'}
    phone_if  = {'ZVV-1 = ^CALL'}
    office_if = {'ZVV-1 = ^OFFICE'}"""
LINK = "https://visit.lamna.example/42"


def visit(event, appointment, start, kind, link="", **kw):
    return siu(event, appointment, start, extra=(f"ZVV|{kind}||{link}",), **kw)


def test_by_video_and_at_the_clinic():
    """pain: a text tells a patient to come in for a video visit"""
    start = in_seconds(300000)
    with House(site=SITE) as house:
        house.canaries.add("visit.lamna.example")
        said = lambda: {t["message"].split("\n")[0] for t in house.accepted()}
        house.tell(visit("S12", "V1", start, "OFFICE", LINK), visit("S12", "V2", start, "VIDEO", phone="608-555-0181^PRN^CP", patient="MRN1002"),
                   visit("S12", "V3", start, "VIDEO", LINK, phone="608-555-0182^PRN^CP", patient="MRN1003", language="es"))
        house.wait_texts(2)
        assert any("your visit is booked" in t and LINK not in t for t in said()), said()
        assert any("por video" in t and LINK in t for t in said()), said()
        assert house.explain("V2")["texts"][0]["reason"] == "link-missing", house.explain("V2")
        assert [house.explain(v)["modality"] for v in ("V1", "V2", "V3")] == ["office", "video", "video"]
        house.tell(visit("S14", "V1", start, "VIDEO", LINK))
        house.wait_texts(3)
        assert any("It is now by video on" in t and LINK in t for t in said()), said()
        house.tell(visit("S14", "V1", start, "VIDEO", LINK))
        house.stays(3, 0.3)
        house.tell(siu("S14", "V1", start))
        house.stays(3, 0.3)
        assert house.explain("V1")["modality"] == "video", "a message that says nothing of it takes nothing away"
        assert {a["id"] for a in house.appointments() if a["modality"] == "video"} == {"V1", "V2", "V3"}
        with open(house.conf) as f:
            house.write("new.conf", f.read().replace("link_required = true", "link_required = false"))
        foreseen = json.loads(house.ctl("simulate", "--config", house.path("new.conf"), "--json").stdout)
        assert (foreseen["past"]["more"], foreseen["past"]["fewer"]) == (1, 0), foreseen
        records = house.ctl("records", "cardiology").stdout
        assert "by video when" in records and "ZVV-1 = ^VIDEO" in records

        shown = house.run([f"{BIN}/nudgectl", "-c", house.conf, "preview", "cardiology"]).stdout
        assert "[booked] en, visit: video" in shown and "your video visit" in shown and "visit: office" in shown, shown
        texts = json.loads(house.run([f"{BIN}/nudgectl", "-c", house.conf, "preview", "cardiology", "--json"]).stdout)["texts"]
        assert {t["modality"] for t in texts} == {None, "video", "phone", "office"}
        assert all(("https://" in t["text"]) == (t["modality"] == "video") for t in texts if t["kind"] == "booked"), texts

        house.write("a.hl7", visit("S12", "V9", start, "CALL").replace("\r", "\n"))
        out = house.run([f"{BIN}/nudgectl", "-c", house.conf, "simulate", house.path("a.hl7"), "--json"]).stdout
        assert '"modality": "phone"' in out, out
