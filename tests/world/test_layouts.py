"""Other feeds than the tidy one: Oracle Health's layout, several patients in one message."""
from datetime import timedelta

from feed import ZONE, in_seconds, oracle, siu
from house import CONF, House, wait

ORACLE = CONF.replace("profile = epic", "profile = oracle-health")


def test_an_oracle_health_feed():
    with House(template=ORACLE) as house:
        start = in_seconds(3 * 86400)
        assert house.tell(oracle("S12", "7001", start)) == ["AA"]
        booked = house.wait_texts(1)[0]
        assert booked["to"] == "+16085550123", "the mobile, not the one at home"
        assert house.appointments()[0]["id"] == "7001", "SCH-1, where SCH-2 is empty"
        later = start + timedelta(days=1)
        assert house.tell(oracle("S13", "7001", later)) == ["AA"]
        assert str(later.astimezone(ZONE).day) in house.wait_texts(2)[1]["message"]
        assert house.tell(oracle("S14", "7001", later, reason="6080524")) == ["AA"]
        house.stays(2, 0.5)
        assert house.tell(oracle("S14", "7001", later, status="Cancelled")) == ["AA"], "a modification that cancels"
        house.wait_texts(3)
        wait(lambda: house.explain("7001")["status"] == "canceled")
        assert house.tell(oracle("S14", "7001", later, reason="Undo Cancel")) == ["AA"]
        again = house.wait_texts(4)[3]["message"]
        assert str(later.astimezone(ZONE).day) in again and again != house.accepted()[2]["message"], "told anew"
        house.stays(4, 0.5)
        assert house.explain("7001")["status"] == "booked"


def test_a_group_visit():
    """Two PID groups: a booking for each patient, one number each."""
    second = ["PID|2||MRN2002^^^EPIC^MR||Testmann^Otto||19700101|M|||1 Main St^^Madison^WI^53703||(608) 555-0144^PRN^CP"]
    with House() as house:
        start = in_seconds(3 * 86400)
        assert house.tell(siu("S12", "GV1", start, extra=second)) == ["AA"]
        assert {t["to"] for t in house.wait_texts(2)} == {"+16085550123", "+16085550144"}
        both = [a for a in house.appointments() if a["id"] == "GV1"]
        assert len(both) == 2 and len({a["patient"] for a in both}) == 2, both
        assert house.tell(siu("S15", "GV1", start, extra=second)) == ["AA"]
        assert {t["to"] for t in house.wait_texts(4)[2:]} == {"+16085550123", "+16085550144"}
        house.stays(4, 0.5)


def test_an_appointment_that_is_met_late():
    """S13 and S14 for one never seen are bookings; services that come and go are read anew, blocked slots are nothing."""
    with House() as house:
        start = in_seconds(3 * 86400)
        assert house.tell(siu("S13", "UP1", start), siu("S14", "UP2", start, patient="MRN2", phone="6085550144^PRN^CP")) == ["AA", "AA"]
        house.wait_texts(2)
        assert [house.explain(i)["status"] for i in ("UP1", "UP2")] == ["booked", "booked"]
        assert house.tell(siu("S18", "UP1", start), siu("S20", "UP1", start), siu("S23", "", start), siu("S24", "", start)) == ["AA"] * 4
        house.stays(2, 0.5)
        assert house.explain("UP1")["status"] == "booked"
        assert house.tell(siu("S16", "UP1", start)) == ["AA"]
        wait(lambda: house.explain("UP1")["status"] == "canceled")
