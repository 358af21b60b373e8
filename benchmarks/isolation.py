"""How long transaction histories take to judge, and how much memory.

    python benchmarks/isolation.py                       # 10k and 100k transactions
    python benchmarks/isolation.py 10000 100000 1000000  # the last takes minutes to generate

Histories are made by a store that is strictly serializable, and written as JSON Lines; one variant
has a stale read planted in its middle. Each is judged in a process of its own, twice: the first
time compiles or loads kernels, the second is reported, in seconds of CPU. Where a driver `elle` is
on the PATH (README.md says what that is), it judges the same list-append histories: the fastest of
several checks in one warm process counts, and the ratio is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from quick import parsed

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

REPETITIONS = 8
"""Checks of a history by Elle in one process: the first ones compile."""
ELLE_LIMIT = 100_000
"""Transactions beyond which Elle is not asked: it takes more memory than most machines have."""

CLIENTS = 20
ACTIVE_KEYS = 50
WRITES_PER_KEY = 32
PHASES = ("read", "columns", "infer", "edges", "cycles")


def generate(path: Path, count: int, model: str, *, planted: bool, seed: int = 1) -> None:
    """Write a history of transactions of 2 to 6 micro-operations over keys that come and go."""
    store = _Store(model, random.Random(seed))
    stale_at = count // 2 if planted else -1
    with path.open("w") as file:
        index = 0
        # Each client: what it will complete, or None if it is about to invoke.
        clients: list[tuple[list, str] | None] = [None] * CLIENTS
        invoked = 0
        while invoked < count or any(clients):
            client = store.random.randrange(CLIENTS)
            running = clients[client]
            if running is None:
                if invoked == count:
                    continue
                invoked += 1
                micros = store.transaction()
                text = _text(micros, invocation=True)
                file.write(_line(index, client, "invoke", text))
                clients[client] = (micros, "")
            else:
                micros, _ = running
                stale_at -= store.run(micros, stale=stale_at == 0)
                file.write(_line(index, client, "ok", _text(micros, invocation=False)))
                stale_at -= 1 if stale_at > 0 else 0
                clients[client] = None
            index += 1


class _Store:
    """A store whose transactions take effect one after another."""

    def __init__(self, model: str, rng: random.Random) -> None:
        self.lists = model == "list-append"
        self.random = rng
        self.active = list(range(ACTIVE_KEYS))
        self.next_key = ACTIVE_KEYS
        self.planned = dict.fromkeys(self.active, 0)
        self.state: dict[int, list[int]] = {key: [] for key in self.active}

    def transaction(self) -> list:
        micros = []
        for _ in range(self.random.randint(2, 6)):
            slot = self.random.randrange(ACTIVE_KEYS)
            key = self.active[slot]
            if self.random.random() < 0.5:
                self.planned[key] += 1
                micros.append(["append" if self.lists else "w", key, self.planned[key]])
                if self.planned[key] == WRITES_PER_KEY:
                    self.active[slot] = self.next_key
                    self.planned[self.next_key] = 0
                    self.state[self.next_key] = []
                    self.next_key += 1
            else:
                micros.append(["r", key, None])
        return micros

    def run(self, micros: list, *, stale: bool) -> int:
        """Run a transaction; whether it read something stale, if it was to."""
        done = 0
        own = {key for f, key, _ in micros if f != "r"}
        for micro in micros:
            values = self.state[micro[1]]
            if micro[0] != "r":
                values.append(micro[2])
                continue
            seen = values
            if stale and not done and micro[1] not in own and len(values) > 12:
                seen, done = values[:4], 1
            micro[2] = list(seen) if self.lists else (seen[-1] if seen else None)
        return done


def _text(micros: list, *, invocation: bool) -> str:
    parts = []
    for function, key, value in micros:
        shown = (
            "null" if invocation and function == "r" else json.dumps(value, separators=(",", ":"))
        )
        parts.append(f'["{function}",{key},{shown}]')
    return ",".join(parts)


def _line(index: int, client: int, kind: str, text: str) -> str:
    return (
        f'{{"index":{index},"time":{index * 1000},"type":"{kind}","process":{client},'
        f'"f":"txn","value":[{text}]}}\n'
    )


def measure(path: str, model: str) -> dict:
    """Judge a file twice; CPU seconds of each phase of the second time, and the peak memory."""
    from splitbrain.checkers.isolation import list_append, rw_register
    from splitbrain.checkers.isolation.loading import load_transactions

    figures: dict = {}
    for _ in range(2):
        figures = _phases(path, model)
        checker = list_append if model == "list-append" else rw_register
        options = {} if model == "list-append" else REGISTER_OPTIONS
        history = load_transactions(path)
        verdict, figures["check"] = _timed(
            lambda: checker("strict-serializable", **options).check(history)  # noqa: B023
        )
        figures["verdict"] = str(verdict.validity)
        figures["anomalies"] = verdict.certificate["anomalies"]
        figures["edges"] = verdict.cost["edges"]
    figures["peak MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


REGISTER_OPTIONS = {"initial": True, "writes_follow_reads": True, "linearizable_keys": True}


def _phases(path: str, model: str) -> dict:
    from splitbrain.checkers.isolation.cycles import find_cycles
    from splitbrain.checkers.isolation.lists.inference import append_dependencies, append_history
    from splitbrain.checkers.isolation.loading import load_transactions
    from splitbrain.checkers.isolation.registers.inference import (
        register_dependencies,
        register_history,
    )
    from splitbrain.checkers.isolation.registers.versions import Assumptions
    from splitbrain.checkers.isolation.transactions import transactions_of

    lists = model == "list-append"
    seconds: dict = {}
    history, seconds["read"] = _timed(lambda: load_transactions(path))
    columns, seconds["columns"] = _timed(lambda: transactions_of(history, lists=lists))
    if lists:
        inferred, seconds["infer"] = _timed(lambda: append_history(columns))
        graph, seconds["edges"] = _timed(
            lambda: append_dependencies(inferred, process=True, realtime=True)
        )
    else:
        inferred, seconds["infer"] = _timed(
            lambda: register_history(
                columns, Assumptions(**REGISTER_OPTIONS), process=True, realtime=True
            )
        )
        graph, seconds["edges"] = _timed(
            lambda: register_dependencies(inferred, process=True, realtime=True)
        )
    _, seconds["cycles"] = _timed(lambda: find_cycles(graph))
    return {"seconds": seconds}


def _timed(work: Callable) -> tuple:
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def elle(path: Path) -> tuple[str, float] | None:
    """Elle's verdict and the CPU seconds of its fastest repetition; None without a driver."""
    driver = shutil.which("elle")
    if driver is None:
        return None
    command = [driver, str(path), str(REPETITIONS)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    repetitions = [line.split() for line in lines]
    return repetitions[-1][0], min(float(seconds) for _, seconds in repetitions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--model", choices=("list-append", "rw-register"))
    parser.add_argument("--keep", type=Path, help="folder in which histories stay")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parsed(parser, sizes=[10_000])
    if options.measure:
        print(json.dumps(measure(*options.measure)))
        return
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    models = [options.model] if options.model else ["list-append", "rw-register"]
    head = "".join(f"{phase:>9}" for phase in (*PHASES, "check", "MiB"))
    print(f"{'history':<38}{head}  verdict (CPU seconds; check = columns to cycles)")
    for model in models:
        for size in options.sizes:
            for planted in (False, True):
                _report(folder, model, size, planted=planted)
    if not options.keep:
        shutil.rmtree(folder)


def _report(folder: Path, model: str, size: int, *, planted: bool) -> None:
    name = f"{model}-{size}{'-stale' if planted else ''}"
    path = folder / f"{name}.jsonl"
    if not path.exists():
        generate(path, size, model, planted=planted)
    output = subprocess.run(
        [sys.executable, __file__, "--measure", str(path), model],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    figures = json.loads(output)
    cells = [f"{figures['seconds'][phase]:9.3f}" for phase in PHASES]
    cells += [f"{figures['check']:9.3f}", f"{figures['peak MiB']:9d}"]
    size_mb = path.stat().st_size / 1e6
    print(
        f"{name + f' ({size_mb:.0f} MB)':<38}{''.join(cells)}  {figures['verdict']} "
        f"{figures['anomalies'] or ''} {figures['edges']} edges",
        flush=True,
    )
    theirs = elle(path) if model == "list-append" and size <= ELLE_LIMIT else None
    if theirs is not None:
        verdict, seconds = theirs
        told = "valid" if verdict == "true" else "invalid" if verdict == "false" else verdict
        ratio = seconds / figures["check"]
        print(
            f"{'':<38}Elle: {told}, {seconds:.2f} s of CPU, {ratio:.0f} times as long", flush=True
        )


if __name__ == "__main__":
    main()
