"""A key-value store whose ranges are split, merged and moved while clients use it.

The data are those of the workload ``kv``, and so is the check: every key is linearizable, whoever
has it. Operators and balancers move ranges all the time, and a write that meets a move may go to
the server that has just sent the range away (Kleppmann, "Designing Data-Intensive Applications",
chapter 6, "Rebalancing Partitions"; Jepsen: Dgraph 1.1.1, RethinkDB 2.2.3).

To which server a range moves is drawn as a number, of which the client makes one of its cluster's.
Faults may ask for such changes, too (`splitbrain.harness.nemesis.kinds.shard`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Any

from splitbrain.checkers.vocabulary import MERGE, MOVE, SPLIT
from splitbrain.harness.generators import Context, Generator, weighted
from splitbrain.harness.workloads.objects import key_value
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.keyed import key_names
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import Change

NAME = "rebalance"

OPTIONS = (
    Option("keys", 6, "how many keys", least=1),
    *key_value.OPTIONS[1:],
    Option("changes", 0.25, "share of moves, splits and merges", most=0.9),
    Option("split_range", 0.25, "share of splits among these", most=0.5),
    Option("merge_range", 0.25, "share of merges among these; moves are the rest", most=0.5),
)

_NUMBERS = 1 << 16


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    match f:
        case "move-range":
            key, number = value
            return [key, await client.move_range(key, number)]
        case "split-range":
            await client.split_range(value[0])
        case "merge-range":
            await client.merge_range(value[0])
        case _ if f in key_value.KIND.words:
            return await key_value.perform(client, f, value)
        case _:
            known = ", ".join(key_value.KIND.words)
            raise ValueError(
                f"workload {NAME} has no operation {f!r}: it has {known}, {MOVE}, {SPLIT} and "
                f"{MERGE}"
            )
    return value


def _argument(f: str, options: Mapping[str, Any], draw: Random) -> list[Any]:
    """A key, and to which server its range is to move if it is."""
    number = draw.randrange(_NUMBERS) if f == MOVE else None
    return [draw.choice(key_names(options["keys"])), number]


def operations(options: Mapping[str, Any]) -> Generator:
    """Operations on keys, and now and then one on the range of a key."""
    share = options["changes"]
    splits, merges = options["split_range"], options["merge_range"]
    changes = {MOVE: 1 - splits - merges, SPLIT: splits, MERGE: merges}

    def change(context: Context) -> dict[str, Any]:
        draw = context.random
        (f,) = draw.choices(list(changes), list(changes.values()))
        return {"f": f, "value": _argument(f, options, draw)}

    return weighted((1 - share, key_value.operations(options)), (share, change))


KIND = WorkloadKind(
    name=NAME,
    description="a linearizable key-value store, while its ranges are split, merged and moved",
    options=OPTIONS,
    methods=(
        *key_value.METHODS[:5],
        Method("move_range", "move_range(key, number) -> server", "moves ranges", needed=True),
        Method("split_range", "split_range(key)", "splits of ranges"),
        Method("merge_range", "merge_range(key)", "merges of ranges"),
    ),
    perform=perform,
    operations=operations,
    final=key_value.final_reads,
    checkers=key_value.checkers,
    idempotent=key_value.KIND.idempotent,
    refusable=frozenset({"cas", MOVE, SPLIT, MERGE}),
    words={
        **key_value.KIND.words,
        MOVE: Words("moves the range of {argument.0:name}[ to {result.1:name}]", "{done}"),
        SPLIT: Words("has a range begin with {argument.0:name}", "{done}"),
        MERGE: Words(
            "merges the range that begins with {argument.0:name} with the one before", "{done}"
        ),
    },
    changes=tuple(
        Change(f, method, partial(_argument, f))
        for f, method in ((MOVE, "move_range"), (SPLIT, "split_range"), (MERGE, "merge_range"))
    ),
)
