"""Histories of key-value stores as columns; see `column_operations`.

Strings are numbered key by key, those that are the beginning of an observed one (`_trie_kernels`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from checkers import kernels
from checkers.history import History
from checkers.history.columns import FAIL_CODE, INFO_CODE, Int64
from checkers.history.packed import NULL, WORDS
from checkers.linearizability import _register_kernels, _trie_kernels
from checkers.linearizability._trie_kernels import (
    ABSENT_KEY,
    APPEND,
    CAS,
    DELETE,
    GET,
    PUT,
    UNOBSERVED,
)
from checkers.linearizability.column_operations import (
    ANY_CODE,
    EXTENDS_CODE,
    Operations,
    Recorded,
    Strings,
    numbered,
    recorded,
)
from checkers.linearizability.search_layout import Array
from checkers.models import KeyValue

NAMES = ("get", "put", "append", "cas", "delete")


def kv_operations(
    model: KeyValue, history: History, *, keyed: bool | None
) -> tuple[KeyValue, Operations] | None:
    """The operations of a history of key-value stores, and the model in the history's dialect.

    None if the history is not of the plain layout.
    """
    found = recorded(history, NAMES)
    if found is None:
        return None
    keyed = found.is_keyed(keyed, CAS, GET, per_key=model.per_key)
    if keyed is None:
        return None
    key_codes, completed = found.keys(keyed)
    if (key_codes != completed).any():
        return None
    need, leave = _accesses(found, keyed)
    if not _all_strings(need, leave):
        return None
    dialect = _dialect(model, found, need, leave)
    key, keys = numbered(key_codes)
    strings, need, leave = _numbered(found, dialect, key, len(keys), need, leave)
    absent = np.full(len(keys), strings.absent, dtype=np.int64)
    return dialect, Operations(
        names=NAMES,
        observing=(GET, CAS),
        keyed=keyed,
        f=found.f,
        key=key,
        keys=[found.values.atom(code) for code in keys.tolist()] if keyed else [None],
        invoked=found.at,
        completed=np.where(found.outcome == INFO_CODE, -1, found.end),
        outcome=found.outcome,
        need=need,
        leave=leave,
        values=strings.absent + 1,
        initial=absent if dialect.absent is None else strings.roots,
        strings=strings,
    )


def _accesses(found: Recorded, keyed: bool) -> tuple[Int64, Int64]:
    """Codes of what operations need and leave; a get without a result needs null."""
    codes, first = found.values.codes, int(keyed)
    get, cas, delete = found.f == GET, found.f == CAS, found.f == DELETE
    argument = codes[first, found.at]
    seen = np.where(found.ok, codes[first, found.end], NULL)
    overwriting = np.where(found.f == APPEND, EXTENDS_CODE, ANY_CODE)
    need = np.where(get, seen, np.where(cas, argument, overwriting))
    new = np.where(cas, codes[min(first + 1, 2), found.at], np.where(delete, NULL, argument))
    return need, np.where(get, seen, new)


def _all_strings(need: Int64, leave: Int64) -> bool:
    """Whether values are strings, and null only where it may be: for others to complain of."""
    writes = need < 0
    return bool(
        ((need >= WORDS) | (need == NULL) | writes).all()
        and ((leave >= WORDS) | (leave == NULL)).all()
        and (leave[need == EXTENDS_CODE] >= WORDS).all()
    )


def _dialect(model: KeyValue, found: Recorded, need: Int64, leave: Int64) -> KeyValue:
    """See `checkers.models.KeyValue.adapted`."""
    if model.absent != "auto":
        return model
    empty = found.values.code("")
    answers = need[(found.f == GET) & found.ok]
    written = leave[(found.f == PUT) | (found.f == APPEND) | (found.f == CAS)]
    as_empty = (answers == empty).any() and not (answers == NULL).any()
    as_empty = as_empty and not (written == empty).any()
    return KeyValue(name=model.name, absent="" if as_empty else None, per_key=model.per_key)


def _numbered(
    found: Recorded, dialect: KeyValue, key: Int64, keys: int, need: Int64, leave: Int64
) -> tuple[Strings, Int64, Int64]:
    """The strings of a history, and numbers of what is needed and left."""
    run = kernels.of(_trie_kernels, size=kernels.ALWAYS)
    by_key = kernels.of(_register_kernels, size=kernels.ALWAYS).by_key
    start, order = np.zeros(keys + 1, dtype=np.int64), np.empty(len(key), dtype=np.int64)
    by_key(key, start, order)
    matters = found.outcome != FAIL_CODE
    needed = need[matters & (need >= WORDS)] - WORDS
    starts, letters = _letters(found.values.words)
    room = keys + 1 + int((starts[needed + 1] - starts[needed]).sum())
    tree = (np.zeros((room, 4), dtype=np.int32), starts, letters)
    roots, needs, leaves = np.zeros(keys, dtype=np.int64), np.empty_like(need), np.empty_like(leave)
    strings = need - WORDS, leave - WORDS, dialect.absent == ""
    absent = run.number(tree, start, order, found.f, matters, *strings, roots, needs, leaves)
    for numbers in (needs, leaves):
        numbers[numbers == ABSENT_KEY] = absent
        numbers[numbers == UNOBSERVED] = absent + 1
    return Strings(tree, roots, absent), needs, leaves


def _letters(words: Sequence[str]) -> tuple[Int64, Array]:
    """Where the bytes of each word begin, and the bytes."""
    together = "".join(words)
    pieces: Sequence[str | bytes] = words
    if not together.isascii():  # then a word can have more bytes than characters
        pieces = [word.encode("utf-8", "surrogatepass") for word in words]
    starts = np.zeros(len(words) + 1, dtype=np.int64)
    np.cumsum(np.fromiter(map(len, pieces), dtype=np.int64, count=len(words)), out=starts[1:])
    letters = bytearray(together.encode("utf-8", "surrogatepass"))
    return starts, np.frombuffer(letters, dtype=np.uint8)
