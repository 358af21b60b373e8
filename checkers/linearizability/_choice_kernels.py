"""Which operations may come next: rules 2 to 4 of `checkers.linearizability.search`, over arrays.

*Appends* need two arguments beside those for the other rules. Let A be an open append that isn't
the forcing operation.

* If A would leave `DEAD`, it need not be tried: until the next blind operation V nothing but
  appends can follow it, and these fit every state. So leave A out here. It can be placed when it
  completes, if that is before V is placed, and inserted before V after the fact, if not (rule 3,
  which holds for appends too: nobody sees what is overwritten).
* If nothing open needs what A would leave, and no other append is open, A need not be tried either:
  what follows it is blind, and it can be inserted before that after the fact.

In the same way a blind operation that leaves `DEAD` is not tried unless it is forced, and one that
leaves another value is if an append is open.
"""

from __future__ import annotations

from checkers.kernels import inlined
from checkers.linearizability._trie_kernels import extended
from checkers.linearizability.search_layout import (
    ABSENT,
    ANY,
    BIT,
    COMPLETED_AT,
    DEAD,
    DEPTH,
    EARLIER,
    EMPTY,
    EXTENDS,
    F_AFTER,
    F_LAST,
    F_LOG,
    F_MASKS,
    F_POSITION,
    F_STATE,
    FAR_FUTURE,
    FIRST,
    INVOKED_AT,
    LAST,
    LAST_BIT,
    LEAVE,
    LOG,
    MORE,
    NEED,
    NEEDY_FIRST,
    OPTIONAL,
    PLACED,
    POSITION,
    SHIFT,
    STAMP,
    STATE,
    UNUSED,
    WIDTH,
    WORDS,
    Array,
    Tree,
)


@inlined
def push(
    ops: Array,
    optionals: Array,
    m: Array,
    frames: Array,
    wanted: Array,
    tree: Tree,
    forcing: int,
) -> None:
    """Put the configuration on the stack, with what may be tried from it (rules 2 to 4)."""
    depth, state, both = m[DEPTH], m[STATE], m[WORDS] + m[MORE]
    frames[depth, F_POSITION], frames[depth, F_STATE] = m[POSITION], state
    frames[depth, F_LAST], frames[depth, F_LOG] = m[LAST], m[LOG]
    after = ops[forcing, NEED] < 0 and ops[forcing, INVOKED_AT] < m[LAST]
    frames[depth, F_AFTER] = 1 if after else 0
    for i in range(both):
        frames[depth, F_MASKS + i] = m[PLACED + i]
        frames[depth, F_MASKS + both + i] = 0
    m[DEPTH] += 1
    m[STAMP] += 1
    appends = _want(ops, optionals, m, wanted)
    choices, slots, stamp = F_MASKS + both, PLACED + both, m[STAMP]
    for slot in range(m[WIDTH]):
        i = m[slots + slot]
        if i < 0 or (m[PLACED + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1:
            continue
        need, leave = ops[i, NEED], ops[i, LEAVE]
        if need >= 0:
            tried = need == state and leave != state
        elif i == forcing:
            tried = True
        elif need == ANY:
            tried = wanted[leave] == stamp or (appends > 0 and leave != m[DEAD])
        else:
            tried = _append_matters(m, wanted, tree, appends, leave)
        if tried:
            frames[depth, choices + (slot >> SHIFT)] |= 1 << (slot & LAST_BIT)
    if m[UNUSED] > 0:
        _push_optional(ops, optionals, m, frames, wanted, tree, appends)


@inlined
def _want(ops: Array, optionals: Array, m: Array, wanted: Array) -> int:
    """Mark the values that open operations need; gives how many open appends there are."""
    stamp, used, appends = m[STAMP], PLACED + m[WORDS], 0
    slots = used + m[MORE]
    for slot in range(m[WIDTH]):
        i = m[slots + slot]
        if i >= 0 and (m[PLACED + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1 == 0:
            need = ops[i, NEED]
            if need >= 0:
                wanted[need] = stamp
            elif need == EXTENDS:
                appends += 1
    for j in range(m[UNUSED]):
        if (m[used + (j >> SHIFT)] >> (j & LAST_BIT)) & 1 == 0:
            need = ops[optionals[m[FIRST] + j], NEED]
            if need >= 0:
                wanted[need] = stamp
            elif need == EXTENDS:
                appends += 1
    return appends


@inlined
def _append_matters(m: Array, wanted: Array, tree: Tree, appends: int, string: int) -> bool:
    """Whether what an append leaves may be observed before it is overwritten (see the module)."""
    after = extended(tree, m[STATE], string, m[DEAD], m[ABSENT], m[EMPTY])
    if after == m[DEAD]:
        return False
    return bool(appends > 1 or wanted[after] == m[STAMP])


@inlined
def _push_optional(
    ops: Array,
    optionals: Array,
    m: Array,
    frames: Array,
    wanted: Array,
    tree: Tree,
    appends: int,
) -> None:
    """The optional operations that may be tried from the topmost frame."""
    depth, state, used = m[DEPTH] - 1, m[STATE], PLACED + m[WORDS]
    choices = F_MASKS + m[WORDS] + m[MORE] + m[WORDS]
    for j in range(m[UNUSED]):
        if (m[used + (j >> SHIFT)] >> (j & LAST_BIT)) & 1:
            continue
        i = optionals[m[FIRST] + j]
        before = ops[i, EARLIER]
        if before >= 0 and (m[used + (before >> SHIFT)] >> (before & LAST_BIT)) & 1 == 0:
            continue
        need, leave = ops[i, NEED], ops[i, LEAVE]
        if need >= 0:
            tried = need == state and leave != state
        elif need == ANY:
            tried = wanted[leave] == m[STAMP] or (appends > 0 and leave != m[DEAD])
        else:
            tried = _append_matters(m, wanted, tree, appends, leave)
        if tried:
            frames[depth, choices + (j >> SHIFT)] |= 1 << (j & LAST_BIT)


@inlined
def promising(
    ops: Array, optionals: Array, m: Array, frames: Array, tree: Tree, forcing: int
) -> int:
    """The most promising choice left: the forcing operation, then what makes it fit."""
    depth, both = m[DEPTH] - 1, m[WORDS] + m[MORE]
    choices, slots = F_MASKS + both, PLACED + both
    slot = ops[forcing, BIT]
    if not m[NEEDY_FIRST] and (frames[depth, choices + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1:
        return forcing
    best, least = -1, 4 * FAR_FUTURE
    want = ops[forcing, NEED]
    for slot in range(m[WIDTH]):
        if (frames[depth, choices + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1:
            i = m[slots + slot]
            score = ops[i, COMPLETED_AT]
            if m[NEEDY_FIRST] and ops[i, NEED] < 0:
                score += FAR_FUTURE // 4
            leave = ops[i, LEAVE] if ops[i, NEED] != EXTENDS else _left(ops, m, tree, i)
            if want >= 0 and leave != want:
                score += 2 * FAR_FUTURE
            if score < least:
                best, least = i, score
    if m[UNUSED] == 0 or least < FAR_FUTURE:
        return best
    choices += m[WORDS]
    for j in range(m[UNUSED]):
        if (frames[depth, choices + (j >> SHIFT)] >> (j & LAST_BIT)) & 1:
            i = optionals[m[FIRST] + j]
            helps = want < 0 or _left(ops, m, tree, i) == want
            score = FAR_FUTURE if helps else 3 * FAR_FUTURE
            if score < least:
                best, least = i, score
    return best


@inlined
def _left(ops: Array, m: Array, tree: Tree, i: int) -> int:
    """The value after an operation that fits."""
    if ops[i, NEED] == EXTENDS:
        return extended(tree, m[STATE], ops[i, LEAVE], m[DEAD], m[ABSENT], m[EMPTY])
    return int(ops[i, LEAVE])


@inlined
def place(ops: Array, m: Array, frames: Array, log: Array, tree: Tree, i: int) -> None:
    """Place an operation and strike it from the choices of the topmost frame."""
    word, mask = ops[i, BIT] >> SHIFT, 1 << (ops[i, BIT] & LAST_BIT)
    if ops[i, OPTIONAL]:
        word += m[WORDS]
    m[PLACED + word] |= mask
    frames[m[DEPTH] - 1, F_MASKS + m[WORDS] + m[MORE] + word] ^= mask
    log[m[LOG]] = 2 * i
    m[LOG] += 1
    m[STATE] = _left(ops, m, tree, i)
    if ops[i, NEED] == ANY:
        m[LAST] = m[POSITION]
