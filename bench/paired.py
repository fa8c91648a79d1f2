"""Two versions of UPLION beside each other: this build, and a folder with the `uplion` of another.

Both run at the same time, each with servers of its own, and are loaded in turn, a burst each, the other first in every
second round: what the machine's neighbours do to one, they do to both. Ratios are of the two bursts of a round.
"""

import contextlib
import statistics
import sys

from installation import RELEASE, Installation
from measure import load, median

ONE_THREAD = ["--env", "UPLION_THREADS=1", "--env", "RUST_LOG=warn"]
SETUPS = {
    "nats-1": ("one nats-server", ["separate"]),
    "nats-1-always": ("one nats-server, `sync_interval: always`", ["separate", "--sync", "always"]),
    "nats-3": ("three nats-servers, `sync_interval: always`", ["separate", "--replicas", 3]),
}
# What is asked in a burst: a name, connections, and whether answers are streams of 20 chunks.
BURSTS = [("requests", 64, False), ("streams", 16, True)]
VERSIONS = ["before", "this"]


def compare(against, names, rounds, seconds):
    """For each setup, of each round, of each version, what a burst of each kind found."""
    return {name: setup(name, against, rounds, seconds) for name in names}


def setup(name, against, rounds, seconds):
    found = []
    with contextlib.ExitStack() as running:
        binaries = {"before": against / "uplion", "this": RELEASE / "uplion"}
        installations = {version: running.enter_context(Installation(*SETUPS[name][1], *ONE_THREAD, build=RELEASE, uplion=binary))
                         for version, binary in binaries.items()}
        for installation in installations.values():
            installation.address = installation.gateways[0].removeprefix("http://")
            load(installation, 64, 2)
        for number in range(rounds):
            print(f"bench: round {number + 1} of {rounds}: {name}", file=sys.stderr)
            order = VERSIONS if number % 2 else VERSIONS[::-1]
            one = {version: {} for version in VERSIONS}
            for kind, connections, stream in BURSTS:
                for version in order:
                    one[version][kind] = figures(load(installations[version], connections, seconds, stream=stream))
            found.append(one)
    return found


def figures(summary):
    cpu = summary["cpu"]
    parts = {"gateway": cpu["gateway"], "worker": cpu["worker"],
             "nats-server": sum(cpu[name] for name in cpu if name.startswith("nats-server"))}
    others = sum(cpu.values()) - sum(parts.values())
    return {"rate": summary["requests_per_second"], **parts, "sum": sum(parts.values()), "others": others,
            "p50": summary["p50"] / 1000, "errors": summary["errors"]}


ROWS = [("rate", "{kind}/s", "{:,.0f}"), ("sum", "CPU s per 1,000 {kind}: gateway + worker + nats-server", "{:.4f}"),
        ("gateway", "of it the gateway", "{:.4f}"), ("worker", "of it the worker", "{:.4f}"), ("nats-server", "of it nats-server", "{:.4f}"),
        ("others", "beside it Postgres, projector, control, mock", "{:.4f}"), ("p50", "p50, ms", "{:.2f}")]


def table(results):
    lines = ["| setup | | before | this | this / before | of the rounds from, to |", "| --- | --- | ---: | ---: | ---: | --- |"]
    errors = 0
    for name, rounds in results.items():
        for kind, connections, _ in BURSTS:
            errors += sum(one[version][kind]["errors"] for one in rounds for version in VERSIONS)
            for figure, said, spelled in ROWS:
                ratios = [one["this"][kind][figure] / one["before"][kind][figure] for one in rounds if one["before"][kind][figure]]
                before, this = (spelled.format(median(rounds, version, kind, figure)) for version in VERSIONS)
                ratio = f"{statistics.median(ratios):.2f} | {min(ratios):.2f}, {max(ratios):.2f}" if ratios else "| "
                lines.append(f"| {SETUPS[name][0]}, {connections} connections | {said.format(kind=kind)} | {before} | {this} | {ratio} |")
    return "\n".join([*lines, "", f"Errors in all bursts: {errors}."])
