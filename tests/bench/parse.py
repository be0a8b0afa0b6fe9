#!/usr/bin/env python3
"""Processor time to read a message of one kilobyte, ours and other houses' libraries, in turns. build/bench/parsers.json for the record.

Ours: the index and two fields of it; the index and eight places; the whole booking (of the benchmarks' feed, as long).
Theirs: the message parsed, MSH-10 and SCH-2 read.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

import side
from side import BUILT, HERE, LAST, cell, on, spread
import peers
from run import Skip

LENGTHS = {"": (5, 1), "short": (3, 1), "smoke": (1, 50)}  # rounds, of how much one part is done
NAMES = {"index": "ours: the index", "places": "ours: the index and eight places", "booking": "ours: the whole booking",
         "medplum": "@medplum/core, Hl7Message.parse()", "python": "python-hl7, hl7.parse()"}


def said(args, env=None):
    done = subprocess.run(args, capture_output=True, text=True, timeout=300, preexec_fn=on(LAST), env=dict(os.environ, **(env or {})))
    if done.returncode:
        raise RuntimeError(f"{os.path.basename(args[0])} ended with {done.returncode}: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def parsers(message, part, medplum_at):
    """{name: a function that gives us of processor time for a message}"""
    parse = lambda i: said([f"{BUILT}/bench_parse", "--json", str(1000000 // part)])[i]["ns_per_message"] / 1000
    who = {"index": lambda: parse(0), "places": lambda: parse(1),
           "booking": lambda: said([f"{BUILT}/bench_turn", "--json", "--only", "map", "--messages", str(20000 // part)])[0]["cpu_us"],
           "python": lambda: said(["/usr/bin/python3", os.path.join(HERE, "peer_python_parse.py"), message, str(5000 // part)])[0]}
    if medplum_at:
        who["medplum"] = lambda: said(["node", os.path.join(HERE, "peer_medplum_parse.mjs"), message, str(50000 // part)], {"NUDGE_PEERS": medplum_at})[0]
    return who


def main():
    rounds, part = side.length_of(LENGTHS)
    missing = medplum_at = None
    try:
        medplum_at = peers.installed("medplum", into="peers-medplum", what="@medplum/core")
    except Skip as e:
        missing = str(e)
    about, results = side.machine(), {}
    with tempfile.TemporaryDirectory() as folder:
        message = os.path.join(folder, "message.hl7")
        with open(message, "wb") as f:
            f.write(subprocess.run([f"{BUILT}/bench_parse", "--message"], capture_output=True, check=True).stdout)
        who = parsers(message, part, medplum_at)
        for _ in range(rounds):
            for name, measure in who.items():
                results.setdefault(name, []).append(measure())
    rows = [{"who": name, "us": spread(us), "of_booking": statistics.median(a / b for a, b in zip(us, results["booking"]))} for name, us in results.items()]
    print("\n| a message of one kilobyte | CPU us | times our booking |\n|---|---|---|")
    for r in rows:
        print(f"| {NAMES[r['who']]} | {cell(r['us'], '.2f')} | {r['of_booking']:.2f} |")
    if missing:
        print(f"\n@medplum/core was not measured: {missing}")
    side.record("parsers", about, not_measured=missing, rows=rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
