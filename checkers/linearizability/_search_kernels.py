"""The search of `checkers.linearizability.search`, over arrays, for registers; see there for why.

An operation of a register needs a value (or none, `ANY`: a write) and leaves one: a read of v needs
and leaves v, a cas needs the old value and leaves the new. Values are numbers, so is the state.

All keys of a history lie behind one another in the same arrays, and one call of `run` searches many
of them. It returns when they are done, when it has explored as many configurations as it may for
now, or when a table is full; called again it goes on, so that the caller can look at the clock and
make room.

Arrays, all of 64-bit integers:

* ``events``, key by key: i for an invocation, ~i for a completion;
* ``ops``, a row for each operation, key by key, in order of invocation; columns below;
* ``keys``, a row for each key and one more; columns below;
* ``optionals``: the operations that need not happen, key by key;
* ``m``, the machine: registers (below), then the masks of placed and of used operations, then the
  open operation in each slot. Masks are words of 32 bits. Required operations have slots, which are
  used again once their operation has completed; optional ones a bit each, in words of their own;
* ``frames``, the stack: position, state, last blind position, length of the log, whether the
  forcing operation may be inserted after the fact, the masks, and masks of what is still to try;
* ``wanted``: by value, the last frame in which an open operation needed it;
* ``log``: operations placed, in order, each twice its number, plus one if inserted after the fact;
  each key has the places of its operations. ``best`` is the same, of the furthest dead end.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from checkers.kernels import jit
from checkers.linearizability._memo_kernels import ADDED, KNOWN, rehash, remember

__all__ = ["ordered", "rehash", "run", "save"]

Array = npt.NDArray[Any]

ANY = -1
BITS, SHIFT, LAST_BIT = 32, 5, 31

# Why `run` returns.
DONE, PAUSED, TABLE_FULL, STACK_FULL = 0, 1, 2, 3
# What became of a key.
OPEN, FOUND, NONE, EXHAUSTED = 0, 1, 2, 3

# Columns of ``ops``: value needed or ANY, value left, whether it need not happen, its slot or
# number among its key's optional ones, events of invocation and completion (far in the future for
# optional ones), number of the interchangeable optional one to use before it, or -1.
NEED, LEAVE, OPTIONAL, BIT, INVOKED_AT, COMPLETED_AT, EARLIER = range(7)

# Columns of ``keys``: where its events, operations and optional ones begin, its initial value, how
# many slots it takes; then what was found: status, configurations explored, furthest event, the
# operation that couldn't be placed there, operations in its part of the log (or of the best).
EVENTS, OPERATIONS, OPTIONALS, INITIAL, SLOTS = range(5)
STATUS, TRIED, FURTHEST, BLOCKED, LENGTH = range(5, 10)

# Registers.
AT, MODE, POSITION, STATE, LAST, LOG, DEPTH, UNUSED, WIDTH, FIRST = range(10)
EXPLORED, LIMIT, STAMP, STOP, ENTRIES = range(10, 15)
FAR, FAR_LOG, FAR_KEPT, FAR_SAVED, FAR_FORCING, WORDS, MORE = range(15, 22)
PLACED = 22

START, FORWARD, BACKWARD = 0, 1, 2

F_POSITION, F_STATE, F_LAST, F_LOG, F_AFTER, F_MASKS = range(6)

_FAR_FUTURE = 1 << 60


@jit
def run(
    events: Array,
    ops: Array,
    keys: Array,
    optionals: Array,
    m: Array,
    table: Array,
    frames: Array,
    wanted: Array,
    log: Array,
    best: Array,
    chosen: Array,
) -> int:
    """Search the chosen keys from number ``m[AT]`` on; gives why it stopped."""
    while m[AT] < len(chosen):
        key = chosen[m[AT]]
        if m[MODE] == START:
            _start(m, table, keys, key)
        end = keys[key + 1, EVENTS]
        outcome = _search(events, ops, optionals, m, table, frames, wanted, log, best, end)
        keys[key, TRIED] = m[EXPLORED]
        keys[key, FURTHEST] = m[FAR]
        keys[key, BLOCKED] = m[FAR_FORCING]
        if outcome < 0:
            return -outcome
        start = keys[key, OPERATIONS]
        if outcome == FOUND:
            keys[key, LENGTH] = m[LOG] - start
        else:
            save(m, log, best)
            keys[key, LENGTH] = m[FAR_LOG] - start
        keys[key, STATUS] = outcome
        m[AT] += 1
        m[MODE] = START
    return DONE


@jit
def _start(m: Array, table: Array, keys: Array, key: int) -> None:
    if m[ENTRIES] * 8 > table.shape[0]:
        table[:] = 0
        m[ENTRIES] = 0
    m[MODE] = FORWARD
    m[POSITION] = keys[key, EVENTS]
    m[STATE] = keys[key, INITIAL]
    m[FIRST] = keys[key, OPTIONALS]
    m[WIDTH] = keys[key, SLOTS]
    m[LOG] = m[FAR_LOG] = m[FAR_KEPT] = keys[key, OPERATIONS]
    m[LAST] = m[FAR] = m[FAR_FORCING] = -1
    m[DEPTH] = m[UNUSED] = m[EXPLORED] = 0
    m[FAR_SAVED] = 1
    slots = PLACED + m[WORDS] + m[MORE]
    m[PLACED:slots] = 0
    m[slots:] = -1


@jit
def _search(
    events: Array,
    ops: Array,
    optionals: Array,
    m: Array,
    table: Array,
    frames: Array,
    wanted: Array,
    log: Array,
    best: Array,
    end: int,
) -> int:
    """Go on with a key: what became of it, or why it stopped as a negative number."""
    while True:
        if m[MODE] == FORWARD:
            forcing = _advance(events, ops, m, log, end)
            if forcing < 0:
                return FOUND
            if m[POSITION] > m[FAR] or (m[POSITION] == m[FAR] and m[LOG] > m[FAR_LOG]):
                m[FAR] = m[POSITION]
                m[FAR_LOG] = m[LOG]
                m[FAR_SAVED] = 0
                m[FAR_FORCING] = forcing
            if m[EXPLORED] >= m[LIMIT]:
                return EXHAUSTED
            if m[STAMP] >= m[STOP]:
                return -PAUSED
            if m[ENTRIES] * 2 >= table.shape[0]:
                return -TABLE_FULL
            if m[DEPTH] == frames.shape[0]:
                return -STACK_FULL
            met = remember(table, m[POSITION], m[STATE], m[LAST], m, PLACED, m[WORDS], m[MORE])
            if met == ADDED:
                m[ENTRIES] += 1
            if met != KNOWN:
                m[EXPLORED] += 1
                _push(ops, optionals, m, frames, wanted, forcing)
            m[MODE] = BACKWARD
        if not _next(events, ops, optionals, m, frames, log, best):
            return NONE
        m[MODE] = FORWARD


@jit
def _advance(events: Array, ops: Array, m: Array, log: Array, end: int) -> int:
    """Walk to the event that forces a choice, placing what fits and changes nothing (rule 1)."""
    position = m[POSITION]
    state = m[STATE]
    slots = PLACED + m[WORDS] + m[MORE]
    while True:
        forcing = -1
        while position < end:
            event = events[position]
            if event < 0:
                slot = ops[~event, BIT]
                mask = 1 << (slot & LAST_BIT)
                if m[PLACED + (slot >> SHIFT)] & mask == 0:
                    forcing = ~event
                    break
                m[PLACED + (slot >> SHIFT)] ^= mask
                m[slots + slot] = -1
            elif ops[event, OPTIONAL]:
                m[UNUSED] += 1
            else:
                m[slots + ops[event, BIT]] = event
            position += 1
        if forcing < 0:
            break
        for slot in range(m[WIDTH]):
            i = m[slots + slot]
            if i >= 0 and ops[i, NEED] == state and ops[i, LEAVE] == state:
                mask = 1 << (slot & LAST_BIT)
                if m[PLACED + (slot >> SHIFT)] & mask == 0:
                    m[PLACED + (slot >> SHIFT)] |= mask
                    log[m[LOG]] = 2 * i
                    m[LOG] += 1
        slot = ops[forcing, BIT]
        if (m[PLACED + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1 == 0:
            break
    m[POSITION] = position
    return forcing


@jit
def _push(
    ops: Array, optionals: Array, m: Array, frames: Array, wanted: Array, forcing: int
) -> None:
    """Put the configuration on the stack, with what may be tried from it (rules 2 to 4)."""
    depth, state, both = m[DEPTH], m[STATE], m[WORDS] + m[MORE]
    frames[depth, F_POSITION], frames[depth, F_STATE] = m[POSITION], state
    frames[depth, F_LAST], frames[depth, F_LOG] = m[LAST], m[LOG]
    after = ops[forcing, NEED] == ANY and ops[forcing, INVOKED_AT] < m[LAST]
    frames[depth, F_AFTER] = 1 if after else 0
    for i in range(both):
        frames[depth, F_MASKS + i] = m[PLACED + i]
        frames[depth, F_MASKS + both + i] = 0
    m[DEPTH] += 1
    m[STAMP] += 1
    stamp, slots, used = m[STAMP], PLACED + both, PLACED + m[WORDS]
    for slot in range(m[WIDTH]):
        i = m[slots + slot]
        open_there = i >= 0 and (m[PLACED + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1 == 0
        if open_there and ops[i, NEED] != ANY:
            wanted[ops[i, NEED]] = stamp
    for j in range(m[UNUSED]):
        i = optionals[m[FIRST] + j]
        if ops[i, NEED] != ANY and (m[used + (j >> SHIFT)] >> (j & LAST_BIT)) & 1 == 0:
            wanted[ops[i, NEED]] = stamp
    choices = F_MASKS + both
    for slot in range(m[WIDTH]):
        i = m[slots + slot]
        if i < 0 or (m[PLACED + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1:
            continue
        need, leave = ops[i, NEED], ops[i, LEAVE]
        if need == ANY:
            tried = i == forcing or wanted[leave] == stamp
        else:
            tried = need == state and leave != state
        if tried:
            frames[depth, choices + (slot >> SHIFT)] |= 1 << (slot & LAST_BIT)
    if m[UNUSED] > 0:
        _push_optional(ops, optionals, m, frames, wanted)


@jit
def _push_optional(ops: Array, optionals: Array, m: Array, frames: Array, wanted: Array) -> None:
    """The optional operations that may be tried from the topmost frame."""
    depth, state, stamp, used = m[DEPTH] - 1, m[STATE], m[STAMP], PLACED + m[WORDS]
    choices = F_MASKS + m[WORDS] + m[MORE] + m[WORDS]
    for j in range(m[UNUSED]):
        if (m[used + (j >> SHIFT)] >> (j & LAST_BIT)) & 1:
            continue
        i = optionals[m[FIRST] + j]
        before = ops[i, EARLIER]
        if before >= 0 and (m[used + (before >> SHIFT)] >> (before & LAST_BIT)) & 1 == 0:
            continue
        need, leave = ops[i, NEED], ops[i, LEAVE]
        tried = wanted[leave] == stamp if need == ANY else need == state and leave != state
        if tried:
            frames[depth, choices + (j >> SHIFT)] |= 1 << (j & LAST_BIT)


@jit
def _next(
    events: Array,
    ops: Array,
    optionals: Array,
    m: Array,
    frames: Array,
    log: Array,
    best: Array,
) -> bool:
    """Go on with the next choice of the topmost frame that has any; False if none has."""
    both = m[WORDS] + m[MORE]
    while m[DEPTH] > 0:
        depth = m[DEPTH] - 1
        left = frames[depth, F_AFTER] != 0
        for i in range(F_MASKS + both, F_MASKS + 2 * both):
            left = left or frames[depth, i] != 0
        if not left:
            m[DEPTH] -= 1
            continue
        _return_to(events, ops, m, frames, log, best)
        forcing = ~events[m[POSITION]]
        if frames[depth, F_AFTER] != 0:
            frames[depth, F_AFTER] = 0
            slot = ops[forcing, BIT]
            m[PLACED + (slot >> SHIFT)] |= 1 << (slot & LAST_BIT)
            log[m[LOG]] = 2 * forcing + 1
            m[LOG] += 1
        else:
            _place(ops, m, frames, log, _best(ops, optionals, m, frames, forcing))
        return True
    return False


@jit
def _return_to(events: Array, ops: Array, m: Array, frames: Array, log: Array, best: Array) -> None:
    """Make the configuration of the topmost frame the current one again."""
    depth, both = m[DEPTH] - 1, m[WORDS] + m[MORE]
    slots = PLACED + both
    for position in range(m[POSITION] - 1, frames[depth, F_POSITION] - 1, -1):
        event = events[position]
        if event < 0:
            m[slots + ops[~event, BIT]] = ~event
        elif ops[event, OPTIONAL]:
            m[UNUSED] -= 1
        else:
            m[slots + ops[event, BIT]] = -1
    if frames[depth, F_LOG] < m[FAR_LOG]:
        save(m, log, best)
    m[FAR_KEPT] = min(m[FAR_KEPT], frames[depth, F_LOG])
    m[POSITION], m[STATE] = frames[depth, F_POSITION], frames[depth, F_STATE]
    m[LAST], m[LOG] = frames[depth, F_LAST], frames[depth, F_LOG]
    for i in range(both):
        m[PLACED + i] = frames[depth, F_MASKS + i]


@jit
def save(m: Array, log: Array, best: Array) -> None:
    """Copy the log of the furthest dead end before it is overwritten, as far as it is new."""
    if m[FAR_SAVED] == 0:
        for i in range(m[FAR_KEPT], m[FAR_LOG]):
            best[i] = log[i]
        m[FAR_KEPT] = m[FAR_LOG]
        m[FAR_SAVED] = 1


@jit
def _best(ops: Array, optionals: Array, m: Array, frames: Array, forcing: int) -> int:
    """The most promising choice left: the forcing operation, then what makes it fit."""
    depth, both = m[DEPTH] - 1, m[WORDS] + m[MORE]
    choices, slots = F_MASKS + both, PLACED + both
    slot = ops[forcing, BIT]
    if (frames[depth, choices + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1:
        return forcing
    best, least = -1, 4 * _FAR_FUTURE
    want = ops[forcing, NEED]
    for slot in range(m[WIDTH]):
        if (frames[depth, choices + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1:
            i = m[slots + slot]
            score = ops[i, COMPLETED_AT]
            if want != ANY and ops[i, LEAVE] != want:
                score += 2 * _FAR_FUTURE
            if score < least:
                best, least = i, score
    if m[UNUSED] == 0 or least < _FAR_FUTURE:
        return best
    choices += m[WORDS]
    for j in range(m[UNUSED]):
        if (frames[depth, choices + (j >> SHIFT)] >> (j & LAST_BIT)) & 1:
            i = optionals[m[FIRST] + j]
            helps = want == ANY or ops[i, LEAVE] == want
            score = _FAR_FUTURE if helps else 3 * _FAR_FUTURE
            if score < least:
                best, least = i, score
    return best


@jit
def _place(ops: Array, m: Array, frames: Array, log: Array, i: int) -> None:
    """Place an operation and strike it from the choices of the topmost frame."""
    word, mask = ops[i, BIT] >> SHIFT, 1 << (ops[i, BIT] & LAST_BIT)
    if ops[i, OPTIONAL]:
        word += m[WORDS]
    m[PLACED + word] |= mask
    frames[m[DEPTH] - 1, F_MASKS + m[WORDS] + m[MORE] + word] ^= mask
    log[m[LOG]] = 2 * i
    m[LOG] += 1
    m[STATE] = ops[i, LEAVE]
    if ops[i, NEED] == ANY:
        m[LAST] = m[POSITION]


@jit
def ordered(ops: Array, log: Array, out: Array) -> None:
    """Operations of a log in the order of the linearization: rule 3's before the last blind one."""
    count, at, start = len(log), 0, 0
    while start < count:
        end = start + 1
        while end < count and (log[end] % 2 == 1 or ops[log[end] // 2, NEED] != ANY):
            end += 1
        for inserted in (1, 0):
            for position in range(start, end):
                if log[position] % 2 == inserted:
                    out[at] = log[position] // 2
                    at += 1
        start = end
