"""How many runs a search does: of each reference system, and by two cores beside one.

Two kinds of plans: as `splitbrain run --faults all` tries them (ten virtual seconds, 20 operations
a second, five clients), and as `splitbrain hunt` draws them. A run counts with all that a search
does: drawing its plan, the run, judging. What two cores do beside one is measured in wall time, on
the same seeds, with workers that have run a few plans before.

    python benchmarks/search.py [SYSTEM]... [--runs 40] [--cores 2]
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import wait

from quick import parsed
from tabulate import tabulate

from splitbrain.harness.hunting.drawing import target_of
from splitbrain.harness.hunting.hunt import SEEDS_A_TASK
from splitbrain.harness.hunting.pool import processes
from splitbrain.harness.hunting.work import try_seeds
from splitbrain.harness.plan import Plan
from splitbrain.harness.planning import draw
from splitbrain.harness.runs.running import run
from splitbrain.systems import registry

WARM = 5


def typed(system, seed):
    """The plan of `splitbrain run SYSTEM --faults all --seed SEED`."""
    plan = Plan(system.name, system.workloads[0], seed=seed, nodes=system.nodes)
    return draw(plan, "all")


def hunted(system, seed):
    return target_of(system).plan(seed)


def runs_a_minute(system, make, runs):
    """Runs a minute of CPU, with the share that could not be judged."""
    unknown = 0
    for seed in range(WARM):
        run(registry.experiment(make(system, seed)), tracing=False)
    begun = time.process_time()
    for seed in range(runs):
        result = run(registry.experiment(make(system, seed)), tracing=False)
        unknown += str(result.validity) == "unknown"
    return 60 * runs / (time.process_time() - begun), unknown / runs


def wall(system, cores, runs):
    """Seconds of the wall that so many cores take for so many runs."""
    target = target_of(system)
    batches = [range(first, first + SEEDS_A_TASK) for first in range(0, runs, SEEDS_A_TASK)]
    with processes(cores, 0) as pool:
        wait([pool.submit(try_seeds, target, range(WARM)) for _ in range(cores)])
        begun = time.perf_counter()
        wait([pool.submit(try_seeds, target, batch) for batch in batches])
        return time.perf_counter() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("systems", nargs="*", metavar="SYSTEM")
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--cores", type=int, default=2)
    words = parsed(parser, systems=["raft"], runs=8)
    known = [s for s in registry.SYSTEMS.values() if s.form == "reference"]
    rows = []
    for system in known:
        if words.systems and system.name not in words.systems:
            continue
        as_typed, _ = runs_a_minute(system, typed, words.runs)
        as_hunted, unknown = runs_a_minute(system, hunted, words.runs)
        alone, together = (wall(system, cores, words.runs) for cores in (1, words.cores))
        rows.append([system.name, as_typed, as_hunted, f"{unknown:.0%}", f"{alone / together:.2f}"])
    headers = ["system", "run, a CPU minute", "hunt, a CPU minute", "unknown"]
    headers.append(f"{words.cores} cores : 1")
    print(tabulate(rows, headers, floatfmt=("", ".0f", ".0f", "", ".2f")))


if __name__ == "__main__":
    main()
