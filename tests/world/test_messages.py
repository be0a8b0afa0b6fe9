"""Every message of tests/messages against what must be understood of it."""
import glob
import json
import os

from house import BIN, ROOT, House

ORGANIZATION = """
organization "{o}" {{ name = "{o}" consent_send_on_behalf = true consent_attendees_consented = true country = {country} }}
environment "{o}" {{ kind = production organization = {o} certificates = {{certs/{o}.crt}} }}
"""
SITE = """
site "{title}" {{ environment = {env} fhir_base_url = "https://lamna.example/R4" profile = {profile} number = main contact = "608-271-9000"
    sending_application = {app} {facility} time_zone = {zone} approver = none window = "00:00-24:00" settle = 0s {more} }}
"""
SITES = [
    ("epic", "prod", "epic", "EPIC", "sending_facility = LAMNA", "America/Chicago", ""),
    ("oracle", "prod", "oracle-health", "HNAM", "", "America/New_York", ""),
    ("misc", "prod", "generic", "MISC", "", "America/Chicago", ""),
    ("eye", "prod", "generic", "CLINIC", "", "America/Chicago", "departments = {'^EYE'} visit_types = {'exam'}"),
    ("skin", "prod", "generic", "CLINIC", "", "America/Denver", "departments = {'^SKIN'}"),
    ("oslo", "norway", "generic", "DIPS", "", "Europe/Oslo", ""),
    ("leeds", "britain", "generic", "PAS", "", "Europe/London", ""),
    ("ward", "prod", "epic", "WARD", "sending_facility = LAMNA", "America/Chicago", "adt = {deceased, phone, merge} adt_sending_application = WARDADT"),
    ("koeln", "germany", "generic", "ORBIS", "", "Europe/Berlin", ""),
]
TEMPLATE = """
state_directory = {folder}/state
store_key = keys/store.key
organization "lamna" {{ name = "Lamna Healthcare" consent_send_on_behalf = true consent_attendees_consented = true country = US }}
gateway "acs" {{ endpoint = "https://127.0.0.1:{acs_port}" access_key = keys/acs.key }}
number "main" {{ sender = "+18335550100" type = toll-free verified = true gateway = acs }}
environment "prod" {{ kind = production organization = lamna certificates = {{{certs}/sender.crt}} }}
listener "l" {{ address = "127.0.0.1" port = {port} certificate = {certs}/listener.crt private_key = {certs}/listener.key environments = {{prod, norway, britain, germany}} }}
"""


def differs(want, got, path=""):
    """What of `want` is not so in `got`; only the members that `want` has are looked at."""
    if isinstance(want, dict):
        return [d for k, v in want.items() if k != "also" for d in differs(v, got.get(k) if isinstance(got, dict) else None, f"{path}/{k}")]
    if isinstance(want, list) and path.endswith(("bookings", "patients")):
        if len(want) != len(got or []):
            return [f"{path}: {len(got or [])} of them, not {len(want)}"]
        return [d for i, v in enumerate(want) for d in differs(v, got[i], f"{path}/{i}")]
    return [] if want == got else [f"{path}: {got!r}, not {want!r}"]


def test_all_of_them():
    with House(start=False) as house:
        senders = [("norway", "norway", "NO", "sender2"), ("britain", "britain", "GB", "stranger"), ("germany", "germany", "DE", "casender")]
        text = TEMPLATE
        certs = sorted(os.path.basename(c) for c in glob.glob(os.path.join(house.certs, "*.crt")))
        for o, env, country, cert in senders:
            use = f"{cert}.crt" if f"{cert}.crt" in certs else next(c for c in certs if c not in ("sender.crt", "ca.crt", "listener.crt") and c not in text)
            text += ORGANIZATION.format(o=o, country=country).replace(f"certs/{o}.crt", "CERTS/" + use).replace("{", "{{").replace("}", "}}").replace("CERTS", "{certs}")
        for title, env, profile, app, facility, zone, more in SITES:
            text += SITE.format(title=title, env=env, profile=profile, app=app, facility=facility, zone=zone, more=more).replace("{", "{{").replace("}", "}}")
        house.template = text
        house.acs_port = 1
        house.make_key()
        house.configure()
        files = sorted(glob.glob(os.path.join(ROOT, "tests/messages/*.hl7")))
        assert len(files) >= 150, len(files)
        done = house.run([f"{BIN}/nudgectl", "-c", house.conf, "simulate", *files, "--at", "2026-11-20T12:00:00Z", "--show-phi", "--json"])
        read, wrong = {}, []
        for m in json.loads(done.stdout)["messages"]:
            read.setdefault(m["file"], []).append(m)
        for path in files:
            with open(path[:-4] + ".json") as f:
                want = json.load(f)
            got = read.get(path, [])
            for w, g in zip([want, *want.get("also", [])], got):
                wrong += [f"{os.path.basename(path)}{d}" for d in differs(w, g)]
            if len(got) != 1 + len(want.get("also", [])):
                wrong.append(f"{os.path.basename(path)}: {len(got)} messages")
        assert not wrong, "\n".join([f"{len(wrong)} wrong of {len(files)}", *wrong])
