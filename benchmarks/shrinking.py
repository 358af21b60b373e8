"""How small the failures of planted bugs become, and what that takes.

    python benchmarks/shrinking.py [--jobs N] [--pinned] [--seconds S] [BUG ...]

Each bug is found as `splitbrain hunt` finds it, by its system's name alone; the first failing run
that passes without the bug is made small. With `--pinned` it is the run in which tests find the
bug, `tests/systems/pinned_seeds.json`. Seconds of CPU are those of all processes; those of the wall
are more on a busy machine. "Right" is whether what is left still shows the bug as it declares it.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path
from statistics import median

from quick import parsed
from tabulate import tabulate

from splitbrain.harness.hunting.drawing import plan_for, target_of
from splitbrain.harness.runs.running import run
from splitbrain.harness.shrinking import shrink
from splitbrain.harness.shrinking.trials import cores
from splitbrain.systems import registry

MOST_SEEDS = 400
HEADERS = (
    *("bug", "verdict", "faults", "operations", "runs", "CPU s", "wall s", "complete"),
    *("often", "shown", "right"),
)
PINNED = Path(__file__).parent.parent / "tests/systems/pinned_seeds.json"
MEDIANS = range(2, 7)


def failing(system, bug):
    """The first experiment that fails because of the bug, with its run; None if none does."""
    target = target_of(system, bug=bug.id)
    for seed in range(MOST_SEEDS):
        plan = plan_for(target, seed)
        experiment = registry.experiment(plan)
        result = run(experiment, tracing=False)
        if result.signature:
            without = registry.experiment(plan.with_(bug=None))
            if not run(without, tracing=False).signature:
                return experiment, result
    return None


def pinned(system, bug):
    """The pinned experiment of a bug, with its run; None if that doesn't show it any more."""
    experiment = system.hunt(bug, json.loads(PINNED.read_text())[bug.id])
    result = run(experiment, tracing=False)
    return (experiment, result) if bug.shown_by(result.verdicts) else None


def cpu():
    """Seconds of CPU of this process and of those that it has ended."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, whose))


def measure(name, arguments):
    """A row of the table."""
    system, bug = registry.bugs()[name]
    found = (pinned if arguments.pinned else failing)(system, bug)
    if found is None:
        return [name, "not found", *[None] * (len(HEADERS) - 2)]
    begun, worked = time.perf_counter(), cpu()
    small = shrink(*found, jobs=arguments.jobs, time_box=arguments.seconds)
    took = [round(cpu() - worked, 1), round(time.perf_counter() - begun, 1)]
    plan = small.run.plan
    operations = None if plan.operations is None else len(plan.operations)
    shown = ", ".join(necessity.finding for necessity in small.necessary)
    cost = [small.runs, *took, "yes" if small.complete else "no"]
    right = "yes" if bug.shown_by(small.run.verdicts) else "no"
    left = [small.run.signature, len(plan.faults), operations]
    return [name, *left, *cost, str(small.often), shown, right]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--pinned", action="store_true", help="begin with the pinned runs")
    parser.add_argument("--seconds", type=float, help="of the wall, at most, for each bug")
    parser.add_argument("bugs", nargs="*")
    arguments = parsed(parser, bugs=["CON-03", "TX-07"])
    rows = []
    for name in arguments.bugs or registry.bugs():
        rows.append(measure(name, arguments))
        print(*rows[-1], sep="\t", flush=True)
    print()
    print(tabulate(rows, HEADERS))
    made = [row for row in rows if row[2] is not None]
    for position in MEDIANS:
        values = [float("inf") if row[position] is None else row[position] for row in made]
        print(f"median {HEADERS[position]}: {median(values):g} (at most {max(values):g})")
    print(f"{len(made)} bugs, {arguments.jobs} processes")


if __name__ == "__main__":
    main()
