"""Kernels that turn a history's operations into what `_search_kernels` searches.

The reductions are those of `checkers.linearizability.problem`; the arguments are there. Until
`lay_out` has run, operations have positions in the history in place of those among their key's
events.
"""

from __future__ import annotations

from checkers.history.columns import FAIL_CODE, INFO_CODE
from checkers.kernels import borrowing, inlined
from checkers.linearizability.search_layout import (
    ANY,
    BIT,
    COMPLETED_AT,
    EARLIER,
    EVENTS,
    FAR_FUTURE,
    INITIAL,
    INVOKED_AT,
    LEAVE,
    NEED,
    OPERATIONS,
    OPTIONAL,
    OPTIONALS,
    SLOTS,
    Array,
)

DROPPED = 2
"""What is in the column ``OPTIONAL`` of an operation that `compact` takes away."""


@borrowing
def arrange(
    key: Array,
    outcome: Array,
    invoked: Array,
    completed: Array,
    need: Array,
    leave: Array,
    indices: Array,
    keys: Array,
    cursor: Array,
    ops: Array,
    rows: Array,
    index: Array,
) -> tuple[int, int]:
    """Sort operations by key, in their order; without those that failed or need not be placed.

    Args:
        key: by operation its key.
        outcome: type of its completion.
        invoked: position of its invocation.
        completed: position of its completion.
        need: what it needs.
        leave: what it leaves.
        indices: by position the index of an event.
        keys: where their operations begin is filled.
        cursor: room for a number for each key.
        ops: filled.
        rows: filled: the operation that each of them is.
        index: filled: the index of its invocation.

    Returns:
        How many there are, and how many of them are optional.
    """
    for i in range(len(key)):
        if _matters(outcome[i], need[i], leave[i]):
            keys[key[i] + 1, OPERATIONS] += 1
    for number in range(1, len(keys)):
        keys[number, OPERATIONS] += keys[number - 1, OPERATIONS]
        cursor[number - 1] = keys[number - 1, OPERATIONS]
    optional = 0
    for i in range(len(key)):
        if _matters(outcome[i], need[i], leave[i]):
            j = cursor[key[i]]
            cursor[key[i]] += 1
            rows[j] = i
            ops[j, NEED], ops[j, LEAVE] = need[i], leave[i]
            ops[j, INVOKED_AT] = invoked[i]
            index[j] = indices[invoked[i]]
            if outcome[i] == INFO_CODE:
                ops[j, OPTIONAL], ops[j, COMPLETED_AT] = 1, FAR_FUTURE
                optional += 1
            else:
                ops[j, OPTIONAL], ops[j, COMPLETED_AT] = 0, completed[i]
    return keys[len(keys) - 1, OPERATIONS], optional


@inlined
def _matters(outcome: int, need: int, leave: int) -> bool:
    return outcome != FAIL_CODE and not (outcome == INFO_CODE and need == leave)


@borrowing
def drop_unobservable(keys: Array, ops: Array, last_need: Array) -> None:
    """Mark optional operations whose value no remaining one of their key can need after them.

    ``last_need`` has -1 for each value.
    """
    for key in range(len(keys) - 1):
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        changed = False
        for i in range(start, end):
            changed = changed or ops[i, OPTIONAL] != 0
        while changed:
            changed = False
            for i in range(start, end):
                need = ops[i, NEED]
                if need != ANY and ops[i, OPTIONAL] != DROPPED:
                    last_need[need] = max(last_need[need], ops[i, COMPLETED_AT])
            for i in range(start, end):
                if ops[i, OPTIONAL] == 1 and last_need[ops[i, LEAVE]] <= ops[i, INVOKED_AT]:
                    ops[i, OPTIONAL] = DROPPED
                    changed = True
            for i in range(start, end):
                if ops[i, NEED] != ANY:
                    last_need[ops[i, NEED]] = -1


@borrowing
def compact(keys: Array, ops: Array, rows: Array, index: Array) -> tuple[int, int]:
    """Take away the operations that are marked; see `arrange` for the arguments and the result."""
    count, optional = 0, 0
    for key in range(len(keys) - 1):
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        keys[key, OPERATIONS] = count
        for i in range(start, end):
            if ops[i, OPTIONAL] != DROPPED:
                optional += ops[i, OPTIONAL]
                rows[count], index[count] = rows[i], index[i]
                for column in range(ops.shape[1]):
                    ops[count, column] = ops[i, column]
                count += 1
    keys[len(keys) - 1, OPERATIONS] = count
    return count, optional


@borrowing
def merge_unseen(keys: Array, ops: Array, seen: Array) -> None:
    """Replace values that no operation of a key needs by one, ``len(seen)``; see `UNSEEN`.

    ``seen`` has -1 for each value, of which the initial one is number 0. The keys' initial values
    are filled.
    """
    unseen = len(seen)
    for key in range(len(keys) - 1):
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        for i in range(start, end):
            if ops[i, NEED] != ANY:
                seen[ops[i, NEED]] = key
        for i in range(start, end):
            if seen[ops[i, LEAVE]] != key:
                ops[i, LEAVE] = unseen
        keys[key, INITIAL] = 0 if seen[0] == key else unseen


@borrowing
def lay_out(
    keys: Array, ops: Array, events: Array, optionals: Array, free: Array, pending: Array
) -> None:
    """Put the events of each key in order, and give operations slots, bits and positions.

    O(n) for n operations, and O(n k) if k are open at a time in an unfortunate order.

    Args:
        keys: where their events and optional operations begin, and their slots, are filled.
        ops: see `search_layout`.
        events: filled.
        optionals: filled.
        free: room for a number for each operation.
        pending: likewise.
    """
    position, count = 0, 0
    for key in range(len(keys) - 1):
        first, spare, waiting, width = count, 0, 0, 0
        for i in range(keys[key, OPERATIONS], keys[key + 1, OPERATIONS]):
            while waiting > 0 and ops[pending[waiting - 1], COMPLETED_AT] < ops[i, INVOKED_AT]:
                waiting -= 1
                _complete(ops, events, pending[waiting], position)
                free[spare] = ops[pending[waiting], BIT]
                position, spare = position + 1, spare + 1
            events[position] = i
            ops[i, INVOKED_AT] = position
            ops[i, EARLIER] = -1
            position += 1
            if ops[i, OPTIONAL]:
                ops[i, BIT] = count - first
                optionals[count] = i
                count += 1
                continue
            if spare > 0:
                spare -= 1
                ops[i, BIT] = free[spare]
            else:
                ops[i, BIT] = width
                width += 1
            _await(ops, pending, waiting, i)
            waiting += 1
        while waiting > 0:
            waiting -= 1
            _complete(ops, events, pending[waiting], position)
            position += 1
        keys[key, SLOTS] = width
        keys[key + 1, EVENTS], keys[key + 1, OPTIONALS] = position, count


@inlined
def _await(ops: Array, pending: Array, waiting: int, i: int) -> None:
    """Insert an operation among those that have not completed, the first to complete last."""
    at = waiting
    while at > 0 and ops[pending[at - 1], COMPLETED_AT] < ops[i, COMPLETED_AT]:
        pending[at] = pending[at - 1]
        at -= 1
    pending[at] = i


@inlined
def _complete(ops: Array, events: Array, i: int, position: int) -> None:
    events[position] = ~i
    ops[i, COMPLETED_AT] = position


@borrowing
def chain_interchangeable(
    keys: Array, ops: Array, optionals: Array, latest: Array, chain: Array
) -> None:
    """For each optional operation find the interchangeable one that is to be used before it.

    ``latest`` has -1 for each value, unseen ones included; ``chain`` is room for a number for each
    operation.
    """
    for key in range(len(keys) - 1):
        first, end = keys[key, OPTIONALS], keys[key + 1, OPTIONALS]
        for j in range(first, end):
            i = optionals[j]
            before = chain[i] = latest[ops[i, LEAVE]]
            latest[ops[i, LEAVE]] = i
            while before >= 0 and ops[before, NEED] != ops[i, NEED]:
                before = chain[before]
            if before >= 0:
                ops[i, EARLIER] = ops[before, BIT]
        for j in range(first, end):
            latest[ops[optionals[j], LEAVE]] = -1
