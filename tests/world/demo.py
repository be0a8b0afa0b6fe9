#!/usr/bin/env python3
"""What `make demo` runs: two patients, a booking, a reschedule, a cancellation, a reminder; then it ends all it started."""
import os
import shutil
import sys
from datetime import datetime

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certs as maker
from feed import ZONE, in_seconds, siu
from house import ACCESS_KEY, ROOT, House, free_port, wait

DEMO = os.path.join(ROOT, "build", "demo")


class Demo(House):
    """The house in build/demo, with the configuration of conf/demo."""

    def __init__(self):
        super().__init__(start=False)
        shutil.rmtree(self.folder)
        shutil.rmtree(DEMO, ignore_errors=True)
        self.folder, self.certs, self.conf = DEMO, os.path.join(DEMO, "certs"), os.path.join(DEMO, "nudge.conf")
        for name in ("", "state", "run", "keys", "logs", "messages"):
            os.mkdir(os.path.join(DEMO, name), 0o700)
        maker.make(self.certs)
        self.write("keys/acs.key", ACCESS_KEY + "\n", 0o600)
        self.port = free_port()

    def configure(self, **parts):
        with open(os.path.join(ROOT, "conf", "demo", "nudge.conf.in")) as f:
            text = f.read()
        for place, value in (("@DEMO@", DEMO), ("@PORT@", str(self.port)), ("@ACS_PORT@", str(self.acs_port))):
            text = text.replace(place, value)
        self.write("nudge.conf", text)

    def __exit__(self, kind, value, trace):
        self.end()
        if kind is None:
            self.check_logs()

    def play(self, name, says, message):
        """One message from a file, over mutual TLS, as an engine would."""
        path = f"messages/{name}.hl7"
        self.write(path, message.replace("\r", "\n"))
        done = self.ctl("send", self.path(path), "--to", f"localhost:{self.port}", "--cert", self.path("certs/sender.crt"), "--key",
                        self.path("certs/sender.key"), "--ca", self.path("certs/ca.crt"))
        print(f"  {says:<58} answer: {done.stdout.split(': ')[1].split()[0]}")


def show(house, since):
    """Texts from number `since` on, as the phones show them, with the clinic's time."""
    for t in house.accepted()[since:]:
        at = datetime.fromtimestamp(t["at"], ZONE).strftime("%H:%M:%S")
        print(f"\n  {at}  from {t['from']} to {t['to']}")
        words, line = t["message"].split(), ""
        for word in words:
            if len(line) + len(word) > 70:
                print("      | " + line)
                line = ""
            line += (" " if line else "") + word
        print("      | " + line)
    print()
    return len(house.accepted())


def main():
    with Demo() as house:
        print("\nNudge: starting the simulated gateway, nudged and nudge-sender in build/demo ...")
        house.start()
        print(f"ready: listening on 127.0.0.1:{house.port}, TLS with the sender's certificate")
        print("The clinic is in Chicago; the times beside the texts are its own.\n")
        erika, luis = {"patient": "MRN1001", "phone": "(608) 555-0123^PRN^CP"}, {"patient": "MRN1002", "name": "Muestra^Luis",
                                                                               "phone": "(608) 555-0188^PRN^CP", "language": "spa"}
        first, moved, other = in_seconds(5 * 86400), in_seconds(86400 + 14), in_seconds(3 * 86400)
        print("Two patients are booked (SIU^S12); the second reads Spanish.")
        house.play("1-booked", "S12: visit 4711 of a patient, in five days", siu("S12", "4711", first, **erika))
        house.play("2-booked", "S12: visit 4712 of another, in three days", siu("S12", "4712", other, **luis))
        house.wait_texts(2, 15)
        seen = show(house, 0)
        print("The first visit moves (SIU^S13), to a time whose reminder is due in a few seconds.")
        house.play("3-moved", "S13: visit 4711 is tomorrow", siu("S13", "4711", moved, **erika))
        house.wait_texts(3, 15)
        seen = show(house, seen)
        print("The second is cancelled (SIU^S15).")
        house.play("4-canceled", "S15: visit 4712 will not be", siu("S15", "4712", other, **luis))
        house.wait_texts(4, 15)
        seen = show(house, seen)
        print("The reminder, a day before the visit:")
        house.wait_texts(5, 30)
        show(house, seen)
        wait(lambda: house.texts("4711")["reminder:day"] == "sent")
        print("$ nudgectl explain 4711\n" + house.ctl("explain", "4711").stdout)
        print("$ nudgectl report sms\n" + house.ctl("report", "sms").stdout)
        print("The number of the cancelled visit is erased already, that of the other will be when it begins:")
        print("$ nudgectl appointments --all\n" + house.ctl("appointments", "--all").stdout)
    print("All that was started has ended. The files are in build/demo.")


if __name__ == "__main__":
    main()
