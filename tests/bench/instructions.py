"""How many instructions a message costs, by callgrind, beside what is recorded: a clock on a busy machine tells nothing.

    tests/bench/instructions.py            compares; 1 when something costs more than it is allowed to
    tests/bench/instructions.py --record   writes down what it costs now

Each part does a fixed work twice, once with twice as much of it: the difference is what the work costs, without
the start. Counted apart: the product's own code, and SQLite, where a statement too many would show. What stands in
libraries that choose their code by the processor is not compared.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.environ.get("NUDGE_BENCH_BIN", "build/release")
RECORD = os.path.join(HERE, "instructions.json")
TOLERANCE = 0.05
PARTS = {  # name: program and arguments, how the amount of work is said, how much, what one of it is worth
    "parse": (["bench_parse", "{n}"], 2000, 1),
    "map": (["bench_turn", "--only", "map", "--messages", "{n}"], 100, 10),
    "plan": (["bench_turn", "--only", "plan", "--messages", "{n}"], 100, 10),
    "turn": (["bench_turn", "--only", "turn", "--group", "16", "--messages", "{n}"], 320, 1),
}


def counted(path):
    """Instructions by object file, from a file of callgrind's."""
    total, objects, current, skip = {}, {}, "", False
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if line.startswith("ob="):
                number, name = re.match(r"ob=\((\d+)\)(?: (.*))?", line.rstrip()).groups()
                current = objects.setdefault(number, name)
            elif line.startswith("cob="):
                number, name = re.match(r"cob=\((\d+)\)(?: (.*))?", line.rstrip()).groups()
                objects.setdefault(number, name)
            elif line.startswith("calls="):
                skip = True  # the next line is what the callee costs, which is counted there
            elif line[:1] in "0123456789+-*":
                if not skip:
                    total[current] = total.get(current, 0) + int(line.split()[1])
                skip = False
    return total


def cost_of(arguments, n, folder):
    out = os.path.join(folder, "callgrind")
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, os.path.join(BIN, arguments[0])]
    command += [a.format(n=n) for a in arguments[1:]]
    if arguments[0] == "bench_turn":
        command += ["--dir", folder]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)}: {ran.stderr[-2000:]}")
    total = counted(out)
    own = sum(v for k, v in total.items() if os.path.basename(k or "") == arguments[0])
    return {"own": own, "sqlite": sum(v for k, v in total.items() if "libsqlite3" in (k or ""))}


def measure(folder):
    now = {}
    for name, (arguments, n, worth) in PARTS.items():
        once, twice = cost_of(arguments, n, folder), cost_of(arguments, 2 * n, folder)
        now[name] = {k: round((twice[k] - once[k]) / n / worth) for k in once if twice[k] - once[k] > n}
    return now


def compare(now, recorded):
    good = True
    for name, costs in now.items():
        for of, n in costs.items():
            want = recorded.get(name, {}).get(of, 0)
            more = n / want - 1 if want else float("inf")
            fine = more <= TOLERANCE
            good = good and fine
            print(f"{'ok     ' if fine else 'DEARER '} {name:6} {of:7} {n:8} instructions, {want:8} recorded ({100 * more:+.1f} %)")
            if more < -TOLERANCE:
                print(f"        cheaper than recorded: {sys.argv[0]} --record keeps it so")
    return good


def main():
    with tempfile.TemporaryDirectory() as folder:
        now = measure(folder)
    if "--record" in sys.argv[1:]:
        with open(RECORD, "w", encoding="utf-8") as f:
            json.dump(now, f, indent=1, sort_keys=True)
            f.write("\n")
        print(json.dumps(now, indent=1))
        return 0
    with open(RECORD, encoding="utf-8") as f:
        return 0 if compare(now, json.load(f)) else 1


if __name__ == "__main__":
    sys.exit(main())
