#!/usr/bin/env python3
"""tests/prove/coverage.py - which lines and branches of the rules, the languages and the heart the tests go through.

usage: tests/prove/coverage.py [--worlds N] [--house] [--no-run] [--tests NAME,...] [--json FILE] [FILE-OR-FOLDER...]

Counted is what clang's source maps call a branch: each condition of an `if`, a loop, `?:`, `&&`, `||` both ways, each label
of a `switch`. A compound condition of three parts counts six. What a macro of the system brings counts where it is used.
With files or folders, only these are counted, and each branch that is neither taken nor explained is printed. --tests runs only
these unit tests, and adds what they go through to what the last run went through if nothing was built since.
`tests/prove/coverage.why` explains what no test can go through; whatever is neither taken nor explained is open. It ends with 1
if a folder stands below its goal and has open ones.
Build first: make B=cover units fuzzers build/cover/cover_map (make coverage does all)."""
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
FOLDERS = ["src/hl7", "src/mllp", "src/siu", "src/policy", "src/engine", "src/wheel", "src/phone"]
OUT = "build/cover"
KNOWN = "tests/prove/coverage.why"
GOAL = 98.0


# Unit tests that hold as well when each statement of a turn is refused once: see tests/unit/rig_refuse.h.
REFUSED = {"every": ["order", "timing", "books", "restore", "unknown"],
           "ways": ["attempts", "backup", "bookings", "bookings_named", "engine", "gates_live", "history", "journalled", "keeping", "lanes", "limit",
                    "lost_rows", "merge", "merge_apart", "message_kinds", "modality", "news", "news_far", "optouts_compared", "optouts_whose", "order", "over",
                    "pains", "pair", "pair_later", "phone_of_text", "quarantine", "quarantine_held", "quarantine_room", "refused", "refused_whose",
                    "replanned", "replies", "replies_open", "replies_whose", "reports", "restore", "restore_phones", "restore_rows", "restore_under_way", "rotate", "silence",
                    "space", "taken_late", "timing", "unknown"]}


def run_one(command, profiles, scratch):
    env = dict(os.environ, LLVM_PROFILE_FILE=f"{profiles}/%m-%p.profraw", NUDGE_RIG=scratch, TMPDIR=scratch, NUDGE_BIN=OUT)
    if command[0] in REFUSED:
        env["NUDGE_REFUSE"] = command[0]
        command = command[1:]
    done = subprocess.run(command, env=env, capture_output=True, text=True, errors="replace")
    return command, done.returncode, done.stdout + done.stderr


def units(only):
    names = [os.path.basename(c)[:-2] for c in sorted(glob.glob("tests/unit/test_*.c"))]
    return [n for n in names if not only or n[len("test_"):] in only or n in only]


def replays():
    """The seeds of each fuzz target, through the target once."""
    for source in sorted(glob.glob("tests/fuzz/fuzz_*.c")):
        name = os.path.basename(source)[len("fuzz_"):-2]
        seeds = sorted(glob.glob(f"tests/fuzz/corpus/{name}/*"))
        if seeds and os.path.isfile(f"{OUT}/fuzz_{name}"):
            yield [f"{OUT}/fuzz_{name}", *seeds]


def still_true():
    """Nothing was built since the last run."""
    last = f"{OUT}/all.profdata"
    return os.path.isfile(last) and os.path.getmtime(last) > os.path.getmtime(f"{OUT}/libnudge.a")


def run_all(worlds, house, only):
    """Every unit test, the fuzz targets' seeds, some worlds, the daemons' own tests; two at a time, merged into one profile."""
    profiles = os.path.join(OUT, "profiles")
    shutil.rmtree(profiles, ignore_errors=True)
    os.makedirs(profiles)
    commands = [[f"{OUT}/{name}"] for name in units(only)]
    if not only:
        commands += replays()
    if worlds:
        commands.append([f"{OUT}/prove_world", "--seeds", str(worlds), "--twice", "0"])
        commands.append([f"{OUT}/prove_world", "--outage", "500"])
    commands += [[how, f"{OUT}/test_{name}"] for how, names in REFUSED.items() for name in names if not only or name in only]
    if house:
        commands.insert(0, [sys.executable, "tests/world/run.py"])
    failed = 0
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as scratch:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for command, status, said in pool.map(lambda c: run_one(c, profiles, scratch), commands):
                if status:
                    failed += 1
                    print(f"FAILED  {' '.join(command)}\n" + "\n".join(said.splitlines()[-20:]), file=sys.stderr)
    raw = glob.glob(f"{profiles}/*.profraw") + ([f"{OUT}/all.profdata"] if only and still_true() else [])
    with open(f"{OUT}/profiles.list", "w", encoding="utf-8") as f:
        f.write("\n".join(raw))
    subprocess.run(["llvm-profdata", "merge", "-sparse", "-f", f"{OUT}/profiles.list", "-o", f"{OUT}/new.profdata"], check=True)
    os.replace(f"{OUT}/new.profdata", f"{OUT}/all.profdata")
    shutil.rmtree(profiles)
    return failed


def export():
    done = subprocess.run(["llvm-cov", "export", f"-instr-profile={OUT}/all.profdata", f"{OUT}/cover_map", *FOLDERS],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["data"][0]


def known():
    """{(place, condition, outcome): reason}, as coverage.why says it."""
    rows = {}
    if os.path.isfile(KNOWN):
        with open(KNOWN, encoding="utf-8") as f:
            for n, row in enumerate(f, 1):
                if not row.strip() or row.startswith("#"):
                    continue
                parts = re.fullmatch(r"(.+?) \| (.+) \| (true|false|both) \| (.+)", row.strip())  # a condition may have a bar
                if not parts:
                    sys.exit(f"{KNOWN}:{n}: want `place | condition | true, false or both | reason`")
                parts = [part.strip() for part in parts.groups()]
                if tuple(parts[:3]) in rows:
                    sys.exit(f"{KNOWN}:{n}: it is said twice")
                rows[tuple(parts[:3])] = parts[3]
    return rows


def reason_for(reasons, path, function, condition, outcome):
    places = (f"{path}:{function}", path, "*")
    tried = [(place, c, o) for place in places for c in (condition, "*") for o in (outcome, "both") if c != "*" or place == places[0]]
    return next((key for key in tried if key in reasons), None)


def text_at(lines, region):
    first, column, last, end = region
    if first == last:
        return lines[first - 1][column - 1:end - 1]
    part = [lines[first - 1][column - 1:], *lines[first:last - 1], lines[last - 1][:end - 1]]
    return " ".join(p.strip() for p in part)


def branches_of(data):
    """{file: {region: [taken true, taken false, function]}}, over every instance of a function."""
    found = {}
    for function in data["functions"]:
        for b in function.get("branches", []):
            path = os.path.relpath(function["filenames"][b[6]], ROOT)
            counts = found.setdefault(path, {}).setdefault(tuple(b[:4]), [0, 0, function["name"].split(":")[-1]])
            counts[0] += b[4]
            counts[1] += b[5]
    return found


def lines_of(entry):
    s = entry["summary"]["lines"]
    return s["covered"], s["count"]


def passes_every_label(lines, region):
    """The way past all labels of a `switch`: none, where the compiler holds that each value has one (-Wswitch-enum); a `default` is a label."""
    return lines[region[0] - 1][:region[1] - 1].endswith("switch (")


def look(data, reasons):
    files, used = {}, set()
    branches = branches_of(data)
    for entry in data["files"]:
        path = os.path.relpath(entry["filename"], ROOT)
        if not path.endswith(".c"):
            continue
        with open(path, encoding="utf-8") as f:
            text = f.read().expandtabs(1).split("\n")
        row = {"lines": lines_of(entry), "taken": 0, "explained": 0, "branches": 0, "missing": []}
        for region, (yes, no, function) in sorted(branches.get(path, {}).items()):
            condition = text_at(text, region)
            for outcome, count in (("true", yes), ("false", no)):
                row["branches"] += 1
                key = reason_for(reasons, path, function, condition, outcome)
                if count:
                    row["taken"] += 1
                elif key or (outcome == "true" and passes_every_label(text, region)):
                    used.add(key)
                    row["explained"] += 1
                else:
                    row["missing"].append((region[0], condition, outcome, function))
        files[path] = row
    return files, [k for k in reasons if k not in used]


def per_cent(part, whole):
    return 100.0 * part / whole if whole else 100.0


def total(rows):
    return {"lines": [sum(r["lines"][0] for r in rows), sum(r["lines"][1] for r in rows)], "taken": sum(r["taken"] for r in rows),
            "explained": sum(r["explained"] for r in rows), "branches": sum(r["branches"] for r in rows)}


def line(name, r):
    print(f"{name:32} {r['lines'][0]:6} of {r['lines'][1]:6} {per_cent(*r['lines']):6.2f} %  {r['taken']:6} of {r['branches']:6}"
          f" {per_cent(r['taken'], r['branches']):6.2f} %  {r['explained']:5} explained  {r['branches'] - r['taken'] - r['explained']:5} open")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--worlds", type=int, default=0)
    parser.add_argument("--house", action="store_true")
    parser.add_argument("--no-run", action="store_true")
    parser.add_argument("--tests", default="")
    parser.add_argument("places", nargs="*", metavar="FILE-OR-FOLDER")
    parser.add_argument("--json", default=f"{OUT}/coverage.json")
    args = parser.parse_args()
    os.chdir(ROOT)
    only = [name for name in args.tests.split(",") if name]
    failed = 0 if args.no_run else run_all(args.worlds, args.house, only)
    files, unused = look(export(), known())
    places = [place.rstrip("/") for place in args.places]
    counted = places or FOLDERS
    files = {p: r for p, r in files.items() if any(p == c or p.startswith(c + "/") for c in counted)}
    verdict = {"files": files, "folders": {}, "failed": failed}
    print(f"{'':32} {'lines':>25}  {'branches':>25}")
    for place in counted:
        rows = {p: r for p, r in files.items() if p == place or p.startswith(place + "/")}
        for path, row in sorted(rows.items()):
            line("  " + path, row)
        verdict["folders"][place] = total(rows.values())
    print()
    for place, row in verdict["folders"].items():
        line(place, row)
    verdict["all"] = total(files.values())
    line("all", verdict["all"])
    if places:
        for path, row in sorted(files.items()):
            for n, condition, outcome, function in row["missing"]:
                print(f"{path}:{n}: {function}: never {outcome}: {condition}")
    for key in unused:
        if key[0].split(":")[0] in files:
            print(f"{KNOWN}: nothing is missed at: {' | '.join(key)}")
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump(verdict, f, indent=1)
    whole = verdict["all"]
    empty = [folder for folder, row in verdict["folders"].items() if not row["branches"]]
    if empty:
        sys.exit(f"nothing is known of {', '.join(empty)}: was it built in another folder? make clean, then make coverage")
    short = [place for place, row in verdict["folders"].items()
             if row["taken"] + row["explained"] < row["branches"] and per_cent(row["taken"], row["branches"]) < GOAL]
    for place in short:
        print(f"{place}: below {GOAL:.0f} %, and not all of the rest is explained", file=sys.stderr)
    print(f"{whole['taken']} of {whole['branches']} branches, {whole['explained']} explained, "
          f"{whole['branches'] - whole['taken'] - whole['explained']} unexplained")
    print(json.dumps({"proof": "coverage", "lines": whole["lines"], "branches": whole["branches"], "taken": whole["taken"],
                      "explained": whole["explained"], "verdict": "short" if short or failed else "held"}))
    return 1 if failed or short else 0


if __name__ == "__main__":
    sys.exit(main())
