"""The words: shown before they go, looked at when they are read, named when they went."""
import json
import os

from feed import in_seconds, siu
from house import BIN, CONF, House, wait


def preview(house, *args, status=0):
    return house.run([f"{BIN}/nudgectl", "-c", house.conf, "preview", *args], status=status)


def test_preview_shows_every_text_in_every_language():
    with House(template=CONF.replace("{{en, es}}", "{{en, es, fr}}"), site='link = "https://visit.lamna.example/{{appointment_id}}"'.replace("{{", "{").replace("}}", "}")) as house:
        out = json.loads(preview(house, "cardiology", "--json").stdout)
        texts = {(t["language"], t["kind"]): t for t in out["texts"]}
        kinds = {kind for _, kind in texts}
        assert {"booked", "changed", "canceled", "reminder", "stopped", "help", "unread"} <= kinds
        assert len(texts) == len(out["texts"]) == 3 * len(kinds) and len(out["templates"]) == 12
        for (language, kind), t in texts.items():
            assert t["text"].startswith("Lamna Healthcare"), t
            assert "608-271-9000" in t["text"] or kind in ("confirmed", "which-visit"), t
            assert t["segments"] == (1 if t["characters"] <= 160 else 2) and t["alphabet"] == "GSM-7" and t["worst"]["segments"] >= t["segments"], t
            assert ("https://visit.lamna.example/1234567890" in t["text"]) == (kind in ("booked", "changed", "reminder")), t
        assert "Wednesday" in texts["en", "booked"]["text"] and "mi\u00e9rcoles" in texts["es", "booked"]["text"] and "mercredi" in texts["fr", "booked"]["text"]
        people = preview(house, "cardiology").stdout
        assert people.count("[reminder]") == 3 and out["templates"] in people and "segment" in people
        assert "there is cardiology" in preview(house, "nobody", status=1).stderr
        preview(house, status=2)
        house.run([f"{BIN}/nudgectl", "preview", "cardiology"], status=2)


def test_own_words_are_looked_at_and_their_version_goes_with_the_text():
    with House() as house:
        house.configure(site="templates = words")
        os.mkdir(house.path("words"))
        rest = "\n[changed]\nc\n[canceled]\nd\n[reminder]\ne\n"
        house.write("words/es", "[booked]\n{organization}" + rest)
        house.write("words/en", "[booked]\nReply CANCEL to cancel" + rest)
        check = lambda status: house.run([f"{BIN}/nudgectl", "check", house.conf], status=status).stderr
        assert "words/en:1: [booked]: asks the patient to send \"CANCEL\"" in check(78).lower().replace("cancel", "CANCEL")
        house.write("words/en", "[booked]\nJoin {link}" + rest)
        assert "outside of [[ ]]" in check(78)
        house.write("words/en", "[booked]\n{organization}: your oncology visit \U0001f3e5 " + "and so on " * 8 + "{start_date}" + rest)
        said = check(0)
        assert "U+1F3E5" in said and "segments" in said and "oncolog" in said, said
        house.write("words/en", "[booked]\n{organization}: see you {start_date}." + rest)
        house.ctl("reload")
        version = json.loads(preview(house, "cardiology", "--json").stdout)["templates"]
        house.tell(siu("S12", "W1", in_seconds(3 * 86400)))
        sent = house.wait_texts(1)[0]
        assert sent["message"].startswith("Lamna Healthcare: see you "), sent
        wait(lambda: house.explain("W1")["texts"][0]["state"] in ("sent", "delivered"))
        booked = next(t for t in house.explain("W1")["texts"] if t["kind"] == "booked")
        assert booked["templates"] == version, booked
        assert any(f"templates {version}" in line for line in house.explain("W1")["why"])
