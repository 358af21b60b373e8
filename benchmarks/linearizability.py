"""How long linearizability takes to decide: our checker, and Porcupine if a driver is there.

    python benchmarks/linearizability.py                  # the table of linearizability.txt
    python benchmarks/linearizability.py --only 10,000    # histories whose name has this in it
    python benchmarks/linearizability.py --startup        # importing and compiling, cold and warm

Each history is generated and judged in a process of its own, which gives its peak of memory. What
is measured is CPU and wall time from the loaded history to the verdict with its certificate (an
order is an array; its list for JSON is made when somebody reads it). Kernels are loaded before
(``--startup`` tells what that takes). Short runs are repeated in the same process, and the shortest
counts, on either side. README.md says what a `porcupine` driver is.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from linearizability_histories import Shape, drawn, history, kv_history
from quick import parsed

LIMIT_SECONDS = 60.0
ENOUGH_SECONDS, MOST_RUNS = 0.5, 20
"""A history is judged again until this time is spent, or so often; the shortest run counts. Of
ours it is CPU time: on a busy machine the first run, which loads kernels, might be the only one."""
MEMORY_LIMIT = 12 << 30
"""Bytes of address space that Porcupine may have."""


def shapes() -> Iterator[Shape]:
    """The histories, each valid and with one stale read."""
    for stale in (False, True):
        for n in (1_000, 10_000, 100_000):
            for clients in (5, 10, 20, 50):
                yield Shape(n, clients, stale=stale)
            yield Shape(n, 10, cas=0.0, stale=stale)
            for clients in (20, 50):
                yield Shape(n, clients, values=0, cas=0.0, stale=stale)
            for clients in (5, 10):
                yield Shape(n, clients, info=0.01, stale=stale)
                yield Shape(n, clients, kv=True, keys=n // 500, stale=stale)
            yield Shape(n, 10, kv=True, keys=n // 500, info=0.01, stale=stale)
            yield Shape(n, 20, kv=True, stale=stale)
        yield Shape(100_000, 50, keys=200, stale=stale)
        yield Shape(1_000_000, 50, keys=2_000, stale=stale)
        yield Shape(1_000_000, 50, keys=2_000, info=0.01, stale=stale)
        yield Shape(1_000_000, 50, keys=2_000, kv=True, stale=stale)


def recorded(shape: Shape) -> object:
    return kv_history(shape) if shape.kv else history(drawn(shape), keyed=shape.keys > 1)


def peak() -> int:
    """The largest resident set since `forget_peak`, in MiB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) >> 10


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def judge(shape: Shape, path: str = "") -> dict[str, object]:
    """In a process of its own: the verdict, the seconds, the peak of memory while judging.

    Afterwards the history is written to the path, if any, for others to judge.
    """
    from splitbrain.checkers import kernels, linearizable, models
    from splitbrain.checkers.history import write_jsonl
    from splitbrain.checkers.linearizability import Budget

    model = models.kv() if shape.kv else models.cas_register()
    os.environ[kernels.SWITCH] = "compiled"
    for stale in (False, True):
        warm = Shape(1_000, 4, kv=shape.kv, stale=stale, info=shape.info)
        linearizable(model).check(recorded(warm))
    subject, walls, cpus = recorded(shape), list[float](), list[float]()
    forget_peak()
    while not walls or (sum(cpus) < ENOUGH_SECONDS and len(walls) < MOST_RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        verdict = linearizable(model, budget=Budget(1 << 60, LIMIT_SECONDS)).check(subject)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    memory = peak()
    if path:
        write_jsonl(subject, path)
    return {
        "verdict": str(verdict.validity),
        "cpu": min(cpus),
        "wall": min(walls),
        "peak": memory,
        "algorithm": str(verdict.cost["algorithm"]).split(",")[0],
    }


@dataclass(frozen=True)
class Theirs:
    """What Porcupine said, its CPU and wall seconds, and its peak in MiB."""

    verdict: str
    cpu: float
    wall: float
    peak: int

    @property
    def decided(self) -> bool:
        return self.verdict in ("valid", "invalid")


def porcupine(path: Path, driver: str) -> Theirs:
    """What the driver says of a history; undecided if time or memory ended it."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))

    command = [driver, str(path), str(LIMIT_SECONDS), str(ENOUGH_SECONDS), str(MOST_RUNS)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limited)
    if run.returncode:
        return Theirs("out of memory", LIMIT_SECONDS, LIMIT_SECONDS, MEMORY_LIMIT >> 20)
    verdict, wall, cpu, memory = run.stdout.split()
    return Theirs(verdict, float(cpu), float(wall), int(memory))


def both(shape: Shape, driver: str | None) -> tuple[dict, Theirs | None]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.jsonl")
        command = [sys.executable, __file__, "--one", json.dumps(asdict(shape))]
        command += ["--write", str(path)] if driver else []
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(run.stdout), porcupine(path, driver) if driver else None


def startup() -> None:
    """Importing numba, and compiling the kernels, with an empty cache and with a full one."""
    code = (
        "import sys, time; sys.path.insert(0, 'benchmarks'); t = time.perf_counter()\n"
        "import linearizability as b; from linearizability_histories import Shape\n"
        "print(f'{time.perf_counter() - t:.2f} s to import,', end=' ')\n"
        "t = time.perf_counter(); b.judge(Shape(12_000, 5))\n"
        "print(f'{time.perf_counter() - t:.2f} s to load kernels, generate and judge')"
    )
    with tempfile.TemporaryDirectory() as cache:
        for name in ("cold", "warm", "warm"):
            environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
            print(name, end=": ", flush=True)
            subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="histories whose name has this in it")
    parser.add_argument("--startup", action="store_true", help="measure importing and compiling")
    parser.add_argument("--jobs", type=int, default=1, help="histories at a time")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--write", default="", help=argparse.SUPPRESS)
    options = parsed(parser, only="1,000 operations")
    if options.one:
        print(json.dumps(judge(Shape(**json.loads(options.one)), options.write)))
        return
    if options.startup:
        startup()
        return
    table([shape for shape in shapes() if f" {options.only}" in f" {shape.name}"], options.jobs)


def table(chosen: list[Shape], jobs: int) -> None:
    """A row for each history; what Porcupine and we need, and how often that is more."""
    driver = shutil.which("porcupine")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; {jobs} at a time\n")
    print("| history | verdict | CPU s | peak MiB | algorithm | ", end="")
    print("Porcupine | CPU s | wall s | peak MiB | CPU ratio | wall ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    pairs = []
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda shape: both(shape, driver), chosen)
        for shape, (ours, theirs) in zip(chosen, results, strict=True):
            row = f"| {shape.name} | {ours['verdict']} | {ours['cpu']:.5f} | {ours['peak']} | "
            row += f"{ours['algorithm']} | "
            if theirs is None:
                print(row + "- | - | - | - | - | - |", flush=True)
                continue
            pairs.append((ours, theirs))
            row += f"{theirs.verdict} | {theirs.cpu:.5f} | {theirs.wall:.5f} | {theirs.peak} |"
            more = "" if theirs.decided else "> "
            cpu, wall = theirs.cpu / ours["cpu"], theirs.wall / ours["wall"]
            print(f"{row} {more}{cpu:.1f} | {more}{wall:.1f} |", flush=True)
    if pairs:
        summary(pairs)


def summary(pairs: list[tuple[dict, Theirs]]) -> None:
    decided = [(o, t) for o, t in pairs if t.decided]
    print(
        f"\n{len(pairs)} histories, of which we decide "
        f"{sum(o['verdict'] in ('valid', 'invalid') for o, _ in pairs)} and Porcupine "
        f"{len(decided)}; other verdicts: {sum(o['verdict'] != t.verdict for o, t in decided)}"
    )
    for name, ours, theirs in (
        ("CPU", [o["cpu"] for o, _ in decided], [t.cpu for _, t in decided]),
        ("wall", [o["wall"] for o, _ in decided], [t.wall for _, t in decided]),
    ):
        ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
        long = [ratio for ratio, their in zip(ratios, theirs, strict=True) if their > 0.05]
        if ratios:
            print(f"Porcupine's {name} time by ours, where it decides: ", end="")
            print(f"median {median(ratios):.1f}, least {min(ratios):.1f}", end="")
            print(f"; where it takes over 50 ms: least {min(long):.1f}" if long else "")
    print(f"our peak of memory: {max(o['peak'] for o, _ in pairs)} MiB")


if __name__ == "__main__":
    main()
