"""What is measured of processes, and of the load that is put on them."""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from installation import RELEASE  # noqa: E402

BENCH = RELEASE / "uplion-bench"
TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    """The process and all that it started: Postgres has a process for each connection."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{one}/task"):
                waiting += [int(child) for child in pathlib.Path(f"/proc/{one}/task/{task}/children").read_text().split()]
    return found


def cpu_seconds(pid):
    ticks = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            # With those of children that have ended.
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / TICK


def rss_mib(pid):
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1])
    return total / 1024


def load(setup, connections, seconds, rate=None, stream=False, warmup=0.5):
    """Puts a load on a setup, which says `address`, `api_key`, `model` and `processes`; a summary of it, with the CPU
    seconds of each process for 1,000 requests."""
    command = [BENCH, "load", "--address", setup.address, "--api-key", setup.api_key, "--model", setup.model,
               "--connections", connections, "--seconds", seconds, "--warmup-seconds", warmup]
    command += ["--rate", rate] if rate else []
    command += ["--stream"] if stream else []
    before = {name: cpu_seconds(pid) for name, pid in setup.processes.items()}
    printed = subprocess.run([str(part) for part in command], capture_output=True, check=True, text=True).stdout
    summary = json.loads(printed)
    # The warm-up's CPU time is in the difference, so its requests are estimated in.
    asked = summary["requests"] * (1 + warmup / seconds) or 1
    summary["cpu"] = {name: (cpu_seconds(pid) - before[name]) / asked * 1000 for name, pid in setup.processes.items()}
    return summary


def median(rounds, *path):
    values = []
    for one in rounds:
        for step in path:
            one = one.get(step, {}) if isinstance(one, dict) else {}
        if isinstance(one, (int, float)):
            values.append(one)
    return statistics.median(values) if values else float("nan")


def write_between(begin, end, text):
    """Puts the text into docs/performance.md, between two lines that are there."""
    page = ROOT / "docs/performance.md"
    before, _, rest = page.read_text().partition(begin)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}")
