"""Who read from whom: all that weak isolation levels depend on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers import kernels
from splitbrain.checkers.isolation.kernels import visibility
from splitbrain.checkers.isolation.transactions import Transactions

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Observations:
    """Who read from whom.

    Attributes:
        transactions: the columns.
        alive: transactions that took effect.
        operations: micro-operations that read what others wrote.
        reader: their transactions.
        key: their keys.
        source: who wrote what they read; the number of transactions for the initial version.
        initial: whether initial versions are known.
        versions: known order of versions: pairs of transactions.
    """

    transactions: Transactions
    alive: Array
    operations: Array
    reader: Array
    key: Array
    source: Array
    initial: bool
    versions: tuple[Array, Array]


def observations(
    t: Transactions,
    *,
    alive: Array,
    writer: Array,
    version: Array,
    initial: Array,
    versions: tuple[Array, Array] | None = None,
) -> Observations:
    """What reads say.

    Args:
        t: the transactions.
        alive: which of them took effect.
        writer: transaction that wrote each element, or -1.
        version: element that each micro-operation read (the last one of a list), or -1.
        initial: for each key whether a read of nothing is one of its initial version.
        versions: pairs of transactions of which the first wrote an earlier version.
    """
    compiled = kernels.of(visibility, size=t.size)
    found, source = compiled.observed_writes(
        t.status, t.offsets, t.kind, t.key, version, writer, t.key_count, initial
    )
    reader = np.searchsorted(t.offsets, found, side="right") - 1
    empty = np.empty(0, np.int32)
    pairs = versions or (empty, empty)
    return Observations(t, alive, found, reader, t.key[found], source, bool(initial.any()), pairs)
