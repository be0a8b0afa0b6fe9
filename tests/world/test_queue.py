"""Delivery reports and texts from phones through a storage queue: the vendor's own emulator, real daemons."""
import base64
import json
import os

from azurite import ACCOUNT, KEY, Azurite
from events import cloud, grid, inbound, pascal, report
from feed import in_seconds, siu
from house import BIN, CONF, House, wait
from peers import PEERS, installed


class Queued(House):
    """A house whose gateway has a queue; how: "key" or "sas"."""

    def __init__(self, how="key", **parts):
        super().__init__(start=False, **parts)
        self.how = how

    def __enter__(self):
        try:
            self.azurite = Azurite(self)
            self.write("keys/queue", KEY if self.how == "key" else self.azurite.sas(), 0o600)
            self.parts["gateway"] += f'\n    queue = "{self.azurite.url}"\n    queue_{self.how} = keys/queue'
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def book(self, n, **kw):
        self.tell(*[siu("S12", f"Q{i}", in_seconds(90000), patient=f"MRN7{i}", phone=f"608555{140 + i:04}^PRN^CP", **kw) for i in range(n)])
        self.wait_texts(n)
        wait(lambda: all(self.texts(f"Q{i}")["booked"] == "sent" for i in range(n)))
        return sorted(self.accepted(), key=lambda t: t["to"])

    def state(self, i=0):
        return self.texts(f"Q{i}")["booked"]

    def empty(self):
        wait(lambda: self.azurite.left() == 0)


def words(house):
    return {r["appointment"]: (r["status"], r["gateway_code"]) for r in house.ctl_json("report", "sms")["rows"]}


def test_reports_in_every_form_and_both_encodings():
    with Queued() as house:
        t = house.book(6)
        put = house.azurite.put
        put(json.dumps(grid("report", report(t[0]))))                                             # Base64, an array
        put(json.dumps(grid("report", report(t[1]))[0]), base=False)                              # plain, one object
        put(json.dumps(cloud("report", pascal(report(t[2])))))                                    # CloudEvents, PascalCase
        put(json.dumps([cloud("report", report(t[3], "Failed", "4006: Unreachable")), grid("report", report(t[4], "Failed", "9999: Unknown"))[0]]))
        put("\n " + json.dumps(cloud("report", report(t[5], "Failed", "5002: No report")), indent=1) + "\n", base=False)
        wait(lambda: words(house) == {"Q0": ("Delivered", 2000), "Q1": ("Delivered", 2000), "Q2": ("Delivered", 2000), "Q3": ("Unreachable phone number", 4006),
                                      "Q4": ("Other error", 9999), "Q5": ("unknown", 5002)}, 20)
        assert [house.state(i) for i in range(6)] == ["delivered"] * 3 + ["failed"] * 2 + ["sent"]
        house.empty()


def test_messages_that_the_vendors_client_put():
    there = installed()
    with Queued("sas") as house:
        t = house.book(2)
        lines = [base64.b64encode(json.dumps(grid("report", report(t[0]))).encode()).decode(), json.dumps(cloud("report", report(t[1], "Failed", "4006: x")))]
        done = house.run(["node", os.path.join(PEERS, "queue_client.mjs"), house.azurite.url, ACCOUNT, KEY], env=dict(os.environ, NUDGE_PEERS=there), input="\n".join(lines))
        assert "left" in json.loads(done.stdout)
        wait(lambda: [house.state(i) for i in range(2)] == ["delivered", "failed"])
        house.empty()


def test_reports_that_the_gateway_puts_there_itself():
    with Queued() as house:
        assert house.sim("subscriptions", {"queue": f"{house.azurite.url}?{house.azurite.sas('a')}", "twice": True})["validated"]
        house.sim("reports", {"status": "Failed", "details": "4004: No such number"})
        house.tell(siu("S12", "Q0", in_seconds(90000), patient="MRN70", phone="6085550140^PRN^CP"))
        wait(lambda: [code for _, code in words(house).values()] == [4004])
        assert house.state() == "failed"
        house.empty()


def test_any_order_any_number_of_times_delivered_wins():
    with Queued("sas") as house:
        t = house.book(2)
        bad, good = report(t[0], "Failed", "4006: Unreachable"), report(t[0])
        for data in (bad, good, bad, good, bad):
            house.azurite.put(json.dumps(cloud("report", data)))
        another_case = report(t[1], "Delivered", tag=None, Tag=t[1]["tag"])
        house.azurite.put(json.dumps(cloud("report", another_case)))
        house.empty()
        wait(lambda: (house.state(0), house.state(1)) == ("delivered", "delivered"))
        # Of somebody else who shares the resource, with a tag like ours:
        house.azurite.put(json.dumps(cloud("report", report(dict(t[1], message_id="Outgoing_other"), "Failed", "4006: x", **{"from": "+18335550199"}))))
        house.empty()
        assert house.state(1) == "delivered"


def test_who_opted_out_gets_no_more():
    with Queued() as house:
        t = house.book(1)
        house.azurite.put(json.dumps(grid("report", report(t[0], "Failed", "4007: The recipient opted out"))))
        wait(lambda: words(house).get("Q0") == ("Blocked by recipient", 4007))
        house.tell(siu("S12", "R1", in_seconds(90000), patient="MRN70", phone="6085550140^PRN^CP"))
        wait(lambda: house.texts("R1")["booked"] == "suppressed")
        house.stays(1, 0.5)
        assert "opted" in "\n".join(house.explain("R1")["why"])


def test_nothing_is_deleted_before_it_is_stored():
    """Promise 3, at this edge: nudged away, then killed; what it had not committed is still in the queue."""
    with Queued() as house:
        t = house.book(2)
        house.kill("nudged")
        house.azurite.put(json.dumps(grid("report", report(t[0]))))
        wait(lambda: "nudged is gone" in house.log("nudge-sender"))
        assert house.azurite.left() == 1
        house.start_nudged()
        wait(lambda: house.state(0) == "delivered", 30)
        house.empty()
        house.kill("nudge-sender")
        house.azurite.put(json.dumps(grid("report", report(t[1]))))
        assert house.azurite.left() == 1
        house.start_sender()
        wait(lambda: house.state(1) == "delivered", 30)
        house.empty()


def test_what_is_not_ours_goes_what_is_broken_stays():
    with Queued() as house:
        t = house.book(1)
        house.azurite.put(json.dumps(grid("Microsoft.Communication.CallStarted", {"x": 1})))
        house.azurite.put("no event at all", base=False)
        house.azurite.put(json.dumps(grid("report", {"messageId": "x"})))
        house.azurite.put(json.dumps(grid("report", report(t[0]))))
        wait(lambda: house.state() == "delivered")
        wait(lambda: house.azurite.left() == 2)
        assert house.log("nudge-sender").count("cannot be read now: it comes again") == 2
        # Handed out so often by others that it is poison when it comes to us:
        house.stop("nudge-sender")
        house.azurite.call("DELETE", f"/{house.azurite.queue}/messages")
        house.azurite.put("no event at all", base=False)
        for _ in range(4):
            wait(lambda: b"<MessageText>" in house.azurite.call("GET", f"/{house.azurite.queue}/messages", "numofmessages=1&visibilitytimeout=1")[1])
        house.start_sender()
        house.empty()
        assert "cannot be read and is deleted" in house.log("nudge-sender")


def test_a_wrong_key_is_said_once_and_mended_by_a_reload():
    with Queued() as house:
        t = house.book(1)
        house.write("keys/queue", "AAAA" * 21 + "AA==", 0o600)
        house.processes["nudge-sender"].send_signal(1)
        wait(lambda: "queue_key or queue_sas is wrong" in house.log("nudge-sender"))
        house.azurite.put(json.dumps(grid("report", report(t[0]))))
        house.write("keys/queue", house.azurite.sas("r"), 0o600)
        house.processes["nudge-sender"].send_signal(1)
        wait(lambda: house.log("nudge-sender").count("configuration not applied") == 1)
        house.write("keys/queue", KEY, 0o600)
        house.processes["nudge-sender"].send_signal(1)
        wait(lambda: house.state() == "delivered")
        house.empty()


def test_many_events_and_texts_from_phones():
    with Queued(number="rate = 100000/min") as house:
        t = house.book(40)
        for x in t:
            house.azurite.put(json.dumps(grid("report", report(x))))
            house.azurite.put(json.dumps(cloud("inbound", inbound(x["to"], x["from"], "Thank you, Erika"))))
        wait(lambda: house.status()["texts"]["delivered"] == 40, 40)
        house.empty()


def test_a_check_asks_the_queue_and_changes_nothing():
    """check --online: the right to read is there or not, by key and by signature, and a message that waits stays as it is."""
    with House(start=False) as house:
        azurite = Azurite(house)
        azurite.put("one")
        house.start_acs()
        house.make_key()

        def asked(how, secret, url=azurite.url):
            house.write("keys/queue", secret, 0o600)
            house.configure(gateway=f'queue = "{url}"\n    queue_{how} = keys/queue', site='fhir_base_url = "https://127.0.0.1:1/R4"')
            done = house.run([f"{BIN}/nudgectl", "check", house.conf, "--online", "--json"], status=1)
            return next((x["works"], x["text"]) for x in json.loads(done.stdout)["online"] if x["what"] == "queue")
        house.template = CONF.replace('fhir_base_url = "https://lamnahealthcare.com/fhir/api/FHIR/R4"', "")
        assert asked("key", KEY) == (True, "queue_key may read it")
        assert asked("sas", azurite.sas()) == (True, "queue_sas may read it")
        works, text = asked("key", base64.b64encode(b"another key" * 4).decode())
        assert not works and "refuses queue_key (403)" in text, text
        works, text = asked("sas", azurite.sas(permissions="r"))
        assert not works and "may not process (sp=p)" in text, text
        works, text = asked("sas", azurite.sas(seconds=-100))
        assert not works and "it is over" in text, text
        works, text = asked("key", KEY, azurite.url + "-none")
        assert not works and "there is no such queue" in text, text
        assert azurite.left() == 1 and len(azurite.peek()) == 1, "and it is visible"
