#!/usr/bin/env python3
"""Messages acknowledged per second over mutual TLS: nudged, the bare durable receiver and other houses' receivers, in turns.

intake.py      NUDGE_BENCH=short: some minutes less; smoke: only whether all of it works (no figure means anything)
               NUDGE_STORED=1000000: how many are stored before the last table (full only)
Tables for people; build/bench/intake.json for the record. The senders have the first core; who is measured may use both.
"""
import json
import os
import shutil
import subprocess
import tempfile

import side
from side import BUILT, CORES, FIRST, HERE, cell, measured, on, ratio, spread
import house
import peers
from run import Skip

LENGTHS = {"": (5, 1.0, 3.0), "short": (3, 0.5, 1.5), "smoke": (1, 0.05, 0.2)}  # rounds, seconds before it counts, seconds
CONNECTIONS = {"": (1, 16, 100, 1000), "short": (1, 16, 100, 1000), "smoke": (1, 16)}
SIZES = {"": (512, 1024, 4096, 16384, 65000), "short": (512, 16384), "smoke": (4096,)}
IDLE = {"": (1000, 10000), "short": (1000,), "smoke": (100,)}
STORED = int(os.environ.get("NUDGE_STORED", "1000000"))
FIELDS = ("per_s", "cpu_us", "p50_ms", "p99_ms", "rss_kb")
NAMES = {"nudged": "nudged", "bare": "bare durable receiver", "plain": "the same, texts by the second when they are due", "medplum": "@medplum/hl7 (stores nothing)", "python": "python-hl7 (stores nothing)"}
LISTENER = "max_connections = 20000\n max_handshakes = 1024\n penalty_max = 0"
SITE = "settle = 2min\n storm_brake = off"


class Nudged:
    def __init__(self):
        self.house = house.House(start=False, listener=LISTENER, template=house.CONF.replace("settle = 0s\n", "").replace("{site}", SITE))
        self.house.acs_port = house.free_port()
        self.house.configure()
        self.house.make_key()
        self.house.start_nudged()
        self.port = self.house.port
        self.pid = self.house.processes["nudged"].pid

    def end(self):
        self.house.stop("nudged")
        shutil.rmtree(self.house.folder)


class Program:
    """One that says "ready PORT"."""
    def __init__(self, *args, env=None):
        self.folder = tempfile.mkdtemp(prefix="nudge-bench-")
        self.process = subprocess.Popen([a.replace("{folder}", self.folder) for a in args], stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, **(env or {})))
        word, port = self.process.stdout.readline().split()
        assert word == "ready", word
        self.port, self.pid = int(port), self.process.pid

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder)


def receivers(certs, medplum_at):
    three = (f"{certs}/listener.crt", f"{certs}/listener.key", f"{certs}/sender.crt")
    who = {"nudged": Nudged, "bare": lambda: Program(f"{BUILT}/bench_bare", *three, "{folder}/bare.db"),
           "plain": lambda: Program(f"{BUILT}/bench_bare", *three, "{folder}/bare.db", "by-second"),
           "python": lambda: Program("/usr/bin/python3", os.path.join(HERE, "peer_python.py"), *three)}
    if medplum_at:
        who["medplum"] = lambda: Program("node", os.path.join(HERE, "peer_medplum.mjs"), *three, env={"NUDGE_PEERS": medplum_at})
    return who


def feed(certs, receiver, connections, *more):
    return measured([f"{BUILT}/bench_feed", str(receiver.port), f"{certs}/ca.crt", f"{certs}/sender.crt", f"{certs}/sender.key", str(receiver.pid),
                     str(connections), *map(str, more)], FIRST)


def in_turns(certs, who, connections, *more, rounds=None):
    """{who: [a result for each round]}, each round on an empty store; who is measured changes all the time."""
    n, warm, seconds = side.length_of(LENGTHS)
    results = {}
    for _ in range(rounds or n):
        for name, begin in who.items():
            receiver = begin()
            try:
                results.setdefault(name, []).append(feed(certs, receiver, connections, warm, seconds, *more))
            finally:
                receiver.end()
    return results


def stored(certs, who, count):
    """With `count` appointments stored already, 16 and 100 connections."""
    n, warm, seconds = side.length_of(LENGTHS)
    results = {}
    for name, begin in who.items():
        receiver = begin()
        try:
            feed(certs, receiver, 1000, 0, 0.1, "--messages", count)
            for connections in (16, 100):
                results[connections, name] = [feed(certs, receiver, connections, warm, seconds, "--from", count * (3 + k) + connections * 10**8) for k in range(n)]
        finally:
            receiver.end()
    return results


def row(case, name, results, limit):
    one = {"case": case, "who": name, "rounds": len(results), **{f: spread([r[f] for r in results]) for f in FIELDS},
           "p99_of_p50": spread([round(r["p99_ms"] / r["p50_ms"], 2) for r in results])}
    if limit and name != "bare":
        one["rate_of_limit"] = ratio(results, limit, "per_s")
        one["p99_of_limit"] = ratio(results, limit, "p99_ms")
    return one


def table(title, rows):
    print(f"\n{title}\n")
    print("| what | who | answers/s | CPU us | p50 ms | p99 ms | p99/p50 | rate of the limit | p99 of the limit |")
    print("|---|---|---|---|---|---|---|---|---|")
    for r in rows:
        of = [cell(r[k], ".2f") if k in r else "-" for k in ("rate_of_limit", "p99_of_limit")]
        print(f"| {r['case']} | {NAMES[r['who']]} | {cell(r['per_s'], '.0f')} | {cell(r['cpu_us'], '.1f')} | {cell(r['p50_ms'], '.2f')} | "
              f"{cell(r['p99_ms'], '.2f')} | {cell(r['p99_of_p50'], '.1f')} | {of[0]} | {of[1]} |", flush=True)


def idle(certs, who):
    rows = []
    for connections in IDLE[side.LENGTH]:
        for name in ("nudged", "bare"):
            receiver = who[name]()
            try:
                r = feed(certs, receiver, connections, "--idle")
            finally:
                receiver.end()
            rows.append({**r, "who": name, "kib_each": round((r["rss_kb"] - r["rss_before_kb"]) / connections, 1)})
    print("\nMemory of connections that say nothing:\n\n| who | connections | KiB each | all in all, MiB |\n|---|---|---|---|")
    for r in rows:
        print(f"| {NAMES[r['who']]} | {r['connections']} | {r['kib_each']} | {r['rss_kb'] / 1024:.1f} |", flush=True)
    return rows


def compared(title, cases):
    """cases: (case, results); prints and gives the rows."""
    rows = [row(case, name, list_of, results.get("bare")) for case, results in cases for name, list_of in results.items()]
    table(title, rows)
    return rows


def main():
    side.length_of(LENGTHS)
    missing = medplum_at = None
    try:
        medplum_at = peers.installed("medplum", into="peers-medplum", what="@medplum/hl7")
    except Skip as e:
        missing = str(e)
    about, certs = side.machine(), house.certs()
    who = receivers(certs, medplum_at)
    two, houses = {k: who[k] for k in ("nudged", "bare")}, {k: who[k] for k in who if k != "plain"}
    rows = compared("Messages of one kilobyte, each connection with one message out:",
                    [(f"{n} connections", in_turns(certs, houses if n in (16, 100) else two, n)) for n in CONNECTIONS[side.LENGTH]])
    rows += compared("Messages of other sizes, 16 connections:",
                     [(f"{n} bytes", in_turns(certs, two, 16, "--bytes", n, rounds=1 if side.LENGTH else 3)) for n in SIZES[side.LENGTH]])
    memory = idle(certs, who)
    if not side.LENGTH:
        three = {**two, "plain": who["plain"]}
        after = stored(certs, three, STORED)
        rows += compared(f"With {STORED} appointments stored:",
                         [(f"{n} connections", {name: after[n, name] for name in three}) for n in (16, 100)])
    if missing:
        print(f"\n@medplum/hl7 was not measured: {missing}")
    side.record("intake", about, not_measured=missing, rows=rows, idle=memory)


if __name__ == "__main__":
    main()
