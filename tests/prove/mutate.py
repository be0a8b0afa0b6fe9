#!/usr/bin/env python3
"""tests/prove/mutate.py - whether the tests of the planner and the gates notice when one of their signs is another.

usage: tests/prove/mutate.py [--sample N] [--seed N] [--file src/policy/X.c ...] [--out FILE]

Each mutant changes one place of one file: < and <=, == and !=, && and ||, a ! that is gone, + and -, * and /, a number
one higher, true and false, a statement that is gone. The file is compiled alone, linked before the library, and the tests
that concern it run until one fails (or hangs: that counts as noticed). What lives is printed with file, line and what was
changed; tests/prove/mutants.same names those that mean the same, with the reason. A line of JSON each goes to --out, and a
later run goes on behind it. Exit 1 when less than nine of ten are noticed. Build first: make units (make mutate does all)."""
import argparse
import concurrent.futures
import json
import os
import random
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
O = "build/release"
SAME = "tests/prove/mutants.same"
GOAL = 0.9
# The tests that concern a file; those without an engine come first.
FILES = {
    "src/policy/gates.c": ["gates", "gates_edges", "hours", "gates_live"],
    "src/policy/plan.c": ["plan", "plan_edges", "plan_lives", "order", "timing"],
    "src/policy/hours.c": ["hours", "gates", "plan"],
    "src/policy/window.c": ["hours", "gates", "plan", "plan_lives"],
    "src/policy/bucket.c": ["gates", "lanes"],
}
SWAPS = [
    (r" < ", [" <= ", " > "]), (r" <= ", [" < "]), (r" > ", [" >= ", " < "]), (r" >= ", [" > "]),
    (r" == ", [" != "]), (r" != ", [" == "]), (r" && ", [" || "]), (r" \|\| ", [" && "]),
    (r" \+ (?=[\w(])", [" - "]), (r"(?<=[\w)]) - (?=[\w(])", [" + "]), (r"(?<=[\w)]) \* (?=[\w(])", [" / "]),
    (r" / ", [" * "]), (r" \+= ", [" -= "]), (r" -= ", [" += "]), (r"(?<![\w!])!(?=[\w(*])", [""]),
    (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]),
]
NUMBER = r"(?<![\w.])\d+(?![\w.])"
STATEMENT = re.compile(r"^\t+(?!return|break|case|default|goto|static|const|struct|enum|union|bool |int |int64_t |size_t |char |uint|double |else|if|for|while|switch|do\b|assert|\})[\w(*].*;$")


def without_words(line):
    """The line with strings and comments blanked, so that places stay where they are."""
    line = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', lambda m: "_" * len(m.group()), line)
    return re.sub(r"/\*.*?(\*/|$)|//.*$", lambda m: "_" * len(m.group()), line)


def mutants_of(path):
    """(line number, new line, what) of each."""
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    inside, comment = False, False
    for n, line in enumerate(lines):
        comment = (comment or line.lstrip().startswith("/*")) and "*/" not in line
        if line in ("{", "}"):
            inside = line == "{"
        if not inside or comment or not line.startswith("\t") or line.lstrip().startswith(("assert", "/*", "* ", "static const")):
            continue
        bare = without_words(line)
        for pattern, others in SWAPS:
            for m in re.finditer(pattern, bare):
                for other in others:
                    yield n, line[:m.start()] + other + line[m.end():], f"{m.group().strip()} is {other.strip() or 'gone'}"
        for m in re.finditer(NUMBER, bare):
            yield n, line[:m.start()] + str(int(m.group()) + 1) + line[m.end():], f"{m.group()} is {int(m.group()) + 1}"
        whole = lines[n - 1].rstrip().endswith((";", "{", "}", ")", ":")) or not lines[n - 1].strip() or lines[n - 1].lstrip().startswith(("/*", "else", "*"))
        if STATEMENT.match(bare) and whole:
            yield n, re.match(r"\t*", line).group() + ";", "the statement is gone"


def flags():
    with open(f"{O}/.cmd", encoding="utf-8") as f:
        command = f.read().split()
    libs = subprocess.run(["pkg-config", "--cflags", "--libs", "libevent", "libevent_openssl", "libevent_pthreads", "openssl", "sqlite3", "libcurl",
                           "libpcre2-8", "libconfuse", "jansson", "expat", "icu-i18n", "icu-uc", "libsystemd", "cmocka"],
                          capture_output=True, text=True, check=True).stdout.split()
    keep = [c.replace("'\"", '"').replace("\"'", '"') for c in command if c.startswith(("-std", "-D", "-I"))]
    keep = [c.replace('-DNUDGE_VERSION="', '-DNUDGE_VERSION="') for c in keep if "FORTIFY" not in c]
    return keep, libs


class Bench:
    def __init__(self, scratch):
        self.scratch = scratch
        self.compile, self.libs = flags()

    def try_one(self, task):
        path, n, line, what = task
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        lines[n] = line
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            source = f"{folder}/{os.path.basename(path)}"
            with open(source, "w", encoding="utf-8") as f:
                f.write("\n".join(lines))
            made = subprocess.run(["gcc", *self.compile, *self.libs[:0], "-w", "-O1", "-g0", f"-I{os.path.dirname(path)}", "-c", source, "-o", f"{folder}/m.o"],
                                  capture_output=True)
            if made.returncode:
                return task, "stillborn"
            for test in FILES[path]:
                program = f"{folder}/test_{test}"
                linked = subprocess.run(["gcc", f"{O}/tests/unit/test_{test}.o", f"{O}/tests/prove/sim_refuse.o", f"{folder}/m.o", f"{O}/libnudge.a",
                                         "-Wl,--wrap=sqlite3_step,--wrap=sqlite3_extended_errcode", *self.libs, "-lm", "-pthread", "-o", program], capture_output=True, text=True)
                if linked.returncode:
                    sys.exit(linked.stderr)
                try:
                    done = subprocess.run([program], capture_output=True, timeout=60, env=dict(os.environ, NUDGE_RIG=folder, TMPDIR=folder), check=False)
                except subprocess.TimeoutExpired:
                    return task, "hangs"
                if done.returncode:
                    return task, test
                os.unlink(program)
        return task, "lives"


def same():
    """{(file, line's text, what)} of mutants that mean the same."""
    rows = set()
    if os.path.isfile(SAME):
        with open(SAME, encoding="utf-8") as f:
            for row in f:
                if row.strip() and not row.startswith("#"):
                    rows.add(tuple(part.strip() for part in row.split(" ~ ")[:3]))
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", action="append", default=[])
    parser.add_argument("--out", default="build/prove/mutants.jsonl")
    args = parser.parse_args()
    os.chdir(ROOT)
    os.makedirs(os.path.dirname(args.out), exist_ok=True)
    tasks = [(path, *m) for path in args.file or FILES for m in mutants_of(path)]
    if args.sample:
        tasks = random.Random(args.seed).sample(tasks, min(args.sample, len(tasks)))
    seen = {}
    if os.path.isfile(args.out):
        with open(args.out, encoding="utf-8") as f:
            seen = {tuple(r["mutant"]): r["by"] for r in map(json.loads, f)}
    alike = same()
    count = {}
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as scratch, open(args.out, "a", encoding="utf-8") as out:
        bench = Bench(scratch)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            left = [t for t in tasks if t not in seen]
            for task, by in pool.map(bench.try_one, left):
                seen[task] = by
                out.write(json.dumps({"mutant": task, "by": by}) + "\n")
                out.flush()
    for task in tasks:
        path, n, _, what = task
        with open(path, encoding="utf-8") as f:
            text = f.read().split("\n")[n].strip()
        by = seen[task]
        kind = "stillborn" if by == "stillborn" else "same" if by == "lives" and (path, text, what) in alike else "lives" if by == "lives" else "noticed"
        row = count.setdefault(path, {"noticed": 0, "lives": 0, "same": 0, "stillborn": 0})
        row[kind] += 1
        if kind == "lives":
            print(f"{path}:{n + 1}: lives: {what}: {text}")
    whole = {k: sum(r[k] for r in count.values()) for k in ("noticed", "lives", "same", "stillborn")}
    for path, row in count.items():
        print(f"{path:24} {row['noticed']:4} of {row['noticed'] + row['lives']:4} noticed, {row['same']} mean the same")
    share = whole["noticed"] / max(1, whole["noticed"] + whole["lives"])
    print(json.dumps({"proof": "mutants", "seed": args.seed, **whole, "noticed_share": round(share, 4), "verdict": "held" if share >= GOAL else "short"}))
    return 0 if share >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
