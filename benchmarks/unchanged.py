"""Whether a change left every run and every verdict as it was: this tree beside another commit.

    python benchmarks/unchanged.py COMMIT [--plans 200] [--quick] [--typed]

The commit is checked out into a temporary folder. It draws plans as `splitbrain hunt` does, of each
reference system in turn; then either tree runs them all, each in a process of its own, and tells
the digest of each trace, that of each history, and the verdicts. So do both with every recorded
history that is at hand: in `tests/data`, and in a folder `shared/data` beside the repository. Each
is judged by every model that takes it. What differs is printed; the exit code is 1 then.

Where a system was changed on purpose its runs differ; `--systems` takes a regular expression of
those that are compared. What the runs cost either tree is told by system, in seconds of CPU with
judging and a trace: the trees take turns, plan by plan, so that what else the machine does
slows down both. `--typed` draws plans as `splitbrain run --faults all` does: older hunts draw
otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from quick import parsed
from tabulate import tabulate

HERE = Path(__file__).resolve()
TREE = HERE.parents[1]
MODELS = (
    *("register", "cas-register", "multi-register", "kv", "set", "queue", "mutex", "counter"),
    *("set-full", "bank", "list-append", "rw-register"),
)


def plans(count: int, systems: str, typed: bool) -> Iterator[str]:
    """Plans as JSON, of each reference system in turn: as `hunt` draws them, or as `run` does."""
    from splitbrain.harness.hunting.drawing import target_of
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.planning import draw
    from splitbrain.systems import registry

    known = [name for name in registry.SYSTEMS if re.fullmatch(systems, name)]
    references = [name for name in known if registry.SYSTEMS[name].form == "reference"]
    for seed in range(count):
        system = registry.SYSTEMS[references[seed % len(references)]]
        if typed:
            workload = system.workloads[seed // len(references) % len(system.workloads)]
            plan = draw(Plan(system.name, workload, seed=seed, nodes=system.nodes), "all")
        else:
            plan = target_of(system).plan(seed)
        yield json.dumps(plan.to_json())


def run_plan(line: str) -> tuple[str, str, float]:
    """What a plan is called, what came of it, and the seconds of CPU that it took."""
    from splitbrain.harness.hunting.work import digest_of
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.runs.running import run
    from splitbrain.systems import registry

    plan = Plan.from_json(json.loads(line))
    name = f"{plan.system} {plan.workload} seed {plan.seed}"
    begun = time.process_time()
    try:
        result = run(registry.experiment(plan))
    except Exception as error:  # noqa: BLE001 - an error that stays the same is no difference
        return name, f"{type(error).__name__}: {error}", time.process_time() - begun
    taken = time.process_time() - begun
    digests = result.trace.digest()[:16], digest_of(result)[:16]
    told = f"trace {digests[0]}, history and verdicts {digests[1]}, {result.validity}"
    return name, told, taken


def histories() -> list[Path]:
    """The recorded histories of this repository, and those beside it."""
    folders = (TREE / "tests" / "data", TREE.parent / "shared" / "data")
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if re.search(r"\.(jsonl|json|edn|log|txt)(\.gz)?$", path.name)
    )


def judge(path: Path) -> Iterator[tuple[str, str, float]]:
    """For each model what judging a history by it is called, the verdict, and seconds of CPU."""
    from splitbrain.harness.checking import checker, read

    for model in MODELS:
        name, begun = f"{path.name} {model}", time.process_time()
        try:
            verdict = checker(model, seconds=20.0).check(read(path, model))
        except (ValueError, TypeError, LookupError) as error:
            told = f"{type(error).__name__}: {str(error)[:200]}"
        else:
            shown = json.dumps(verdict.to_json(), sort_keys=True, default=repr)
            shown = re.sub(r'"[a-z_ ]*seconds": [0-9.e-]+', "", shown)
            digest = hashlib.sha256(shown.encode()).hexdigest()[:16]
            told = f"{verdict.validity} {digest} {verdict.reason[:100]}"
        yield name, told, time.process_time() - begun


def work(what: str) -> None:
    """What a process is started for: answer each line of standard input with one line."""
    for line in sys.stdin:
        if what == "draw":
            answer: object = list(plans(*json.loads(line)))
        elif what == "plans":
            answer = [run_plan(line)]
        else:
            answer = list(judge(Path(line.strip())))
        print(json.dumps(answer), flush=True)


class Tree:
    """A process that works with a tree's code, a line at a time."""

    def __init__(self, folder: Path, what: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE), "--in", what],
            env=environment,
            cwd=folder,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def ask(self, line: str) -> list:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(line + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise SystemExit("a process that was to run plans or judge histories failed; see above")
        found: list = json.loads(answer)
        return found

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def compared(what: str, old: Path, lines: list[str]) -> int:
    """Have both trees do the same; print what differs and what it cost; how much differs."""
    trees = Tree(old, what), Tree(TREE, what)
    for tree in trees[: len(lines) and 2]:  # what only the first of them imports
        tree.ask(lines[0])
    cost: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    count = differ = 0
    for line in lines:
        for before, now in zip(*(tree.ask(line) for tree in trees), strict=True):
            count += 1
            if before[:2] != now[:2]:
                differ += 1
                print(f"{before[0]}\n  before: {before[1]}\n  now:    {now[1]}", flush=True)
            row = cost[before[0].partition(" ")[0] if what == "plans" else "histories"]
            for at, more in enumerate((1.0, before[2], now[2])):
                row[at] += more
    for tree in trees:
        tree.end()
    print(f"\n{what}: {count} compared, {differ} differ")
    rows = [[name, *row, row[1] / row[2]] for name, row in sorted(cost.items())]
    whole = [sum(row[at] for row in cost.values()) for at in range(3)]
    rows.append(["all", *whole, whole[1] / whole[2]])
    headers = [what, "number", "CPU s before", "now", "times as fast"]
    print(tabulate(rows, headers, floatfmt=("", ".0f", ".2f", ".2f", ".2f")))
    return differ


def main() -> None:
    if sys.argv[1:2] == ["--in"]:
        work(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="what to compare with")
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--systems", default=".*", help="a regular expression of systems")
    parser.add_argument("--typed", action="store_true", help="plans as run draws them, not hunt")
    parser.add_argument("--no-histories", action="store_true", help="only plans")
    words = parsed(parser, plans=24)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        git = ["git", "-C", str(TREE), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(old), words.commit], check=True)
        try:
            drawing = Tree(old, "draw")
            drawn = drawing.ask(json.dumps([words.plans, words.systems, words.typed]))
            drawing.end()
            differ = compared("plans", old, drawn)
            kept = [path for path in histories() if TREE in path.parents or not words.quick]
            if not words.no_histories:
                differ += compared("histories", old, [str(path) for path in kept])
        finally:
            subprocess.run([*git, "remove", "--force", str(old)], check=True)
    print(f"{time.perf_counter() - begun:.0f} s of the wall")
    sys.exit(differ > 0)


if __name__ == "__main__":
    main()
