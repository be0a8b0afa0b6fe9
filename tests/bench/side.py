"""What benchmarks of whole programs have in common: cores, rounds in turns, spread, and the record."""
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.dirname(os.path.abspath(__file__))
BUILT = os.path.join(ROOT, "build", "release")
os.environ["NUDGE_BIN"] = "build/release"
sys.path.insert(0, os.path.join(ROOT, "tests", "world"))

LENGTH = os.environ.get("NUDGE_BENCH", "")
CORES = sorted(os.sched_getaffinity(0))
FIRST, LAST = {CORES[0]}, {CORES[-1]}


def length_of(lengths):
    if LENGTH not in lengths:
        sys.exit(f"NUDGE_BENCH is one of {', '.join(repr(k) for k in lengths)}")
    return lengths[LENGTH]


def on(cores):
    return lambda: os.sched_setaffinity(0, cores)


def cpu_of(pid):
    return time.clock_gettime(~pid << 3 | 2)  # its process clock, as clock_getcpuclockid() makes it


def measured(args, cores, env=None):
    done = subprocess.run(args, capture_output=True, text=True, timeout=900, preexec_fn=on(cores), env=dict(os.environ, **(env or {})))
    if done.returncode:
        raise RuntimeError(f"{os.path.basename(args[0])} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratio(ones, others, field):
    """Of each round, so that both had the same machine."""
    return spread([round(a[field] / b[field], 3) for a, b in zip(ones, others)])


def machine():
    with open("/proc/cpuinfo") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.machine(), "cores": len(CORES), "kernel": platform.release(), "load_before": os.getloadavg()[0]}


def cell(s, form):
    return f"{s['median']:{form}} [{s['min']:{form}}-{s['max']:{form}}]"


def record(name, about, **what):
    os.makedirs(os.path.join(ROOT, "build", "bench"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "bench", f"{name}.json"), "w") as f:
        json.dump({"at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "length": LENGTH or "full", "machine": about, **what},
                  f, indent=1)
        f.write("\n")
