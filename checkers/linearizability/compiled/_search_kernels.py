"""The search of `splitbrain.checkers.linearizability.searching`, over arrays; see there for why.

For registers and key-value stores. An operation needs a value (or none, `ANY`: a write) and leaves
one: a read of v needs and leaves v, a cas needs the old value and leaves the new. Values are
numbers, so is the state. An *append* (`EXTENDS`) needs none, and what it leaves depends on the
state: `_trie_kernels` says which strings have a number. All others are one, `DEAD`: nobody ever
observes them, nor anything that appends make of them.

All keys of a history lie behind one another in the same arrays, and one call of `run` searches many
of them. It returns when they are done, when it has explored as many configurations as it may for
now, or when a table is full; called again it goes on, so that the caller can look at the clock and
make room. `layout` says what the arrays hold.

The caller may also take frames from the stack, to try something else where the search is stuck
(`searching`). If an order is found, that is one; if not, all is searched again with care.

A configuration is noted in the table once all that follows from it has failed, which in a valid
history is rare. Optional operations can lead back to the same state, so with them a configuration
is also compared with those on the stack at the same event: one that is dominated by one of them is
left out. A shortest way on from the one on the stack does not lead through it, for then there would
be a shorter one.
"""

from __future__ import annotations

from splitbrain.checkers.kernels import borrowing, inlined
from splitbrain.checkers.linearizability.compiled._choice_kernels import (
    enter,
    mark,
    move,
    place,
    promising,
    push,
    take,
    want,
)
from splitbrain.checkers.linearizability.compiled._log_kernels import save
from splitbrain.checkers.linearizability.compiled._memo_kernels import explored, note, rehash
from splitbrain.checkers.linearizability.compiled.layout import (
    APPENDS,
    AT,
    BACK,
    BACKWARD,
    BIT,
    BLOCKED,
    CAREFUL,
    DEAD_ENDS,
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
    F_NARROW,
    F_POSITION,
    F_STATE,
    F_UNUSED,
    FAR,
    FAR_FORCING,
    FAR_FUTURE,
    FAR_KEPT,
    FAR_LOG,
    FAR_SAVED,
    FIRST,
    FORWARD,
    FOUND,
    FURTHEST,
    HOPELESS_AT,
    INITIAL,
    INVOKED_AT,
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
    PATIENCE,
    PAUSED,
    PLACED,
    POSITION,
    ROOT,
    SHIFT,
    SKIPPED,
    STAMP,
    START,
    STATE,
    STATUS,
    STOP,
    TABLE_FULL,
    TAINTED,
    TRIED,
    UNUSED,
    VARIANT,
    WAITING,
    WHERE,
    WORDS,
    Array,
    Tree,
)

__all__ = ["rehash", "run", "save"]


@borrowing
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
        # Something was given up unexplored, so that no order was found proves nothing: all again,
        # with nothing given up; unless there is an event that no order can pass, whatever was left
        # out.
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
        m[CAREFUL] = m[VARIANT] = 0
    return DONE


@inlined
def _start(m: Array, table: Array, keys: Array, key: int) -> None:
    # Rows of other keys do no harm, for positions are those of all keys together. They only take
    # room: emptying the table for each of a million small keys would take longest of all.
    if m[ENTRIES] * 8 > table.shape[0]:
        table[:] = 0
        m[ENTRIES] = 0
    m[MODE] = FORWARD
    m[POSITION] = keys[key, EVENTS]
    m[STATE] = keys[key, INITIAL]
    m[FIRST] = keys[key, OPTIONALS]
    m[EMPTY] = keys[key, ROOT]
    m[HOPELESS_AT] = FAR_FUTURE
    m[DEAD_ENDS] = 0
    # So many dead ends are worth a question for reasons that are found without a search.
    m[PATIENCE] = 50 + (keys[key + 1, EVENTS] - keys[key, EVENTS]) // 16
    m[LOG] = m[FAR_LOG] = m[FAR_KEPT] = keys[key, OPERATIONS]
    m[LAST] = m[FAR] = m[FAR_FORCING] = -1
    m[DEPTH] = m[UNUSED] = m[EXPLORED] = 0
    m[SKIPPED] = m[TAINTED] = 0
    m[NEEDY_FIRST] = 1
    m[FAR_SAVED] = 1
    m[WAITING] = 0
    m[PLACED : PLACED + m[WORDS] + m[MORE]] = 0


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
            forcing = _advance(events, ops, m, log, wanted, end)
            if forcing < 0:
                return FOUND
            # What is shown if there is no order: how far one gets, and with how much.
            if m[POSITION] > m[FAR] or (m[POSITION] == m[FAR] and m[LOG] > m[FAR_LOG]):
                m[FAR] = m[POSITION]
                m[FAR_LOG] = m[LOG]
                m[FAR_SAVED] = 0
                m[FAR_FORCING] = forcing
            if m[POSITION] >= m[HOPELESS_AT]:
                return NONE
            if m[EXPLORED] >= m[LIMIT]:
                return EXHAUSTED
            if m[STAMP] >= m[STOP] or m[DEAD_ENDS] >= m[PATIENCE]:
                return -PAUSED
            # A table that is half full finds what it looks for in two steps or so; fuller ones soon
            # take many.
            if m[ENTRIES] * 2 >= table.shape[0]:
                return -TABLE_FULL
            m[MODE] = BACKWARD
            if not explored(m, table, frames):
                m[EXPLORED] += 1
                choice, value = push(ops, m, frames, wanted, tree, forcing)
                if choice >= 0:
                    take(ops, m, choice)
                    enter(ops, m, log, choice, value)
                    m[MODE] = FORWARD
                    continue
                if _go_on(ops, optionals, m, frames, wanted, log, tree, forcing):
                    m[MODE] = FORWARD
                    continue
        if m[ENTRIES] * 2 >= table.shape[0]:
            return -TABLE_FULL
        went = _next(events, ops, optionals, m, table, frames, wanted, tree, log, best)
        if went == NOWHERE:
            return NONE
        if went == ONWARD:
            m[MODE] = FORWARD


@inlined
def _advance(events: Array, ops: Array, m: Array, log: Array, wanted: Array, end: int) -> int:
    """Walk to the event that forces a choice, placing what fits and changes nothing (rule 1).

    Values that operations then waiting need are marked, and waiting appends counted.
    """
    position, state, stamp, appends = m[POSITION], m[STATE], m[STAMP], 0
    first = PLACED + m[WORDS] + m[MORE]
    open_ = first + m[WAITING]
    while True:
        forcing = -1
        while position < end:
            event = events[position]
            if event < 0:
                slot = int(ops[~event, BIT])
                mask = 1 << (slot & LAST_BIT)
                # A completion that was not placed: it cannot be passed.
                if m[PLACED + (slot >> SHIFT)] & mask == 0:
                    forcing = ~event
                    break
                # Placed and completed: its slot is for others now.
                m[PLACED + (slot >> SHIFT)] ^= mask
            elif ops[event, OPTIONAL]:
                m[UNUSED] += 1
            else:
                ops[event, WHERE] = open_
                m[open_] = event
                open_ += 1
            position += 1
        if forcing < 0:
            break
        # A stamp for each walk, so that what was wanted before need not be wiped out.
        at, stamp, appends = first, stamp + 1, 0
        while at < open_:
            i = m[at]
            # Whatever changes the state, or needs another, has to wait; but what it needs is
            # wanted.
            if ops[i, NEED] != state or ops[i, LEAVE] != state:
                appends += want(ops, wanted, stamp, i)
                at += 1
                continue
            open_ -= 1
            mark(ops, m, i)
            move(ops, m, open_, at)
            log[m[LOG]] = 2 * i
            m[LOG] += 1
        slot = int(ops[forcing, BIT])
        # Was the one that forced among those placed just now, the walk goes on.
        if (m[PLACED + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1 == 0:
            break
    m[POSITION], m[WAITING] = position, open_ - first
    m[STAMP], m[APPENDS] = stamp, appends
    return forcing


@inlined
def _next(
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
) -> int:
    """Go on with the topmost frame's next choice, or take the frame away if it has none left."""
    both = m[WORDS] + m[MORE]
    if m[DEPTH] == 0:
        return NOWHERE
    depth = m[DEPTH] - 1
    left = frames[depth, F_AFTER] != 0 or frames[depth, F_NARROW] != 0
    for i in range(F_MASKS + both, F_MASKS + 2 * both):
        left = left or frames[depth, i] != 0
    if left:
        _return_to(ops, m, frames, log, best)
        if _go_on(ops, optionals, m, frames, wanted, log, tree, ~events[m[POSITION]]):
            return ONWARD
    # Something above a tainted frame was given up: that it failed is not known, so it may not be
    # noted.
    if m[DEPTH] > m[TAINTED]:
        note(m, table, frames)
    m[DEPTH] -= 1
    m[TAINTED] = min(m[TAINTED], m[DEPTH])
    m[DEAD_ENDS] += 1
    return BACK


@inlined
def _go_on(
    ops: Array,
    optionals: Array,
    m: Array,
    frames: Array,
    wanted: Array,
    log: Array,
    tree: Tree,
    forcing: int,
) -> bool:
    """Make the next choice of the topmost frame, which is the current configuration, if any."""
    depth = m[DEPTH] - 1
    # Rule 3: it goes in before the last blind operation, which the odd number in the log says. No
    # state changes.
    if frames[depth, F_AFTER] != 0:
        frames[depth, F_AFTER] = 0
        take(ops, m, forcing)
        log[m[LOG]] = 2 * forcing + 1
        m[LOG] += 1
        return True
    choice = promising(ops, optionals, m, frames, wanted, tree, forcing)
    if choice < 0:
        return False
    place(ops, m, frames, log, tree, choice)
    return True


@inlined
def _return_to(ops: Array, m: Array, frames: Array, log: Array, best: Array) -> None:
    """Make the configuration of the topmost frame the current one again."""
    depth, both = m[DEPTH] - 1, m[WORDS] + m[MORE]
    at, end, position = PLACED + both, PLACED + both + m[WAITING], frames[depth, F_POSITION]
    # Who was waiting then: those waiting now that had begun by then, and those placed since.
    while at < end:
        if ops[m[at], INVOKED_AT] < position:
            at += 1
        else:
            end -= 1
            move(ops, m, end, at)
    for placed in range(frames[depth, F_LOG], m[LOG]):
        i = log[placed] >> 1
        if ops[i, OPTIONAL] == 0 and ops[i, INVOKED_AT] < position:
            ops[i, WHERE] = end
            m[end] = i
            end += 1
    m[WAITING] = end - PLACED - both
    # The furthest dead end is in the log still; from here on it would be overwritten.
    if frames[depth, F_LOG] < m[FAR_LOG]:
        save(m, log, best)
    m[FAR_KEPT] = min(m[FAR_KEPT], frames[depth, F_LOG])
    m[POSITION], m[STATE] = frames[depth, F_POSITION], frames[depth, F_STATE]
    m[LAST], m[LOG], m[UNUSED] = (
        frames[depth, F_LAST],
        frames[depth, F_LOG],
        frames[depth, F_UNUSED],
    )
    for i in range(both):
        m[PLACED + i] = frames[depth, F_MASKS + i]
