"""Systems of streams in simulation, and the checker of partitioned logs on a long history.

    python benchmarks/streams.py [--runs 20] [--polls 1000000]

For each system: runs under all faults that it claims, a minute of CPU; and, without faults and at a
high rate, records that clients put into it, and messages, a second of CPU. Then seconds of CPU in
which `kafka` judges so many polls by 20 readers of 10 keys, the pairing of calls apart.
"""

from __future__ import annotations

import argparse
import platform
import random
import time

from quick import parsed

from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.streams import kafka
from splitbrain.checkers.verdict import INVALID
from splitbrain.harness import Plan, run
from splitbrain.harness.planning import draw
from splitbrain.systems import registry

SYSTEMS = (
    ("partitioned-log", "kafka", ("send",)),
    ("replicated-log", "kafka", ("send", "txn")),
    ("stream-processor", "click-stream", ("click", "tier")),
    ("change-capture", "cdc", ("put", "delete")),
    ("transfers", "transfers", ("transfer",)),
    ("event-store", "event-store", ("append",)),
    ("message-queue", "deliveries", ("send",)),
    ("notifications", "friends", ("befriend", "unfriend", "post")),
    ("mapreduce", "batch", ("run",)),
    ("dataflow", "join", ("run", "add")),
)
"""Names of systems and workloads, and which operations put a record in (a transaction counts as
one, a job, too)."""

RATE = 400.0
SECONDS = 5.0


def runs_a_minute(name: str, workload: str, number: int) -> float:
    """Runs of eight virtual seconds, as a hunt makes them."""
    system = registry.SYSTEMS[name]
    faults = ",".join(kind for kind in system.claims.kinds if kind != "scenario")
    began = time.process_time()
    for seed in range(number):
        plan = Plan(name, workload, nodes=system.nodes, seed=seed, time_limit=8.0, rate=30.0)
        result = run(registry.experiment(draw(plan, faults)), tracing=False)
        assert result.validity is not INVALID, (seed, result.verdicts)
    return 60 * number / (time.process_time() - began)


def records_a_second(name: str, workload: str, writes: tuple[str, ...]) -> tuple[float, float]:
    """Records acknowledged, and operations of all kinds, a second of CPU."""
    nodes = registry.SYSTEMS[name].nodes
    plan = Plan(name, workload, nodes=nodes, clients=50, time_limit=SECONDS, rate=RATE, seed=1)
    began = time.process_time()
    result = run(registry.experiment(plan), tracing=False)
    took = time.process_time() - began
    calls = [call for call in result.history.calls() if call.outcome == "ok"]
    return sum(call.f in writes for call in calls) / took, len(calls) / took


def polled(number: int) -> History:
    """Sends to ten keys, and so many polls by twenty readers, each from the beginning."""
    draws, keys = random.Random(1), [f"k{key}" for key in range(10)]
    logs: dict[str, int] = dict.fromkeys(keys, 0)
    at = [dict.fromkeys(keys, 0) for _ in range(20)]
    events: list[Operation] = []

    def did(process: int, f: str, asked: object, told: object) -> None:
        for kind, value in (("invoke", asked), ("ok", told)):
            events.append(Operation(len(events), len(events), process, kind, f, value))

    for process in range(20):
        did(process, "assign", keys, keys)
    left = number
    while left:
        process, key = draws.randrange(20), draws.choice(keys)
        if draws.random() < 0.15:
            value = logs[key]
            logs[key] += 1
            did(process, "send", [["send", key, value]], [["send", key, [value, value]]])
            continue
        left -= 1
        first = at[process][key]
        upto = at[process][key] = min(logs[key], first + 3)
        records = {key: [[o, o] for o in range(first, upto)]} if upto > first else {}
        did(process, "poll", [["poll"]], [["poll", records]])
    return History.from_operations(events)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="runs under faults a system")
    parser.add_argument("--polls", type=int, default=1_000_000, help="polls in the long history")
    arguments = parsed(parser, runs=1, polls=50_000)
    print(f"Python {platform.python_version()}")
    print(f"{'':20}{'runs a minute':>16}{'records a second':>20}{'operations a second':>22}")
    for name, workload, writes in SYSTEMS:
        runs = runs_a_minute(name, workload, arguments.runs)
        records, operations = records_a_second(name, workload, writes)
        print(f"{name:20}{runs:16.0f}{records:20.0f}{operations:22.0f}", flush=True)
    history = polled(arguments.polls)
    began = time.process_time()
    history.calls()
    paired = time.process_time()
    verdict = kafka().check(history)
    judged = time.process_time()
    print(f"\n{arguments.polls} polls: {verdict.validity}, {judged - paired:.1f} s of CPU, and")
    print(f"{paired - began:.1f} s to pair {len(history)} events")


if __name__ == "__main__":
    main()
