"""Histories with other observations: what reads return, permuted, dropped, repeated, swapped.

A model that is run makes only the mistakes that its author thought of. Here nothing is run: the
answers of a history are changed as data, so that any list, in any order, may have been read.
"""

from __future__ import annotations

import copy
import random
from dataclasses import replace

from splitbrain.checkers.history import OK, History


def mutated(rng: random.Random, history: History, *, functions: tuple[str, ...] = ("r", "rp")):
    """The history with one to three of its observations changed."""
    operations = [replace(op, value=copy.deepcopy(op.value)) for op in history]
    reads = [
        (micros, at)
        for micros in (op.value for op in operations if op.type == OK)
        for at, micro in enumerate(micros)
        if micro[0] in functions
    ]
    for _ in range(rng.randint(1, 3) if reads else 0):
        micros, at = rng.choice(reads)
        function, key, seen = micros[at]
        others = [m[i][2] for m, i in reads]
        if isinstance(seen, list) and rng.random() < 0.8:
            micros[at] = [function, key, _rearranged(rng, seen, others)]
        else:
            there, place = rng.choice(reads)
            if there[place][0] == function:
                micros[at] = [function, key, there[place][2]]
                there[place] = [function, there[place][1], seen]
    return History.from_operations(operations)


def _rearranged(rng: random.Random, seen: list, others: list) -> list:
    """A list permuted, with an element dropped, repeated, or taken from what another read saw."""
    found = list(seen)
    how = rng.choice(("swap", "shuffle", "drop", "drop", "repeat", "borrow", "rotate"))
    if how == "shuffle":
        rng.shuffle(found)
    elif how == "swap" and len(found) > 1:
        at = rng.randrange(len(found) - 1)
        found[at], found[at + 1] = found[at + 1], found[at]
    elif how == "rotate":
        found = [*found[1:], *found[:1]]
    elif how == "drop" and found:
        del found[rng.randrange(len(found))]
    elif how == "repeat" and found:
        found.insert(rng.randint(0, len(found)), rng.choice(found))
    elif how == "borrow":
        pool = [element for other in others if isinstance(other, list) for element in other]
        if pool:
            found.insert(rng.randint(0, len(found)), rng.choice(pool))
    return found
