#!/usr/bin/env python3
"""Runs the tests of this folder: each function test_* of each file test_*.py in a process of its own, two at a time.

run.py [-k PART] [--list]      ends with "N passed, N failed" (and ", N skipped")
"""
import concurrent.futures
import glob
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
LIMIT_S = int(os.environ.get("NUDGE_WORLD_LIMIT", "400")) or None  # 0: as long as it takes
begun = set()  # processes of tests that run now; each leads a group with all it started


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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that houses are still taken down
    module, function = name.split(".")
    try:
        getattr(importlib.import_module(module), function)()
    except Exception as e:
        if type(e).__name__ == "Skip":
            print(e)
            return 77
        traceback.print_exc()
        at = traceback.extract_tb(e.__traceback__)[-1]
        print(f"{os.path.basename(at.filename)}:{at.lineno}: {at.line}: {type(e).__name__} {str(e)[:100]}")  # the last line is what a check repeats
        return 1
    return 0


def end(process):
    """A test and all that it started."""
    for sig in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sig)
            process.wait(15)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def run(name):
    at = time.time()
    p = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--one", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                         start_new_session=True)
    begun.add(p)
    try:
        text = p.communicate(timeout=LIMIT_S)[0]
        return name, p.returncode, text[-4000:], time.time() - at
    except subprocess.TimeoutExpired:
        end(p)
        return name, 1, f"not done after {LIMIT_S} s\n{p.communicate()[0][-4000:]}", time.time() - at
    finally:
        begun.discard(p)


def results(pool, wanted):
    try:
        yield from pool.map(run, wanted)
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        for p in list(begun):
            end(p)
        raise


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
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("NUDGE_PARALLEL", "3"))) as pool:
        for name, status, text, seconds in results(pool, wanted):
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
