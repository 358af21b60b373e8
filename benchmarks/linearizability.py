"""How long linearizability takes to decide: our checker, and Porcupine if a driver is there.

    python benchmarks/linearizability.py                  # the table of linearizability.txt
    python benchmarks/linearizability.py --only 10,000    # histories whose name has this in it
    python benchmarks/linearizability.py --startup        # importing and compiling, cold and warm

Each history is generated and judged in a process of its own, which gives its peak of memory. What
is measured is CPU time from the loaded history to the verdict; kernels are loaded before
(``--startup`` tells what that takes). README.md says what a `porcupine` driver is.
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
from dataclasses import asdict
from pathlib import Path

from linearizability_histories import Shape, drawn, history, kv_history

SHAPES = [
    *(
        Shape(operations, clients, stale=stale)
        for operations in (1_000, 10_000, 100_000)
        for clients in (5, 10, 20)
        for stale in (False, True)
    ),
    *(Shape(n, 10, cas=0.0, stale=stale) for n in (1_000, 100_000) for stale in (False, True)),
    *(Shape(n, c, values=0, cas=0.0) for n in (1_000, 100_000) for c in (20, 50)),
    *(Shape(n, 20, values=0, cas=0.0, stale=True) for n in (1_000, 100_000)),
    *(Shape(n, 10, info=0.01, stale=stale) for n in (1_000, 10_000) for stale in (False, True)),
    *(Shape(100_000, 50, keys=200, stale=stale) for stale in (False, True)),
    *(Shape(1_000_000, 50, keys=2_000, stale=stale) for stale in (False, True)),
    Shape(1_000_000, 50, keys=2_000, info=0.01),
    *(Shape(n, 10, keys=n // 500, kv=True) for n in (1_000, 10_000, 100_000)),
]
LIMIT_SECONDS = 60.0


def judge(shape: Shape) -> dict[str, object]:
    """In a process of its own: the verdict, the seconds, the peak of memory."""
    from checkers import kernels, linearizable, models
    from checkers.linearizability import Budget

    model = models.kv() if shape.kv else models.cas_register()
    recorded = kv_history(shape) if shape.kv else history(drawn(shape), keyed=shape.keys > 1)
    os.environ[kernels.SWITCH] = "compiled"
    linearizable(model).check(
        kv_history(Shape(50, 2, kv=True)) if shape.kv else history(drawn(Shape(50, 2)), keyed=False)
    )
    del os.environ[kernels.SWITCH]
    started = time.process_time()
    verdict = linearizable(model, budget=Budget(1 << 60, LIMIT_SECONDS)).check(recorded)
    return {
        "verdict": str(verdict.validity),
        "seconds": time.process_time() - started,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "algorithm": str(verdict.cost["algorithm"]).split(",")[0],
    }


def porcupine(shape: Shape) -> str:
    """What the driver on the PATH says, or a dash."""
    driver = shutil.which("porcupine")
    if driver is None or shape.kv:
        return "-"
    from checkers.history import write_jsonl

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.jsonl")
        write_jsonl(history(drawn(shape), keyed=shape.keys > 1), path)
        limit = str(LIMIT_SECONDS)
        run = subprocess.run(
            [driver, str(path), limit], capture_output=True, text=True, check=False
        )
    return run.stdout.strip() or f"failed ({run.returncode})"


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
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(judge(Shape(**json.loads(options.one)))))
        return
    if options.startup:
        startup()
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| history | verdict | CPU seconds | peak MiB | algorithm | Porcupine |")
    print("|---|---|---|---|---|---|")
    for shape in SHAPES:
        if options.only not in shape.name:
            continue
        command = [sys.executable, __file__, "--one", json.dumps(asdict(shape))]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        r = json.loads(run.stdout)
        print(
            f"| {shape.name} | {r['verdict']} | {r['seconds']:.4f} | {r['peak']} | "
            f"{r['algorithm']} | {porcupine(shape)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
