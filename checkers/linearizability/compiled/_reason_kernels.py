"""The reasons of `splitbrain.checkers.linearizability.register_anomalies`, found in columns; why:
see there.

One walk over the events of each key. Values that nobody needs are one value here, which changes
nothing: a reason concerns a value that somebody found.
"""

from __future__ import annotations

from splitbrain.checkers.kernels import borrowing, inlined
from splitbrain.checkers.linearizability.compiled.layout import (
    ANY,
    COMPLETED_AT,
    EVENTS,
    INITIAL,
    INVOKED_AT,
    LEAVE,
    NEED,
    OPERATIONS,
    OPTIONAL,
    Array,
)

UNWRITTEN, STALE, LOST = 1, 2, 3

# What is found for a key: which reason (or 0), the operation that found a value, the
# last one that may have written it, the one that shows that it was gone; -1 where there is none.
KIND, OBSERVER, WRITER, BETWEEN = range(4)


@borrowing
def certain(
    events: Array, ops: Array, keys: Array, key: int, values: Array, seen: Array, found: Array
) -> None:
    """Look for the earliest certain reason that a key's operations have no order.

    Args:
        events: see `layout`.
        ops: likewise.
        keys: likewise.
        key: which of them.
        values: -1 for each value, unseen ones included, in four rows: the last operation begun that
            writes it, the last completion of any; how many cas from it succeeded, how often it was
            written.
        seen: -1 for each operation.
        found: filled, as above. What was used of the others is as it was, afterwards.
    """
    found[KIND], found[OBSERVER], found[WRITER], found[BETWEEN] = 0, -1, -1, -1
    _read_what_was_gone(events, ops, keys, values, seen, found, key)
    if found[KIND] == 0:
        _lost_update(ops, keys, values, found, key)
    for i in range(keys[key, OPERATIONS], keys[key + 1, OPERATIONS]):
        seen[i] = -1
        values[:, ops[i, LEAVE]] = -1
        if ops[i, NEED] != ANY:
            values[:, ops[i, NEED]] = -1


@inlined
def _read_what_was_gone(
    events: Array, ops: Array, keys: Array, values: Array, seen: Array, found: Array, key: int
) -> None:
    """A value that was not there any more, or not yet."""
    latest, other = -1, -1  # begun last of what completed; begun last of what left another value
    for position in range(keys[key, EVENTS], keys[key + 1, EVENTS]):
        event = events[position]
        i = event if event >= 0 else ~event
        need, leave = ops[i, NEED], ops[i, LEAVE]
        if event >= 0:
            # A read leaves what it found: it proves nothing of who wrote it.
            if need != leave:
                values[0, leave] = i
                values[1, leave] = max(values[1, leave], ops[i, COMPLETED_AT])
            if need != ANY and ops[i, OPTIONAL] == 0:
                # The last begun of those that had completed and left something else than it needs:
                # if that value was never written again, it was gone when this operation began.
                seen[i] = other if latest >= 0 and ops[latest, LEAVE] == need else latest
            continue
        if need != ANY:
            writer, between = values[0, need], seen[i]
            # Nobody has begun to write it, and this operation has completed.
            unwritten = writer < 0 and need != keys[key, INITIAL]
            # All who write it had completed when the other value began to be left.
            stale = between >= 0 and ops[between, INVOKED_AT] > values[1, need]
            if unwritten or stale:
                found[KIND] = UNWRITTEN if unwritten else STALE
                found[OBSERVER], found[WRITER], found[BETWEEN] = i, writer, between
                return
        # Two are kept, of different values: whatever value an operation needs, one of them is
        # another.
        if latest < 0 or ops[i, INVOKED_AT] > ops[latest, INVOKED_AT]:
            if latest >= 0 and ops[latest, LEAVE] != leave:
                other = latest
            latest = i
        elif ops[latest, LEAVE] != leave and (
            other < 0 or ops[i, INVOKED_AT] > ops[other, INVOKED_AT]
        ):
            other = i


@inlined
def _lost_update(ops: Array, keys: Array, values: Array, found: Array, key: int) -> None:
    """More cas from a value than times that it was there."""
    start, end = keys[key, OPERATIONS], keys[key + 1, OPERATIONS]
    for i in range(start, end):
        need, leave = ops[i, NEED], ops[i, LEAVE]
        if need != leave:
            values[3, leave] += 1
            if need != ANY and ops[i, OPTIONAL] == 0:
                values[2, need] += 1
    for i in range(start, end):
        need = ops[i, NEED]
        if need == ANY or need == ops[i, LEAVE] or ops[i, OPTIONAL] != 0:
            continue
        # Both counts are one too low, for they begin at -1.
        if values[2, need] > values[3, need] + (1 if need == keys[key, INITIAL] else 0):
            found[KIND], found[OBSERVER] = LOST, i
            return
