"""Faults of membership: a server that is never seen again, or not for a long time; one that an
operator has join, leave, or lead.

The latter are changes that systems are to survive without losing anything. They are asked for by
clients (`splitbrain.harness.nemesis.operators`), where the workload offers them.
"""

from __future__ import annotations

from splitbrain.checkers.vocabulary import ADD_MEMBER, REMOVE_MEMBER, REPLACE_MEMBER, TRANSFER
from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context, Injection, Strike, merged
from splitbrain.harness.nemesis.kind import Kind, Words
from splitbrain.harness.nemesis.kinds.process import kill, strike
from splitbrain.harness.nemesis.operators import asking


def dead(context: Context) -> Injection:
    """``member.dead``: the process ends and never starts again; what is left must go on without.

    TigerBeetle's simulator calls the part of a run in which that is demanded its liveness mode.
    """
    processes = context.processes
    targets = context.targets()
    effects: list[Effect] = []

    def begin() -> None:
        effects.extend(
            {**processes.end(node, lambda name: strike(context, name)), "gone": [node]}
            for node in targets.nodes
        )

    return Strike(targets.nodes, context.detail(targets), begin, lambda: merged(effects))


DEAD = Kind(
    "member.dead",
    "The server dies for good: it does not start again even when all is healed, and the others "
    "must go on without it.",
    dead,
    Words("{targets} dead for good", "{targets} stays dead"),
    aliases=("dead",),
    targets=("one", "leader", "minority"),
    weights={"one": 3, "leader": 3, "minority": 2},
    nodes_down=True,
    permanent=True,
    lasting=True,
)

AWAY = Kind(
    "member.away",
    "The server dies and is away for most of the run; then it returns with what it had, which the "
    "others may have forgotten.",
    kill,
    Words("{targets} gone away", "{targets} back with what it had"),
    aliases=("away",),
    weights={"one": 3, "minority": 1},
    nodes_down=True,
    long=True,
    by_name=True,
)


def _asked(verb: str, description: str, f: str, words: Words, family: str = "member") -> Kind:
    return Kind(
        f"{family}.{verb}",
        f"{description}, as soon as a client is free, at the latest when the fault ends.",
        asking(f),
        words,
        aliases=(f"{family}-{verb}",),
        targets=("all",),
        weights={"all": 1},
        by_name=True,
    )


ADD = _asked(
    "add",
    "A client asks that a server which is no member become one",
    ADD_MEMBER,
    Words("an operator adds a member", "no more members are added"),
)

REMOVE = _asked(
    "remove",
    "A client asks that a member be one no longer",
    REMOVE_MEMBER,
    Words("an operator removes a member", "no more members are removed"),
)

REPLACE = _asked(
    "replace",
    "A client asks that a server take a member's place",
    REPLACE_MEMBER,
    Words("an operator replaces a member", "no more members are replaced"),
)

HAND_OVER = _asked(
    "transfer",
    "A client asks that a certain server lead from now on",
    TRANSFER,
    Words("an operator has another server lead", "leaders are left alone"),
    family="leader",
)
