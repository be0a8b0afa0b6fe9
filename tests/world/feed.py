"""A simulated interface engine: builds SIU messages, speaks MLLP over TLS or plain."""
import itertools
import socket
import ssl
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

VT, FS, CR = b"\x0b", b"\x1c", b"\r"
ZONE = ZoneInfo("America/Chicago")
counter = itertools.count(int(time.time() * 1000) % 100000000)


def stamp(at, seconds=True):
    return at.strftime("%Y%m%d%H%M%S" if seconds else "%Y%m%d%H%M")


def siu(event="S12", appointment="A1", start=None, phone="(608) 555-0123^PRN^CP", patient="MRN1001", name="Testmann^Erika", application="EPIC",
        facility="LAMNA", control_id=None, processing="P", version="2.5.1", status="", language="", sent=None, department="CARD", extra=(),
        message_type=None, pid30="", msh18="", home="Madison^WI^53703"):
    """One SIU as Epic sends it. start: aware datetime, or text to be used as it stands; None: no SCH-11."""
    control_id = control_id if control_id is not None else f"C{next(counter)}"
    sent = sent or datetime.now(timezone.utc).astimezone(ZONE)
    when = start.astimezone(ZONE).strftime("%Y%m%d%H%M%S") if isinstance(start, datetime) else (start or "")
    sent_text = sent if isinstance(sent, str) else stamp(sent) + sent.strftime("%z")
    segments = [
        f"MSH|^~\\&|{application}|{facility}|NUDGE|NUDGE|{sent_text}||{message_type or 'SIU^' + event + '^SIU_S12'}|{control_id}|{processing}|{version}||||||{msh18}",
        f"SCH|1^{application}|{appointment}^{application}|||||||30|MIN|^^30^{when}|||||||||||||{status}",
        f"PID|1||{patient}^^^{application}^MR||{name}||19700101|F|||1 Main St^^{home}||{phone}||{language}|||||||||||||||{pid30}",
        f"PV1|1|O|{department}^^^{application}|||||||||||||||||{appointment}",
        "RGS|1|A",
        "AIS|1|A|100^OFFICE VISIT|||||30|MIN",
        f"AIL|1|A|{department}^^^{application}",
    ]
    return "\r".join([*segments, *extra]) + "\r"


def oracle(event="S12", appointment="7001", start=None, phone="6085550123^MOBILE~6085550199^HOME", patient="MRN1001", name="Testmann^Erika",
           control_id=None, status="Confirmed", reason="", visit="24301156"):
    """One SIU as an Oracle Health feed sends it: the id in SCH-1 alone, words of the display in XTN.2, `""` for what is deleted."""
    n = next(counter)
    control_id = control_id or f"Q{n}T{n + 7}A1117"
    begin, end = (t.astimezone(ZONE).strftime("%Y%m%d%H%M00") for t in (start, start + timedelta(minutes=20)))
    segments = [
        f"MSH|^~\\&|CERNER|LAMNA|NUDGE|NUDGE|{stamp(datetime.now(ZONE))}||SIU^{event}|{control_id}|P|2.4||||||8859/1 ",
        f"SCH|{appointment}|||||{reason}|Renal clinic||20|MINUTES|^^20^{begin}^{end}|||||1^Clerk^A|||||||||{status}",
        f'PID|1||{patient}^^^LAMNA MRN^MRN||{name}^^^^^CURRENT||19700101|F|||""^""^Madison^WI^53703||{phone}|""^BUSINESS|English|M',
        f'PV1|1|OUTPATIENT|LAMNA Renal^^^LAMNA^^AMB^LAMNA||""|||||||||||||||{visit}^^^LAMNA^VISITID',
        "RGS|1",
        f"AIS|1||RENAL^Renal follow up||{begin}|||20|MINUTES",
        "AIG|1||LAMNA Chester, Dr Brook",
        f"AIL|1||LAMNA Renal^^^LAMNA^^AMB^LAMNA||||{begin}|||20|MINUTES",
    ]
    return "\r".join(segments) + "\r"


class Feed:
    """One connection of a sender."""

    def __init__(self, port, certs=None, sender="sender", timeout=30, plain=False, tls_max=None):
        raw = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        raw.settimeout(timeout)
        if plain:
            self.socket = raw
        else:
            context = ssl.create_default_context(cafile=f"{certs}/ca.crt")
            if tls_max:
                context.maximum_version = tls_max
            if sender:
                context.load_cert_chain(f"{certs}/{sender}.crt", f"{certs}/{sender}.key")
            self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.buffer = b""

    def write(self, data):
        self.socket.sendall(data)

    def frame(self, text):
        return VT + (text if isinstance(text, bytes) else text.encode()) + FS + CR

    def read(self):
        """One framed answer as text; None when the connection ends."""
        while True:
            end = self.buffer.find(FS + CR)
            if end >= 0:
                frame, self.buffer = self.buffer[:end], self.buffer[end + 2:]
                assert frame.startswith(VT), frame
                return frame[1:].decode()
            try:
                data = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                return None
            if not data:
                return None
            self.buffer += data

    def send(self, text):
        self.write(self.frame(text))
        return self.read()

    def no_more(self):
        """Says that nothing more will come, and still listens (plain connections only)."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()


def code(answer):
    """MSA-1, or the word for a closed connection."""
    if answer is None:
        return "closed"
    for segment in answer.split("\r"):
        if segment.startswith("MSA|"):
            return segment.split("|")[1]
    return "no MSA"


def control_id(answer):
    return next(s.split("|")[2] for s in answer.split("\r") if s.startswith("MSA|"))


def in_seconds(seconds):
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)
