"""Faults of partitioning: an operator has ranges of keys move, be split and merged.

A store is to survive all of that without losing anything. Clients ask for it, where the workload
offers it (`splitbrain.harness.nemesis.operators`). What meets such a change half way is the family
``change``.
"""

from __future__ import annotations

from splitbrain.checkers.vocabulary import MERGE, MOVE, SPLIT
from splitbrain.harness.nemesis.injection import Prepare
from splitbrain.harness.nemesis.kind import Kind, Parameter, Words
from splitbrain.harness.nemesis.operators import TIMES, asking


def _kind(verb: str, description: str, prepare: Prepare, words: Words) -> Kind:
    return Kind(
        f"shard.{verb}",
        f"{description}, as soon as clients are free, at the latest when the fault ends.",
        prepare,
        words,
        aliases=(f"shard-{verb}",),
        targets=("all",),
        weights={"all": 1},
        by_name=True,
    )


SHARD_MOVE = _kind(
    "move",
    "A client asks that the range of a key move to a server",
    asking(MOVE),
    Words("an operator moves a range", "no more ranges are moved"),
)

SHARD_SPLIT = _kind(
    "split",
    "A client asks that a range be split, so that one begins with a key",
    asking(SPLIT),
    Words("an operator splits a range", "no more ranges are split"),
)

SHARD_MERGE = _kind(
    "merge",
    "A client asks that the range which begins with a key be one with the range before it",
    asking(MERGE),
    Words("an operator merges ranges", "no more ranges are merged"),
)

SHARD_REBALANCE = Kind(
    "shard.rebalance",
    "Clients ask for several moves of ranges at once, as when an operator evens out a cluster, as "
    "soon as clients are free, at the latest when the fault ends.",
    asking(MOVE),
    Words("an operator moves many ranges", "no more ranges are moved"),
    aliases=("shard-rebalance", "rebalance"),
    parameters=(Parameter(TIMES, 4, "how many moves are asked for", 2, 100),),
    targets=("all",),
    weights={"all": 1},
    draw=lambda rng: {TIMES: rng.randint(2, 8)},
    by_name=True,
)
