#!/usr/bin/env python3
"""tests/fuzz/run.py - every fuzz target for a time, and then: how much of what it is for its inputs go through.

usage: tests/fuzz/run.py [--seconds N] [NAME...]

Each target names in a line `// for:` the source files whose bytes from outside it plays. What it found, in build/fuzz/corpus/NAME, and
its seeds, in tests/fuzz/corpus/NAME, go through the same target once more in a build that counts, and lines and branches of these
files are what clang's source maps say. --seconds 0 only counts. The table is also in build/fuzz/coverage.json. It ends with 1 if a target
found something, or names no file. Build first: make B=fuzz fuzzers, make B=cover fuzzers (make fuzz does all)."""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AT_ONCE = 500 # inputs a command line


def subject(name):
    with open(f"tests/fuzz/fuzz_{name}.c", encoding="utf-8") as f:
        said = re.search(r"^// for: (.+)$", f.read(), re.M)
    files = said.group(1).split() if said else []
    if not files or not all(os.path.isfile(path) for path in files):
        sys.exit(f"tests/fuzz/fuzz_{name}.c: want a line `// for: FILE...` that names the source files which it is for")
    return files


def inputs(name):
    return sorted(glob.glob(f"build/fuzz/corpus/{name}/*")) + sorted(glob.glob(f"tests/fuzz/corpus/{name}/*"))


def hunt(name, seconds):
    """Looks for something new; how many inputs were tried, and whether all went well."""
    os.makedirs(f"build/fuzz/corpus/{name}", exist_ok=True)
    os.makedirs("build/fuzz/found", exist_ok=True)
    with open(f"build/fuzz/{name}.log", "w", encoding="utf-8") as log:
        status = subprocess.run([f"build/fuzz/fuzz_{name}", f"-max_total_time={seconds}", "-timeout=25", "-rss_limit_mb=2048",
                                 "-print_final_stats=1", f"-artifact_prefix=build/fuzz/found/{name}-",
                                 f"build/fuzz/corpus/{name}", f"tests/fuzz/corpus/{name}"],
                                stdout=log, stderr=log, check=False).returncode
    with open(f"build/fuzz/{name}.log", encoding="utf-8", errors="replace") as log:
        text = log.read()
    tried = re.search(r"^stat::number_of_executed_units: (\d+)", text, re.M)
    if status:
        print(f"FAILED  fuzz {name}\n" + "\n".join(text.splitlines()[-40:]), flush=True)
    return int(tried.group(1)) if tried else 0, status == 0


def count(name, scratch):
    """Lines and branches of its files that all of its inputs go through: {file: [lines, of, branches, of]}."""
    files, program, held = subject(name), f"build/cover/fuzz_{name}", inputs(name)
    raw = os.path.join(scratch, name)
    os.makedirs(raw)
    for at in range(0, len(held), AT_ONCE):
        done = subprocess.run([program, *held[at:at + AT_ONCE]], env=dict(os.environ, LLVM_PROFILE_FILE=f"{raw}/%p.profraw"),
                              capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            sys.exit(f"{program}: an input fails in the build that counts\n{done.stderr[-2000:]}")
    subprocess.run(["llvm-profdata", "merge", "-sparse", *glob.glob(f"{raw}/*.profraw"), "-o", f"{raw}/all"], check=True)
    told = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={raw}/all", program, *files],
                          capture_output=True, text=True, check=True)
    rows = {}
    for entry in json.loads(told.stdout)["data"][0]["files"]:
        lines, branches = entry["summary"]["lines"], entry["summary"]["branches"]
        rows[os.path.relpath(entry["filename"], ROOT)] = [lines["covered"], lines["count"], branches["covered"], branches["count"]]
    missing = [path for path in files if path not in rows]
    if missing:
        sys.exit(f"tests/fuzz/fuzz_{name}.c: nothing of {', '.join(missing)} is in the program (or it was built in another folder: make clean)")
    return rows


def per_cent(part, whole):
    return f"{100.0 * part / whole:5.1f} %" if whole else "      -"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    os.chdir(ROOT)
    names = args.names or sorted(os.path.basename(p)[len("fuzz_"):-2] for p in glob.glob("tests/fuzz/fuzz_*.c"))
    for name in names:
        subject(name)
    well, verdict = True, {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        hunted = dict(zip(names, pool.map(lambda name: hunt(name, args.seconds) if args.seconds else (0, True), names)))
    scratch = tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    try:
        print(f"{'target':10} {'runs':>12} {'inputs':>7} {'lines':>16} {'branches':>18}  of")
        for name in names:
            rows = count(name, scratch)
            runs, held = hunted[name]
            well = well and held
            sums = [sum(column) for column in zip(*rows.values())]
            verdict[name] = {"runs": runs, "inputs": len(inputs(name)), "lines": sums[:2], "branches": sums[2:], "files": rows, "held": held}
            print(f"{name:10} {runs:12} {len(inputs(name)):7} {sums[0]:5}/{sums[1]:5} {per_cent(*sums[:2])}"
                  f" {sums[2]:5}/{sums[3]:5} {per_cent(*sums[2:])}  {' '.join(rows)}", flush=True)
    finally:
        shutil.rmtree(scratch)
    with open("build/fuzz/coverage.json", "w", encoding="utf-8") as f:
        json.dump(verdict, f, indent=1)
    print(json.dumps({"proof": "fuzz", "targets": len(names), "seconds_each": args.seconds, "runs": sum(r["runs"] for r in verdict.values()),
                      "verdict": "held" if well else "broken"}))
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
