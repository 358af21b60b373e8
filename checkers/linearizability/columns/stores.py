"""Histories of key-value stores as columns; `operations` says in which.

Strings are numbered key by key, those that are the beginning of an observed one (`_trie_kernels`).
"""

from __future__ import annotations

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import History
from splitbrain.checkers.history.columns import Int32, Int64
from splitbrain.checkers.linearizability.columns.operations import Operations, Strings, readings
from splitbrain.checkers.linearizability.compiled import _column_kernels as c
from splitbrain.checkers.linearizability.compiled import _trie_kernels
from splitbrain.checkers.linearizability.compiled.layout import Tree
from splitbrain.checkers.models import KeyValue

NAMES = ("get", "put", "append", "cas", "delete")


def kv_operations(
    model: KeyValue, history: History, *, keyed: bool | None
) -> tuple[KeyValue, Operations] | None:
    """The operations of a history of key-value stores, and the model in the history's dialect.

    None if the history is not of the plain layout.
    """
    run = kernels.of(c, size=kernels.ALWAYS)
    for read in readings(history, NAMES, keyed=keyed, per_key=model.per_key):
        empty = read.values.code("")
        count, keys, said = run.stores(*read.events(), empty, *read.filled())
        if count > 0:
            dialect = model if model.absent != "auto" else _dialect(model, said)
            strings = Strings(read.values.words, as_empty=dialect.absent == "")
            observing = [c.GET, c.STORE_CAS]
            return dialect, read.operations(count, keys, observing, strings=strings)
    return None


def _dialect(model: KeyValue, said: int) -> KeyValue:
    """See `splitbrain.checkers.models.KeyValue.adapted`."""
    as_empty = said & (c.ANSWERED_NULL | c.ANSWERED_EMPTY | c.WROTE_EMPTY) == c.ANSWERED_EMPTY
    return KeyValue(name=model.name, absent="" if as_empty else None, per_key=model.per_key)


def number_strings(strings: Strings, keys: Int64, ops: Int32) -> tuple[Tree, int]:
    """Number what operations need and leave, in place; the tree, and how many nodes it has."""
    run = kernels.of(_trie_kernels, size=kernels.ALWAYS)
    starts, letters = strings.words.starts, strings.words.letters
    room = len(keys) + run.letters_needed(starts, ops)
    tree = np.zeros((room, 4), dtype=np.int32), starts, letters
    node_of = np.zeros(len(strings.words), dtype=np.int32)
    path = np.empty(room + 1, dtype=np.int32)  # no string has more bytes than all together
    nodes = run.number(tree, keys, ops, strings.as_empty, node_of, path)
    run.settle(keys, ops, nodes)
    return tree, nodes
