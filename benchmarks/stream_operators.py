"""Windows and words by the operators of our systems, and by others' on the same input.

    python benchmarks/stream_operators.py [--events 50000] [--lines 50000]

Tumbling, sliding and session windows of clicks that come in the order of their times: by the stream
processor's operators, the whole simulated processor, a loop over all input, and Bytewax. Words of
lines: by the dataflow's operators, threads, and Dask. What all make is compared. Without Bytewax or
Dask (``pip install bytewax dask``), their rows are left out.
"""

from __future__ import annotations

import argparse
import platform
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from quick import parsed

from splitbrain.checkers.streams.results import (
    CLICK,
    SESSION,
    SLIDING,
    TUMBLING,
    WINDOWS,
    windows_of,
)
from splitbrain.harness import Plan, run
from splitbrain.systems import registry
from splitbrain.systems.batch.dataflow.local import run_locally
from splitbrain.systems.streams.processor.keyed import BOUND_MS, Event, Keyed

Windows = Counter[tuple[str, str, int, int]]
"""Kind of window, user, count and sum, and how many such windows there are."""

SIZED = TUMBLING, SLIDING

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def clicks(number: int) -> list[Event]:
    """Clicks of twenty users, a few milliseconds apart, with pauses in which sessions end."""
    draws, at = random.Random(1), int(BEGIN.timestamp() * 1000)
    events = []
    for number_ in range(number):
        at += 2000 if draws.random() < 0.001 else draws.randrange(1, 20)
        events.append(Event(CLICK, number_, f"u{draws.randrange(20)}", at, draws.randrange(100)))
    return events


def operators(events: list[Event]) -> Windows:
    """By the operators of one worker; a last event closes all."""
    keyed = Keyed(0, 1, [0], {})
    for event in [*events, Event(CLICK, -1, "nobody", events[-1].time + 60_000, 0)]:
        keyed.take(0, event, event.time)
    closed = keyed.snapshot()[1].closed
    return Counter((kind, user, count, total) for _, kind, user, _, _, count, total, _ in closed)


def loop(events: list[Event]) -> Windows:
    """By a loop over all input, which is in the order of times."""
    found: dict[tuple[str, str, int], tuple[int, int]] = {}
    last: dict[str, tuple[int, int]] = {}  # by user, the session's first time and the latest one
    for event in events:
        first, before = last.get(event.user, (event.time, event.time))
        if event.time - before >= WINDOWS[SESSION][0]:
            first = event.time
        last[event.user] = first, event.time
        keys = [
            (kind, event.user, start) for kind in SIZED for start, _ in windows_of(kind, event.time)
        ]
        for key in [*keys, (SESSION, event.user, first)]:
            count, total = found.get(key, (0, 0))
            found[key] = count + 1, total + event.value
    return Counter((kind, user, *made) for (kind, user, _), made in found.items())


def bytewax(events: list[Event]) -> Windows:
    """By Bytewax, in one process, from memory to memory."""
    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.operators import windowing as by
    from bytewax.testing import TestingSink, TestingSource, run_main

    rows = [
        (each.user, BEGIN + timedelta(milliseconds=each.time - events[0].time), each.value)
        for each in events
    ]
    align = BEGIN - timedelta(milliseconds=events[0].time % 1000)
    # Its watermark would go on with the clock of a machine that may be busy with something else.
    clock: Any = by.EventClock(
        lambda row: row[1], timedelta(milliseconds=BOUND_MS), now_getter=lambda: BEGIN
    )
    (length, _), (wide, apart), (gap, _) = (WINDOWS[k] for k in (TUMBLING, SLIDING, SESSION))
    windowers = {
        TUMBLING: by.TumblingWindower(timedelta(milliseconds=length), align),
        SLIDING: by.SlidingWindower(
            timedelta(milliseconds=wide), timedelta(milliseconds=apart), align
        ),
        SESSION: by.SessionWindower(timedelta(milliseconds=gap - 1)),  # in which the gap itself is
    }
    flow, made = Dataflow("clicks"), {kind: list[Any]() for kind in windowers}
    keyed = op.key_on("user", op.input("in", flow, TestingSource(rows, 100)), lambda row: row[0])
    for kind, windower in windowers.items():
        out = by.fold_window(
            kind,
            keyed,
            clock,
            windower,
            lambda: (0, 0),
            lambda before, row: (before[0] + 1, before[1] + row[2]),
            lambda one, other: (one[0] + other[0], one[1] + other[1]),
        )
        op.output(f"{kind}-out", out.down, TestingSink(made[kind]))
    run_main(flow)
    return Counter((kind, user, *value) for kind in made for user, (_, value) in made[kind])


def simulated() -> float:
    """Clicks a second of CPU through the whole simulated processor, without faults."""
    system = registry.SYSTEMS["stream-processor"]
    plan = Plan(
        system.name, "click-stream", nodes=system.nodes, clients=50, time_limit=5.0, rate=400.0
    )
    began = time.process_time()
    result = run(registry.experiment(plan), tracing=False)
    took = time.process_time() - began
    return sum(call.f == CLICK and call.outcome == "ok" for call in result.history.calls()) / took


def by_threads(text: str) -> list[tuple[str, int]]:
    """Words by the dataflow's operators, whose tasks threads run."""
    with ThreadPoolExecutor(2) as pool:
        return [(word, count) for word, count in run_locally(pool, "words", text)]


def by_counter(text: str) -> list[tuple[str, int]]:
    """Words by a loop."""
    return sorted(Counter(text.split()).items())


def by_dask(text: str) -> list[tuple[str, int]]:
    """Words by a Dask bag, in one thread."""
    import dask.bag

    lines = dask.bag.from_sequence(text.splitlines(), npartitions=2)
    counts = lines.map(str.split).flatten().frequencies().compute(scheduler="synchronous")
    return sorted(counts)


def tell(
    title: str, ways: Mapping[str, Callable[[Any], Any]], given: Any, number: int, more: str
) -> None:
    """How fast each way is, and how much faster or slower than the first; all make the same."""
    print(f"\n{title:34}{'a second of CPU':>16}{'ratio':>8}")
    first, speed = None, 0.0
    for name, way in ways.items():
        began = time.process_time()
        try:
            made = way(given)
        except ImportError as error:
            print(f"{name:34}{'left out':>16}   {error}")
            continue
        rate = number / (time.process_time() - began)
        first, speed = (made, rate) if first is None else (first, speed)
        assert made == first, f"{name} makes something else"
        print(f"{name:34}{rate:16,.0f}{rate / speed:8.2f}", flush=True)
    if more:
        print(f"{more:34}{simulated():16,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--lines", type=int, default=50_000)
    arguments = parsed(parser, events=3000, lines=3000)
    print(f"Python {platform.python_version()}")
    windows = {"operators of a worker": operators, "loop over all": loop, "Bytewax": bytewax}
    events = clicks(arguments.events)
    tell("three windows of clicks", windows, events, len(events), "whole simulated processor")
    draws = random.Random(1)
    text = "".join(
        f"w{draws.randrange(500)} {draws.randrange(9)}\n" for _ in range(arguments.lines)
    )
    words = {"dataflow's operators, threads": by_threads, "loop": by_counter, "Dask": by_dask}
    tell("words of lines", words, text, arguments.lines, "")


if __name__ == "__main__":
    main()
