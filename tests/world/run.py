#!/usr/bin/env python3
"""Runs the tests of this folder: each function test_* of each file test_*.py in a process of its own, two at a time.

run.py [-k PART] [--list]      ends with "N passed, N failed" (and ", N skipped")
"""
import concurrent.futures
import glob
import importlib
import os
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
LIMIT_S = 400


class Skip(Exception):
    pass


def names():
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        module = os.path.basename(path)[:-3]
        with open(path) as f:
            for line in f:
                if line.startswith("def test_"):
                    yield f"{module}.{line[4:line.index('(')]}"


def one(name):
    module, function = name.split(".")
    try:
        getattr(importlib.import_module(module), function)()
    except Exception as e:
        if type(e).__name__ == "Skip":
            print(e)
            return 77
        traceback.print_exc()
        return 1
    return 0


def run(name):
    begun = time.time()
    try:
        done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, timeout=LIMIT_S, errors="replace")
        return name, done.returncode, (done.stdout + done.stderr)[-4000:], time.time() - begun
    except subprocess.TimeoutExpired as e:
        return name, 1, f"not done after {LIMIT_S} s\n{(e.stderr or b'')[-2000:]}", time.time() - begun


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--one":
        return one(sys.argv[2])
    part = sys.argv[sys.argv.index("-k") + 1] if "-k" in sys.argv else ""
    wanted = [n for n in names() if part in n]
    if "--list" in sys.argv:
        print("\n".join(wanted))
        return 0
    import house
    house.certs()
    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("NUDGE_PARALLEL", "3"))) as pool:
        for name, status, text, seconds in pool.map(run, wanted):
            if status == 0:
                passed += 1
                print(f"ok      {name} ({seconds:.1f} s)", flush=True)
            elif status == 77:
                skipped += 1
                print(f"skipped {name}: {text.strip()}", flush=True)
            else:
                failed += 1
                print(f"FAILED  {name}\n{text}", flush=True)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
