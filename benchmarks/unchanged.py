"""Whether a change left every run and every verdict as it was: this tree beside another commit.

    python benchmarks/unchanged.py COMMIT [--plans 200] [--quick]

The commit is checked out into a temporary folder. It draws plans as `splitbrain hunt` does, of each
reference system in turn; then either tree runs them all, each in a process of its own, and tells
the digest of each trace, that of each history, and the verdicts. So do both with every recorded
history that is at hand: in `tests/data`, and in a folder `shared/data` beside the repository. Each
is judged by every model that takes it. What differs is printed; the exit code is 1 then.

Where a system was changed on purpose its runs differ; `--systems` takes a regular expression of
those that are compared.
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
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve()
TREE = HERE.parents[1]
QUICK = 24
MODELS = (
    *("register", "cas-register", "multi-register", "kv", "set", "queue", "mutex", "counter"),
    *("set-full", "bank", "list-append", "rw-register"),
)


def plans(count: int, systems: str) -> Iterator[str]:
    """Plans as JSON lines, of each reference system in turn."""
    from splitbrain.harness.hunting.drawing import target_of
    from splitbrain.systems import registry

    known = [name for name in registry.SYSTEMS.ours if re.fullmatch(systems, name)]
    references = [name for name in known if registry.SYSTEMS[name].form == "reference"]
    for seed in range(count):
        target = target_of(registry.SYSTEMS[references[seed % len(references)]])
        yield json.dumps(target.plan(seed).to_json())


def run_plans(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """For each plan what it is called, and what came of it."""
    from splitbrain.harness.hunting.work import digest_of
    from splitbrain.harness.plan import Plan
    from splitbrain.harness.runs.running import run
    from splitbrain.systems import registry

    for line in lines:
        plan = Plan.from_json(json.loads(line))
        name = f"{plan.system} {plan.workload} seed {plan.seed}"
        try:
            result = run(registry.experiment(plan))
        except Exception as error:  # noqa: BLE001 - an error that stays the same is no difference
            yield name, f"{type(error).__name__}: {error}"
            continue
        digests = result.trace.digest()[:16], digest_of(result)[:16]
        yield name, f"trace {digests[0]}, history and verdicts {digests[1]}, {result.validity}"


def histories() -> list[Path]:
    """The recorded histories of this repository, and those beside it."""
    folders = (TREE / "tests" / "data", TREE.parent / "shared" / "data")
    return sorted(
        path
        for folder in folders
        for path in folder.rglob("*")
        if re.search(r"\.(jsonl|json|edn|log|txt)(\.gz)?$", path.name)
    )


def judge(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """For each history and model what it is called, and the verdict."""
    from splitbrain.harness.checking import checker, read

    for path in paths:
        for model in MODELS:
            try:
                verdict = checker(model, seconds=20.0).check(read(path, model))
            except (ValueError, TypeError, LookupError) as error:
                yield f"{path.name} {model}", f"{type(error).__name__}: {str(error)[:200]}"
                continue
            shown = json.dumps(verdict.to_json(), sort_keys=True, default=repr)
            shown = re.sub(r'"[a-z_ ]*seconds": [0-9.e-]+', "", shown)
            digest = hashlib.sha256(shown.encode()).hexdigest()[:16]
            yield f"{path.name} {model}", f"{verdict.validity} {digest} {verdict.reason[:100]}"


def answers(tree: Path, arguments: list[str], given: str) -> subprocess.Popen[str]:
    """A process that does this program's work with a tree's code."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"}
    process = subprocess.Popen(
        [sys.executable, str(HERE), "--in", *arguments],
        env=environment,
        cwd=tree,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(given)
    process.stdin.close()
    return process


def lines_of(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = process.stdout.read().splitlines()
    if process.wait():
        raise SystemExit("a process that was to run plans or judge histories failed; see above")
    return lines


def compared(what: str, old: Path, given: str) -> int:
    """Have both trees do the same, print what differs, and say how much does."""
    one = lines_of(answers(old, [what], given))
    other = lines_of(answers(TREE, [what], given))
    before, after = (dict(json.loads(line) for line in lines) for lines in (one, other))
    differ = [name for name in before if before[name] != after.get(name)]
    for name in differ:
        print(f"{name}\n  before: {before[name]}\n  now:    {after.get(name)}")
    print(f"{what}: {len(before)} compared, {len(differ)} differ")
    return len(differ)


def work(what: str) -> None:
    """What a process is started for: read what to do, print an answer a line."""
    if what == "draw":
        count, systems = json.loads(sys.stdin.read())
        for line in plans(count, systems):
            print(line)
        return
    given = sys.stdin.read().splitlines()
    found = run_plans(iter(given)) if what == "plans" else judge([Path(line) for line in given])
    for answer in found:
        print(json.dumps(answer), flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--in"]:
        work(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="what to compare with")
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--systems", default=".*", help="a regular expression of systems")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} plans, our own histories")
    words = parser.parse_args()
    count = QUICK if words.quick else words.plans
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        git = ["git", "-C", str(TREE), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", str(old), words.commit], check=True)
        try:
            drawn = lines_of(answers(old, ["draw"], json.dumps([count, words.systems])))
            differ = compared("plans", old, "\n".join(drawn))
            kept = [path for path in histories() if TREE in path.parents or not words.quick]
            differ += compared("histories", old, "\n".join(map(str, kept)))
        finally:
            subprocess.run([*git, "remove", "--force", str(old)], check=True)
    print(f"{time.perf_counter() - begun:.0f} s of the wall")
    sys.exit(differ > 0)


if __name__ == "__main__":
    main()
