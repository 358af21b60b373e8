"""The search of `checkers.linearizability.search`, over arrays; see there for why.

For registers and key-value stores. An operation needs a value (or none, `ANY`: a write) and leaves
one: a read of v needs and leaves v, a cas needs the old value and leaves the new. Values are
numbers, so is the state. An *append* (`EXTENDS`) needs none, and what it leaves depends on the
state: `checkers.linearizability._trie_kernels` says which strings have a number. All others are
one, `DEAD`: nobody ever observes them, nor anything that appends make of them.

All keys of a history lie behind one another in the same arrays, and one call of `run` searches many
of them. It returns when they are done, when it has explored as many configurations as it may for
now, or when a table is full; called again it goes on, so that the caller can look at the clock and
make room. `search_layout` says what the arrays hold.

The caller may also take frames from the stack, to try something else where the search is stuck
(`kernel_search`). If an order is found, that is one; if not, all is searched again with care.

A configuration is noted in the table once all that follows from it has failed, which in a valid
history is rare. With optional operations, which can lead back to the same state, it is noted before
that, so that the search does not go round in circles.
"""

from __future__ import annotations

from checkers.kernels import inlined, jit
from checkers.linearizability._choice_kernels import place, promising, push
from checkers.linearizability._memo_kernels import known, rehash, remember
from checkers.linearizability.search_layout import (
    ANY,
    AT,
    BACK,
    BACKWARD,
    BIT,
    BLOCKED,
    CAREFUL,
    DEPTH,
    DONE,
    EMPTY,
    ENTRIES,
    EVENTS,
    EXHAUSTED,
    EXPLORED,
    F_AFTER,
    F_LAST,
    F_LOG,
    F_MASKS,
    F_POSITION,
    F_STATE,
    FAR,
    FAR_FORCING,
    FAR_KEPT,
    FAR_LOG,
    FAR_SAVED,
    FIRST,
    FORWARD,
    FOUND,
    FURTHEST,
    HOPELESS,
    HOPELESS_AT,
    INITIAL,
    LAST,
    LAST_BIT,
    LEAVE,
    LENGTH,
    LIMIT,
    LOG,
    MODE,
    MORE,
    NEED,
    NEEDY_FIRST,
    NONE,
    NOWHERE,
    ONWARD,
    OPERATIONS,
    OPTIONAL,
    OPTIONALS,
    PAUSED,
    PLACED,
    POSITION,
    ROOT,
    SHIFT,
    SKIPPED,
    SLOTS,
    STACK_FULL,
    STAMP,
    START,
    STATE,
    STATUS,
    STOP,
    TABLE_FULL,
    TAINTED,
    TRIED,
    UNUSED,
    WIDTH,
    WORDS,
    Array,
    Tree,
)

__all__ = ["ordered", "rehash", "run", "save"]


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
    tree: Tree,
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
        outcome = _search(events, ops, optionals, m, table, frames, wanted, tree, log, best, end)
        keys[key, TRIED] = m[EXPLORED]
        keys[key, FURTHEST] = m[FAR]
        keys[key, BLOCKED] = m[FAR_FORCING]
        if outcome < 0:
            return -outcome
        if outcome == NONE and m[SKIPPED] and m[POSITION] < m[HOPELESS_AT]:
            m[CAREFUL] = 1
            m[MODE] = START
            m[ENTRIES] = 0
            table[:] = 0
            continue
        start = keys[key, OPERATIONS]
        if outcome == FOUND:
            keys[key, LENGTH] = m[LOG] - start
        else:
            save(m, log, best)
            keys[key, LENGTH] = m[FAR_LOG] - start
        keys[key, STATUS] = outcome
        m[AT] += 1
        m[MODE] = START
        m[CAREFUL] = 0
    return DONE


@inlined
def _start(m: Array, table: Array, keys: Array, key: int) -> None:
    if m[ENTRIES] * 8 > table.shape[0]:
        table[:] = 0
        m[ENTRIES] = 0
    m[MODE] = FORWARD
    m[POSITION] = keys[key, EVENTS]
    m[STATE] = keys[key, INITIAL]
    m[FIRST] = keys[key, OPTIONALS]
    m[WIDTH] = keys[key, SLOTS]
    m[EMPTY] = keys[key, ROOT]
    m[HOPELESS_AT] = keys[key, HOPELESS]
    m[LOG] = m[FAR_LOG] = m[FAR_KEPT] = keys[key, OPERATIONS]
    m[LAST] = m[FAR] = m[FAR_FORCING] = -1
    m[DEPTH] = m[UNUSED] = m[EXPLORED] = 0
    m[SKIPPED] = m[TAINTED] = 0
    m[NEEDY_FIRST] = 1
    m[FAR_SAVED] = 1
    slots = PLACED + m[WORDS] + m[MORE]
    m[PLACED:slots] = 0
    m[slots:] = -1


@inlined
def _search(
    events: Array,
    ops: Array,
    optionals: Array,
    m: Array,
    table: Array,
    frames: Array,
    wanted: Array,
    tree: Tree,
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
            if m[POSITION] >= m[HOPELESS_AT]:
                return NONE
            if m[EXPLORED] >= m[LIMIT]:
                return EXHAUSTED
            if m[STAMP] >= m[STOP]:
                return -PAUSED
            if m[ENTRIES] * 2 >= table.shape[0]:
                return -TABLE_FULL
            if m[DEPTH] == frames.shape[0]:
                return -STACK_FULL
            if not known(table, m[POSITION], m[STATE], m[LAST], m, PLACED, m[WORDS], m[MORE]):
                m[EXPLORED] += 1
                push(ops, optionals, m, frames, wanted, tree, forcing)
                if m[MORE] > 0:  # optional operations can lead back to a state; others cannot
                    _note(m, table, frames)
            m[MODE] = BACKWARD
        if m[ENTRIES] * 2 >= table.shape[0]:
            return -TABLE_FULL
        went = _next(events, ops, optionals, m, table, frames, tree, log, best)
        if went == NOWHERE:
            return NONE
        if went == ONWARD:
            m[MODE] = FORWARD


@inlined
def _note(m: Array, table: Array, frames: Array) -> None:
    """Note the configuration of the topmost frame as one that need not be explored again."""
    frame = frames[m[DEPTH] - 1]
    position, state, last = frame[F_POSITION], frame[F_STATE], frame[F_LAST]
    m[ENTRIES] += remember(table, position, state, last, frame, F_MASKS, m[WORDS], m[MORE])


@inlined
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


@inlined
def _next(
    events: Array,
    ops: Array,
    optionals: Array,
    m: Array,
    table: Array,
    frames: Array,
    tree: Tree,
    log: Array,
    best: Array,
) -> int:
    """Go on with the topmost frame's next choice, or take the frame away if it has none left."""
    both = m[WORDS] + m[MORE]
    if m[DEPTH] == 0:
        return NOWHERE
    depth = m[DEPTH] - 1
    left = frames[depth, F_AFTER] != 0
    for i in range(F_MASKS + both, F_MASKS + 2 * both):
        left = left or frames[depth, i] != 0
    if not left:
        if m[MORE] == 0 and m[DEPTH] > m[TAINTED]:
            _note(m, table, frames)
        m[DEPTH] -= 1
        m[TAINTED] = min(m[TAINTED], m[DEPTH])
        return BACK
    _return_to(events, ops, m, frames, log, best)
    forcing = ~events[m[POSITION]]
    if frames[depth, F_AFTER] != 0:
        frames[depth, F_AFTER] = 0
        slot = ops[forcing, BIT]
        m[PLACED + (slot >> SHIFT)] |= 1 << (slot & LAST_BIT)
        log[m[LOG]] = 2 * forcing + 1
        m[LOG] += 1
    else:
        choice = promising(ops, optionals, m, frames, tree, forcing)
        place(ops, m, frames, log, tree, choice)
    return ONWARD


@inlined
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
