"""What a hunted run is like besides its faults: servers, keys, machines, settings.

Bugs hide where a default never goes. Each choice draws from a stream of its own.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from math import exp, floor
from typing import Any

from splitbrain.harness.knobs import OPTION, Knob
from splitbrain.harness.nemesis.kind import log_uniform
from splitbrain.harness.streams import stream
from splitbrain.harness.workloads import WORKLOADS

OTHER_SIZES = 0.3
"""How often a system has another number of servers than it usually has."""

TURNED_OVER = 0.3
"""How often clients leave keys for others in the course of a run, where a workload has several."""

AGAIN = 0.3
"""How often elements of a set are added again, where a workload can do that."""

WEAKER = 0.4
"""How often readers ask for less than all guarantees of a session, where a workload can do that."""

SKEWED = 0.3
"""How often some keys are taken more often than others, where a workload has several."""

BURSTS = 0.3
"""How often operations come several at a time, with pauses between."""

MIXED = 0.5
"""How often the operations of a workload are mixed in other shares than usual."""

LEAST_SHARE = 0.05

MACHINES = 0.6
"""How often the machines differ from the default ones."""

SETTINGS = 0.7
"""How often some of a system's settings are not the default ones."""

EXTREME = 0.25
"""How often a setting that is drawn is the least or the greatest that it may be: one copy, a log
that is cut at each chance, no patience."""

EXTREME_BY_COPIES = 0.6
"""The same where copies of messages come late all along, and all settings may be other ones."""


def nodes_for(usual: int, sizes: Sequence[int], seed: int) -> int:
    """How many servers there are: as usual, or another number that the system can have."""
    rng = drawn_by(seed, "nodes")
    others = [size for size in (2, 3, 4, 5) if size in sizes]
    return rng.choice(others) if others and rng.random() < OTHER_SIZES else usual


def options_for(workload: str, seed: int, time_limit: float) -> dict[str, Any]:
    """Keys and how they are taken, bursts, and the machines: fsync and network."""
    options: dict[str, Any] = {}
    rng = drawn_by(seed, "keys")
    known = {option.name for option in WORKLOADS.named(workload).options}
    if "keys" in known and rng.random() < 0.7:
        # With one or two, operations meet; of many, some are left alone for a while.
        options["keys"] = rng.choice((1, 1, 2, 3, 5, 12, 30, 30))
    leaving = drawn_by(seed, "turnover")
    if "turnover" in known and leaving.random() < TURNED_OVER:
        keys = options["keys"] = max(options.get("keys", 0), leaving.choice((6, 12, 30)))
        # The last keys come into use somewhere between the middle of the run and its end.
        options["turnover"] = rounded(keys / time_limit * leaving.uniform(0.6, 1.2))
    if "again" in known and (toss := drawn_by(seed, "again")).random() < AGAIN:
        options["again"] = toss.choice((0.1, 0.3, 0.6))
    if "weaker" in known and (toss := drawn_by(seed, "weaker")).random() < WEAKER:
        options["weaker"] = toss.choice((0.2, 0.5, 1.0))
    if "skew" in known and options.get("keys") != 1 and rng.random() < SKEWED:
        options["skew"] = rng.choice((1.0, 1.0, 2.0, 10.0))
    if (toss := drawn_by(seed, "burst")).random() < BURSTS:
        options["burst"] = toss.choice((2, 4, 8, 16))
    if drawn_by(seed, "machines").random() < MACHINES:
        options["disk"] = {"fsync_latency": rounded(log_uniform_by(seed, "fsync", 5e-5, 5e-2))}
        options["network"] = network_by(seed, "latency", 2e-4, 1e-2)
    return options


def mixed(shares: Mapping[str, float], seed: int) -> dict[str, float]:
    """Other shares of a workload's operations: each, and what is left, more or less than usual."""
    rng = drawn_by(seed, "shares")
    if not shares or rng.random() >= MIXED:
        return {}
    left = max(0.0, 1.0 - sum(shares.values()))
    drawn = [share * exp(rng.gauss(0.0, 0.8)) for share in (left, *shares.values())]
    # An operation that comes once or twice never succeeds, and the run can't be judged.
    weights = [max(weight / sum(drawn), LEAST_SHARE) for weight in drawn]
    # Rounded down, so that together they are never more than one.
    parts = [floor(100 * weight / sum(weights)) / 100 for weight in weights]
    return dict(zip(shares, parts[1:], strict=True))


def settings_for(knobs: Sequence[Knob], seed: int, copying: bool) -> dict[str, Any]:
    """Each setting is drawn or left in a stream of its own; small whole numbers more often.

    Late copies of messages find what is remembered too shortly: with them more are extreme.
    """
    if not copying and drawn_by(seed, "settings").random() >= SETTINGS:
        return {}
    extreme = EXTREME_BY_COPIES if copying else EXTREME
    drawn: dict[str, float] = {}
    for knob in knobs:
        if drawn_by(seed, f"set {knob.name}").random() < 0.5:
            value = log_uniform_by(seed, f"value {knob.name}", knob.low + 1, knob.high + 1) - 1
            value = min(max(rounded(value), knob.low), knob.high)
            edge = drawn_by(seed, f"edge {knob.name}")
            if edge.random() < extreme:
                value = edge.choice((knob.low, knob.high))
            drawn[knob.name] = round(value) if knob.whole else value
    return {OPTION: drawn} if drawn else {}


def drawn_by(seed: int, name: str) -> random.Random:
    """The stream of one choice of a hunted plan."""
    return stream(seed, "hunt", name)


def log_uniform_by(seed: int, name: str, low: float, high: float) -> float:
    """A number whose logarithm is uniform, from the stream of one choice."""
    return log_uniform(drawn_by(seed, name), low, high)


def network_by(seed: int, name: str, low: float, high: float) -> dict[str, Any]:
    """A network whose messages take at least between `low` and `high` seconds, and at most four
    times that."""
    least = rounded(log_uniform_by(seed, name, low, high))
    return {"latency": [least, rounded(4 * least)]}


def rounded(value: float) -> float:
    """Two digits: what a person would write."""
    return float(f"{value:.2g}")
