"""Kernels that turn a history's operations into what `_search_kernels` searches.

The reductions are those of `splitbrain.checkers.linearizability.problem`; the arguments are there.
Until `lay_out` has run, operations have positions in the history in place of those among their
key's events.
"""

from __future__ import annotations

from splitbrain.checkers.history.columns import INFO_CODE
from splitbrain.checkers.kernels import borrowing, inlined
from splitbrain.checkers.linearizability.compiled._column_kernels import matters
from splitbrain.checkers.linearizability.compiled.layout import (
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
    sizes: Array,
    keys: Array,
    ops: Array,
    rows: Array,
    index: Array,
) -> int:
    """Sort operations by key, in their order; without those that need not be placed.

    Args:
        key: by operation its key.
        outcome: type of its completion.
        invoked: position of its invocation.
        completed: position of its completion.
        need: what it needs.
        leave: what it leaves.
        indices: by position the index of an event.
        sizes: how many operations each key has; used.
        keys: where their operations begin is filled.
        ops: filled.
        rows: filled: the operation that each of them is.
        index: filled: the index of its invocation.

    Returns:
        How many of them are optional.
    """
    # Counting sort: `sizes` becomes the next free place of each key. Operations come in order of
    # invocation, and so they stay within their key.
    for number in range(len(sizes)):
        keys[number + 1, OPERATIONS] = keys[number, OPERATIONS] + sizes[number]
        sizes[number] = keys[number, OPERATIONS]
    optional = 0
    for i in range(len(key)):
        if matters(outcome[i], need[i], leave[i]):
            at = sizes[key[i]]
            sizes[key[i]] += 1
            rows[at], index[at] = i, indices[invoked[i]]
            ops[at, NEED], ops[at, LEAVE] = need[i], leave[i]
            ops[at, INVOKED_AT] = invoked[i]
            if outcome[i] == INFO_CODE:
                # It may take effect at any time from its invocation on, or never.
                ops[at, OPTIONAL], ops[at, COMPLETED_AT] = 1, FAR_FUTURE
                optional += 1
            else:
                ops[at, OPTIONAL], ops[at, COMPLETED_AT] = 0, completed[i]
    return optional


@borrowing
def drop_unobservable(keys: Array, ops: Array, last_need: Array, wanted: Array) -> int:
    """Mark optional operations whose value no remaining one of their key can need after them.

    Gives how many these are.

    ``last_need`` has -1 for each value: when the last required operation that needs it completes.
    ``wanted`` has 0 for each: how many remaining optional operations need it. Both have a place
    more at their end, which `ANY` uses, too; nobody looks there, and there is no branch to predict.
    """
    dropped = 0
    for key in range(len(keys) - 1):
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        first, last = end, start
        for i in range(start, end):
            need = ops[i, NEED]
            if ops[i, OPTIONAL]:
                # Where optional operations begin and end: there are few, and they are gone through
                # often.
                first, last = min(first, i), i + 1
                wanted[need] += 1
            else:
                last_need[need] = max(last_need[need], ops[i, COMPLETED_AT])
        changed = first < last
        # What is dropped needs nothing any more, so that others may become unobservable.
        while changed:
            changed = False
            for i in range(first, last):
                leave = ops[i, LEAVE]
                if (
                    ops[i, OPTIONAL] == 1
                    and wanted[leave] == 0
                    and last_need[leave] <= ops[i, INVOKED_AT]
                ):
                    ops[i, OPTIONAL] = DROPPED
                    changed, dropped = True, dropped + 1
                    wanted[ops[i, NEED]] -= 1
        # Only what this key touched is cleared: all values would be too many for each key.
        for i in range(start, end):
            last_need[ops[i, NEED]] = -1
            wanted[ops[i, NEED]] = 0
    return dropped


@borrowing
def compact(keys: Array, ops: Array, rows: Array, index: Array) -> None:
    """Take away the operations that are marked; see `arrange` for the arguments."""
    count = 0
    for key in range(len(keys) - 1):
        start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
        keys[key, OPERATIONS] = count
        for i in range(start, end):
            if ops[i, OPTIONAL] != DROPPED:
                rows[count], index[count] = rows[i], index[i]
                for column in range(ops.shape[1]):
                    ops[count, column] = ops[i, column]
                count += 1
    keys[len(keys) - 1, OPERATIONS] = count


@borrowing
def lay_out(
    keys: Array,
    ops: Array,
    events: Array,
    optionals: Array,
    free: Array,
    pending: Array,
    seen: Array,
) -> None:
    """Put the events of each key in order, and give operations slots, bits and positions.

    Values of registers that no operation of a key needs are replaced by one, ``len(seen)``
    (`UNSEEN`). O(n) for n operations, and O(n k) if k are open at a time in an unfortunate order.

    Args:
        keys: where their events and optional operations begin, and their slots, are filled.
        ops: see `layout`.
        events: filled.
        optionals: filled.
        free: room for a number for each operation.
        pending: likewise.
        seen: -1 for each value, of which the initial one is number 0; empty for stores.
    """
    position, count = 0, 0
    for key in range(len(keys) - 1):
        if len(seen) > 0:
            _merge_unseen(keys, ops, seen, key)
        first, spare, waiting, width = count, 0, 0, 0
        for i in range(keys[key, OPERATIONS], keys[key + 1, OPERATIONS]):
            # Invocations come in order already; completions are merged in. Those pending are
            # sorted, the next to complete last.
            while waiting > 0 and ops[pending[waiting - 1], COMPLETED_AT] < ops[i, INVOKED_AT]:
                waiting -= 1
                _complete(ops, events, pending[waiting], position)
                # A slot is free again when its operation has completed: masks are as wide as there
                # are clients, not operations.
                free[spare] = ops[pending[waiting], BIT]
                position, spare = position + 1, spare + 1
            events[position] = i
            ops[i, INVOKED_AT] = position
            ops[i, EARLIER] = -1
            position += 1
            if ops[i, OPTIONAL]:
                ops[i, BIT] = count - first
                # It never completes, so it waits for no slot, and has a bit for good.
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
def _merge_unseen(keys: Array, ops: Array, seen: Array, key: int) -> None:
    start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
    for i in range(start, end):
        if ops[i, NEED] != ANY:
            seen[ops[i, NEED]] = key
    for i in range(start, end):
        # Nobody reads it, so it is one with all others that nobody reads: fewer states, and rule 2
        # leaves out the writes of it.
        if seen[ops[i, LEAVE]] != key:
            ops[i, LEAVE] = len(seen)
    keys[key, INITIAL] = 0 if seen[0] == key else len(seen)


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
            # They leave the same; interchangeable are those that need the same, too.
            while before >= 0 and ops[before, NEED] != ops[i, NEED]:
                before = chain[before]
            if before >= 0:
                ops[i, EARLIER] = ops[before, BIT]
        for j in range(first, end):
            latest[ops[optionals[j], LEAVE]] = -1
