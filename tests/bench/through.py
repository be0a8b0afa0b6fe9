#!/usr/bin/env python3
"""Texts per second through the whole house: rows that are armed and committed, posted over HTTPS, settled and committed.

through.py     NUDGE_BENCH=short: fewer texts; smoke: only whether all of it works (no figure means anything)
Confirmations of so many bookings wait in the store, nothing limits their rate, and nudge-sender comes: nudged arms and commits
each, nudge-sender posts it to a local gateway over TLS, and its outcome is committed. A cell is the median of the rounds and, in
brackets, the least and the most, between a tenth and nine tenths of the texts; build/bench/through.json for the record.
Once without delivery reports, once with a row for each that is to be asked for. Beside it, in turns: one process of bare libcurl
that arms and settles its rows by itself, also with 256 out. All programs share all cores.
"""
import os
import shutil
import tempfile
import time

import side
from side import BUILT, CORES, cell, cpu_of, measured, spread
import house
from send import Gateway

LENGTHS = {"": (5, 60000), "short": (3, 20000), "smoke": (1, 300)}  # rounds, texts
VERSIONS = ("1.1", "2")
SITE = "storm_brake = off\n    templates = words\n    daily_cap = 0"
WORDS = "[booked]\n{organization}: {start_date}, {start_time}.\n[changed]\nc\n[canceled]\nd\n[reminder]\ne\n"
LISTENER = "max_connections = 2000\n max_handshakes = 1024\n penalty_max = 0"


def through(version, texts, reports="none"):
    where = house.House(start=False, listener=LISTENER, number="rate = 1000000/min", site=SITE, gateway=f"reports = {reports}")
    gateway = Gateway(where.certs, version, set(CORES))
    try:
        where.acs_port = gateway.port
        os.mkdir(where.path("words"))
        for language in ("en", "es"):
            where.write(f"words/{language}", WORDS)
        where.configure()
        where.make_key()
        where.start_nudged()
        nudged = where.processes["nudged"].pid
        measured([f"{BUILT}/bench_feed", str(where.port), f"{where.certs}/ca.crt", f"{where.certs}/sender.crt", f"{where.certs}/sender.key", str(nudged),
                  "100", "0", "0.1", "--messages", str(texts)], set(CORES))
        house.wait(lambda: where.status()["connections"] == 0)  # its last ones are still taken
        texts = where.status()["messages"]["accepted"]
        where.start_sender()
        sender = where.processes["nudge-sender"].pid
        marks, end = [(time.monotonic(), 0, cpu_of(nudged), cpu_of(sender), cpu_of(gateway.process.pid))], time.monotonic() + 300
        while marks[-1][1] < 0.9 * texts:
            assert time.monotonic() < end, where.status()["texts"]
            sent = where.status()["texts"].get("sent", 0)
            marks.append((time.monotonic(), sent, cpu_of(nudged), cpu_of(sender), cpu_of(gateway.process.pid)))
            time.sleep(0.05)
        first, last = next((m for m in marks[1:-1] if m[1] >= 0.1 * texts), marks[0]), marks[-1]
        n = last[1] - first[1]
        house.wait(lambda: where.status()["texts"].get("sent", 0) >= texts)
        for name in ("nudge-sender", "nudged"):
            assert where.stop(name) == 0
        taken = gateway.end()
        assert taken == texts, f"{texts} texts, and the gateway took {taken}"
        us = [round((b - a) * 1e6 / n, 2) for a, b in zip(first[2:], last[2:])]
        return {"per_s": n / (last[0] - first[0]), "nudged_us": us[0], "sender_us": us[1], "both_us": us[0] + us[1], "gateway_us": us[2]}
    finally:
        for name in list(where.processes):
            where.kill(name)
        gateway.process.kill()
        shutil.rmtree(where.folder)


def bare(certs, version, texts):
    """One process of bare libcurl that arms and settles each text in a database: nothing of ours in it."""
    gateway, folder = Gateway(certs, version, set(CORES)), tempfile.mkdtemp(prefix="nudge-bench-")
    before = cpu_of(gateway.process.pid)
    warm, seconds = ("0.3", "2") if texts > 1000 else ("0.1", "0.2")
    try:
        one = measured([f"{BUILT}/bench_limit", gateway.endpoint, f"{certs}/ca.crt", "256", warm, seconds, version,
                        f"{folder}/out.db", str(max(texts, 20000))], set(CORES))
        assert one["bad"] == 0, one
        spent = cpu_of(gateway.process.pid) - before
        return {"per_s": one["per_s"], "both_us": one["cpu_us"], "gateway_us": spent * 1e6 / max(1, gateway.end())}
    finally:
        gateway.process.kill()
        shutil.rmtree(folder)


def main():
    rounds, texts = side.length_of(LENGTHS)
    certs = house.certs()
    about, rows = side.machine(), []
    results = {}
    for _ in range(rounds):
        for version in VERSIONS:
            results.setdefault((version, "the two daemons"), []).append(through(version, texts))
            results.setdefault((version, "the two daemons, reports = poll"), []).append(through(version, texts, "poll"))
            results.setdefault((version, "bare libcurl and rows"), []).append(bare(certs, version, texts))
    print("| HTTP | who | texts/s | CPU us | nudged | nudge-sender | gateway |\n|---|---|---|---|---|---|---|")
    for (version, who), list_of in results.items():
        rows.append({"http": version, "who": who, "rounds": rounds, "texts": texts, **{k: spread([r[k] for r in list_of]) for k in list_of[0]}})
        r = rows[-1]
        each = [cell(r[k], ".1f") if k in r else "-" for k in ("both_us", "nudged_us", "sender_us", "gateway_us")]
        print(f"| {version} | {who} | {cell(r['per_s'], '.0f')} | {' | '.join(each)} |")
    side.record("through", about, rows=rows)


if __name__ == "__main__":
    main()
