"""Pairs of writers of a key, of which one comes first: what is open in an rw-register history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from splitbrain.checkers.isolation.complete.refuting import Pair
from splitbrain.checkers.isolation.kernels.codes import NONE
from splitbrain.checkers.isolation.registers.inference import RegisterHistory

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Writers:
    """Who left something in a key, and who read it.

    Attributes:
        key: of each write, by key.
        owner: its transaction.
        element: what it wrote.
        place: where its readers begin in `readers`; one longer.
        readers: other transactions, each once.
    """

    key: Array
    owner: Array
    element: Array
    place: Array
    readers: Array

    @classmethod
    def of(cls, history: RegisterHistory) -> Writers:
        """Those of a history, whose transactions are alive."""
        t = history.transactions
        writes = history.final_writes()
        owner = history.owners(writes)
        order = np.lexsort((owner, t.key[writes]))
        writes, owner = writes[order], owner[order]
        element = t.element[writes]
        number = np.full(t.element_count, NONE, np.int64)
        number[element] = np.arange(len(element))
        seen = t.element[history.external]
        known = seen != NONE
        known[known] &= number[seen[known]] != NONE
        read = number[seen[known]]
        readers = history.owners(history.external)[known]
        both = np.unique(np.stack([read, readers]), axis=1) if len(read) else np.stack([read, read])
        place = np.searchsorted(both[0], np.arange(len(element) + 1))
        return cls(
            t.key[writes].astype(np.int32),
            owner.astype(np.int32),
            element.astype(np.int32),
            place.astype(np.int64),
            both[1].astype(np.int32),
        )

    def pair_count(self) -> int:
        """How many pairs of writers there are."""
        counts = np.bincount(self.key).astype(np.int64) if len(self.key) else self.key
        return int((counts * (counts - 1) // 2).sum())

    def pairs(self) -> tuple[Array, Array]:
        """The first and the second write of each pair."""
        _, begins, counts = np.unique(self.key, return_index=True, return_counts=True)
        one, other = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        for begin, count in zip(begins.tolist(), counts.tolist(), strict=True):
            first, second = np.triu_indices(count, 1)
            one.append((first + begin).astype(np.int32))
            other.append((second + begin).astype(np.int32))
        return np.concatenate(one), np.concatenate(other)

    def pair(self, one: int, other: int) -> Pair:
        """Two writes, as certificates name them."""
        return Pair(
            int(self.key[one]),
            int(self.owner[one]),
            int(self.owner[other]),
            int(self.element[one]),
            int(self.element[other]),
        )
