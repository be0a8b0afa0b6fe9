#!/usr/bin/env python3
"""Texts per second and processor time per text: nudge-sender, the vendor's JavaScript client and bare libcurl, in turns.

send.py        NUDGE_BENCH=short: less than a minute; smoke: only whether all of it works (no figure means anything)
               NUDGE_INFLIGHT=16,64: so many texts are out at once
A table for people; build/bench/send.json for the record. The gateway has a core of its own where there are two, shared
only with whoever hands out jobs; those that are measured share the other, one after another.
"""
import itertools
import json
import os
import subprocess

import side
from side import BUILT, FIRST, HERE, LAST, cell, cpu_of, measured, on, ratio, spread
import house
import peers
from run import Skip

LENGTHS = {"": (7, 0.5, 3.0), "short": (3, 0.4, 1.6), "smoke": (1, 0.05, 0.2)}  # rounds, seconds before it counts, seconds
INFLIGHT = [int(n) for n in os.environ.get("NUDGE_INFLIGHT", "16,64").split(",")]
VERSIONS = ("1.1", "2")
FIELDS = ("per_s", "cpu_us", "p50_ms", "p99_ms", "rss_kb", "gateway_us")
NAMES = {"sender": "nudge-sender", "limit": "bare libcurl", "sdk": "@azure/communication-sms"}


class Gateway:
    def __init__(self, certs, version, cores=LAST):
        self.process = subprocess.Popen([f"{BUILT}/bench_gateway", f"{certs}/acs.crt", f"{certs}/acs.key", version], stdout=subprocess.PIPE, text=True,
                                        preexec_fn=on(cores))
        word, port = self.process.stdout.readline().split()
        assert word == "ready", word
        self.port = int(port)
        self.endpoint = f"https://localhost:{port}"

    def end(self):
        """How many texts it took."""
        self.process.terminate()
        said = self.process.communicate(timeout=10)[0]
        return int(said.split()[1])


def by_sender(where, gateway, out, warm, seconds):
    """nudge-sender as it is shipped, with its configuration, and its jobs over its own socket; so many are out."""
    where.acs_port = gateway.port
    where.configure()
    driver = subprocess.Popen([f"{BUILT}/bench_send", where.path("run/sender"), str(out), str(warm), str(seconds)], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, preexec_fn=on(LAST))
    assert driver.stdout.readline() == "listening\n", driver.stderr.read()
    try:
        where.spawn("nudge-sender", [f"{BUILT}/nudge-sender", "-c", where.conf], r"what=ready", preexec_fn=on(FIRST))
        said, complaint = driver.communicate(timeout=300)
    finally:
        driver.kill()
        if "nudge-sender" in where.processes:
            where.stop("nudge-sender")
    if driver.returncode:
        raise RuntimeError(complaint + where.log("nudge-sender")[-2000:])
    return json.loads(said)


def by_limit(where, gateway, version, out, warm, seconds):
    return measured([f"{BUILT}/bench_limit", gateway.endpoint, f"{where.certs}/ca.crt", str(out), str(warm), str(seconds), version], FIRST)


def by_sdk(where, gateway, there, out, warm, seconds):
    return measured(["node", os.path.join(HERE, "sdk.mjs"), gateway.endpoint, house.ACCESS_KEY, str(out), str(warm * 3), str(seconds)], FIRST,
                    {"NUDGE_PEERS": there, "NODE_EXTRA_CA_CERTS": f"{where.certs}/ca.crt"})


def rounds(where, sdk_at):
    """{(who, HTTP version, out at once): [a result for each round]}; who is measured changes all the time, so that a busy machine is so for all."""
    n, warm, seconds = side.length_of(LENGTHS)
    results = {}
    for _ in range(n):
        for version, out in itertools.product(VERSIONS, INFLIGHT):
            turns = [("sender", lambda g, o=out: by_sender(where, g, o, warm, seconds)),
                     ("limit", lambda g, v=version, o=out: by_limit(where, g, v, o, warm, seconds))]
            if version == "1.1" and sdk_at:
                turns.append(("sdk", lambda g, o=out: by_sdk(where, g, sdk_at, o, warm, seconds)))
            for who, run in turns:
                gateway = Gateway(where.certs, version)
                before = cpu_of(gateway.process.pid)
                one = run(gateway)
                spent = cpu_of(gateway.process.pid) - before
                one["gateway_us"] = round(spent * 1e6 / max(1, gateway.end()), 2)
                assert one["bad"] == 0, f"{who} over HTTP/{version}: {one['bad']} texts were not accepted"
                results.setdefault((who, version, out), []).append(one)
    return results


def summed(results):
    rows = []
    for (who, version, out), list_of in results.items():
        row = {"who": who, "http": version, "out": out, "rounds": len(list_of), **{f: spread([r[f] for r in list_of]) for f in FIELDS}}
        if who != "limit":
            row["rate_of_limit"] = ratio(list_of, results["limit", version, out], "per_s")
        if who == "sender" and ("sdk", "1.1", out) in results:
            row["rate_of_sdk"] = ratio(list_of, results["sdk", "1.1", out], "per_s")
            row["cpu_of_sdk"] = ratio(list_of, results["sdk", "1.1", out], "cpu_us")
        rows.append(row)
    return rows


def table(rows, missing):
    print(f"| {'who':24} | HTTP | out | texts/s | CPU us/text | p50 ms | p99 ms | of bare libcurl | times the SDK | gateway us/text |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for r in rows:
        of = cell(r["rate_of_limit"], ".2f") if "rate_of_limit" in r else "-"
        times = cell(r["rate_of_sdk"], ".2f") if "rate_of_sdk" in r else "-"
        print(f"| {NAMES[r['who']]:24} | {r['http']} | {r['out']} | {cell(r['per_s'], '.0f')} | {cell(r['cpu_us'], '.1f')} | {cell(r['p50_ms'], '.2f')} | "
              f"{cell(r['p99_ms'], '.2f')} | {of} | {times} | {cell(r['gateway_us'], '.1f')} |")
    if missing:
        print(f"| {NAMES['sdk']:24} | 1.1 | | not measured: {missing} | | | | | | |")


def main():
    missing = sdk_at = None
    try:
        sdk_at = peers.installed()
    except Skip as e:
        missing = str(e)
    about = side.machine()
    with house.House(start=False) as where:
        results = rounds(where, sdk_at)
    rows = summed(results)
    table(rows, missing)
    side.record("send", about, not_measured=missing, rows=rows)


if __name__ == "__main__":
    main()
