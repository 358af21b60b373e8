"""A set that only grows while the cluster under it changes: who is a member, and who leads.

Operators do this all the time, and a change that meets another one, or a leader's end, may leave
two majorities that share no server (Ongaro, raft-dev, 10 July 2015). The data are those of the
workload ``set``, and so is the check: what was acknowledged stays.

What is changed is drawn as a number, of which the client makes something that fits its cluster.
Faults may ask for changes, too: that a server is added, removed, or put in the place of another
one, or leads (`splitbrain.harness.nemesis.kinds.member`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.checkers.vocabulary import (
    ADD_MEMBER,
    CHANGE,
    REMOVE_MEMBER,
    REPLACE_MEMBER,
    TRANSFER,
)
from splitbrain.harness.generators import Context, Generator, weighted
from splitbrain.harness.workloads.objects import sets
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import Change

NAME = "changing-set"

OPTIONS = (
    *sets.OPTIONS,
    Option("changes", 0.3, "share of changes of the cluster", most=0.9),
    Option("transfer", 0.25, "share of hand-overs among these", most=0.9),
)

_NUMBERS = 1 << 16

_ASKED = {
    ADD_MEMBER: "add_member",
    REMOVE_MEMBER: "remove_member",
    REPLACE_MEMBER: "replace_member",
}
"""By what faults alone ask for, the client's method."""


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == CHANGE:
        return await client.change(value)
    if f == TRANSFER:
        return await client.transfer(value)
    if f in _ASKED:
        return await getattr(client, _ASKED[f])(value)
    if f not in sets.KIND.words:
        raise ValueError(
            f"workload {NAME} has no operation {f!r}: it has add, read, {CHANGE}, {TRANSFER}, "
            f"{', '.join(_ASKED)}"
        )
    return await sets.perform(client, f, value)


def operations(options: Mapping[str, Any]) -> Generator:
    """Operations on the set, and now and then one on the cluster: three changes for a transfer."""
    share, transfers = options["changes"], options["transfer"]

    def change(context: Context) -> dict[str, Any]:
        f = CHANGE if context.random.random() < 1 - transfers else TRANSFER
        return {"f": f, "value": context.random.randrange(_NUMBERS)}

    return weighted((1 - share, sets.operations(options)), (share, change))


KIND = WorkloadKind(
    name=NAME,
    description="a set that only grows, while servers join and leave and leaders hand over",
    options=OPTIONS,
    methods=(
        *sets.METHODS[:2],
        Method("change", "change(number) -> voters", "changes the members", needed=True),
        Method("transfer", "transfer(number) -> leader", "handing over"),
        Method("add_member", "add_member(number) -> voters", "additions that faults ask for"),
        Method("remove_member", "remove_member(number) -> voters", "removals that faults ask for"),
        Method(
            "replace_member", "replace_member(number) -> voters", "replacements that faults ask for"
        ),
    ),
    perform=perform,
    operations=operations,
    final=sets.final_reads,
    checkers=sets.checkers,
    idempotent=frozenset({"read"}),
    refusable=frozenset({CHANGE, TRANSFER, *_ASKED}),
    words={
        **sets.KIND.words,
        CHANGE: Words("changes the members[ -> {result}]", "{done}"),
        TRANSFER: Words("hands over[ -> {result}]", "{done}"),
        ADD_MEMBER: Words("adds a member[ -> {result}]", "{done}"),
        REMOVE_MEMBER: Words("removes a member[ -> {result}]", "{done}"),
        REPLACE_MEMBER: Words("puts a server in the place of a member[ -> {result}]", "{done}"),
    },
    changes=tuple(
        Change(f, method, lambda options, draw: draw.randrange(_NUMBERS))
        for f, method in {**_ASKED, TRANSFER: "transfer"}.items()
    ),
)
