"""Which operations may come next: rules 2 to 4 of `splitbrain.checkers.linearizability.searching`,
over arrays.

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

from splitbrain.checkers.kernels import borrowing, inlined
from splitbrain.checkers.linearizability.compiled._memo_kernels import mixed
from splitbrain.checkers.linearizability.compiled._trie_kernels import extended
from splitbrain.checkers.linearizability.compiled.layout import (
    ABSENT,
    ANY,
    APPENDS,
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
    F_NARROW,
    F_POSITION,
    F_STATE,
    F_UNUSED,
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
    VARIANT,
    WAITING,
    WHERE,
    WORDS,
    Array,
    Tree,
)

SPREAD = 127
"""By how many events, at most, chance changes which operation completes first."""


@inlined
def push(
    ops: Array, m: Array, frames: Array, wanted: Array, tree: Tree, forcing: int
) -> tuple[int, int]:
    """Put the configuration on the stack, with what may be tried from it (rules 2 to 4).

    Optional operations are left for `_widen`. If there is but one choice, there is nothing to come
    back for, and the stack is left as it was.

    Returns:
        A choice to make at once, struck from those of the frame, and the value after it; -1 if
        `promising` has to choose, or there is none.
    """
    depth, both = m[DEPTH], m[WORDS] + m[MORE]
    frames[depth, F_POSITION], frames[depth, F_STATE] = m[POSITION], m[STATE]
    frames[depth, F_LAST], frames[depth, F_LOG] = m[LAST], m[LOG]
    frames[depth, F_UNUSED] = m[UNUSED]
    # Rule 3: whether the forcing operation may go in before the last blind one, after the fact.
    after = ops[forcing, NEED] < 0 and ops[forcing, INVOKED_AT] < m[LAST]
    frames[depth, F_AFTER] = 1 if after else 0
    # What optional operations add is looked for when all else has failed: mostly they never
    # happened, and there may be hundreds of them.
    frames[depth, F_NARROW] = 1 if m[UNUSED] > 0 else 0
    for i in range(both):
        frames[depth, F_MASKS + i] = m[PLACED + i]
        frames[depth, F_MASKS + both + i] = 0
    choices, first = F_MASKS + both, PLACED + both
    # The best choice is found in the same walk: in a valid history the first one tried is mostly
    # right, and its frame is not looked at again.
    count, best, value, least = 0, -1, -1, 4 * FAR_FUTURE
    want = ops[forcing, NEED]
    for at in range(first, first + m[WAITING]):
        i = m[at]
        left = _left_if_tried(ops, m, wanted, tree, m[APPENDS], forcing, i)
        if left >= 0:
            slot = int(ops[i, BIT])
            frames[depth, choices + (slot >> SHIFT)] |= 1 << (slot & LAST_BIT)
            count += 1
            score = _score(ops, m, forcing, want, i, left)
            if score < least:
                best, value, least = i, left, score
    if m[UNUSED] > 0:
        # `_widen` may not add again what has been tried since: it is told what there was.
        for i in range(m[WORDS]):
            frames[depth, choices + both + i] = frames[depth, choices + i]
    elif count == 1 and not after:
        return best, value
    m[DEPTH] += 1
    # To insert is tried first, since it changes no state (`_go_on`). And where nothing required
    # makes the forcing operation fit, an optional one may: that is for `promising` to see.
    if after or (m[UNUSED] > 0 and least >= FAR_FUTURE):
        return -1, -1
    if best >= 0:
        slot = int(ops[best, BIT])
        frames[depth, choices + (slot >> SHIFT)] ^= 1 << (slot & LAST_BIT)
    return best, value


@inlined
def _left_if_tried(
    ops: Array, m: Array, wanted: Array, tree: Tree, appends: int, forcing: int, i: int
) -> int:
    """The value after an open operation, if that is to be tried next; else -1."""
    need, leave = ops[i, NEED], int(ops[i, LEAVE])
    # What fits and changes nothing has been placed already (rule 1).
    if need >= 0:
        return leave if need == m[STATE] and leave != need else -1
    # Rule 2: a blind operation is tried if somebody waits for what it leaves. An append fits
    # whatever it leaves, and may make of it what somebody waits for.
    if need == ANY:
        tried = wanted[leave] == m[STAMP] or (appends > 0 and leave != m[DEAD])
        return leave if tried or i == forcing else -1
    leave = extended(tree, m[STATE], leave, m[DEAD], m[ABSENT], m[EMPTY])
    # Whether what an append leaves may be observed before it is overwritten: see the module.
    tried = leave != m[DEAD] and (appends > 1 or wanted[leave] == m[STAMP])
    return leave if tried or i == forcing else -1


@inlined
def _score(ops: Array, m: Array, forcing: int, want: int, i: int, left: int) -> int:
    """How promising an open operation is, the less the more: what makes the forcing one fit."""
    if i == forcing and not m[NEEDY_FIRST]:
        return -1
    # Just in time: who completes first must be placed first.
    score = int(ops[i, COMPLETED_AT])
    if m[VARIANT] > 2:  # where the search is stuck, chance does better than any rule
        score += (mixed(m[VARIANT], i) >> 8) & SPREAD
    # What needs a value fits now and perhaps never again; what needs none fits later as well. Where
    # the search is stuck, `searching` has it the other way round.
    if m[NEEDY_FIRST] and ops[i, NEED] < 0:
        score += FAR_FUTURE // 4
    # The forcing operation could not follow: only if nothing else is left.
    if want >= 0 and left != want:
        score += 2 * FAR_FUTURE
    return score


@inlined
def want(ops: Array, wanted: Array, stamp: int, i: int) -> int:
    """Mark the value that an open operation needs; gives 1 if it is an append, else 0."""
    need = ops[i, NEED]
    if need >= 0:
        wanted[need] = stamp
    return 1 if need == EXTENDS else 0


@inlined
def _want_required(ops: Array, m: Array, wanted: Array) -> int:
    """Mark the values that waiting operations need; gives how many appends there are."""
    stamp, appends = m[STAMP], 0
    first = PLACED + m[WORDS] + m[MORE]
    for at in range(first, first + m[WAITING]):
        appends += want(ops, wanted, stamp, m[at])
    return appends


@inlined
def _want_optional(ops: Array, optionals: Array, m: Array, wanted: Array) -> int:
    """Mark the values that optional operations need; gives how many appends there are."""
    stamp, used, appends = m[STAMP], PLACED + m[WORDS], 0
    for j in range(m[UNUSED]):
        if (m[used + (j >> SHIFT)] >> (j & LAST_BIT)) & 1 == 0:
            appends += want(ops, wanted, stamp, optionals[m[FIRST] + j])
    return appends


@borrowing
def _widen(
    ops: Array,
    optionals: Array,
    m: Array,
    frames: Array,
    wanted: Array,
    tree: Tree,
    forcing: int,
) -> None:
    """Add what may be tried from the topmost frame because there are optional operations.

    These themselves, and required ones that only they make worth trying.
    """
    depth, both = m[DEPTH] - 1, m[WORDS] + m[MORE]
    frames[depth, F_NARROW] = 0
    # With optional operations more values are wanted than `_advance` marked.
    m[STAMP] += 1
    appends = _want_required(ops, m, wanted) + _want_optional(ops, optionals, m, wanted)
    choices, first = F_MASKS + both, PLACED + both
    for at in range(first, first + m[WAITING]):
        i = m[at]
        bit = int(ops[i, BIT])
        word, mask = bit >> SHIFT, 1 << (bit & LAST_BIT)
        # It was among the choices without the optional ones, and may have been tried.
        if frames[depth, choices + both + word] & mask:
            continue
        if _left_if_tried(ops, m, wanted, tree, appends, forcing, i) >= 0:
            frames[depth, choices + word] |= mask
    choices, used = choices + m[WORDS], PLACED + m[WORDS]
    for j in range(m[UNUSED]):
        word, mask = j >> SHIFT, 1 << (j & LAST_BIT)
        if m[used + word] & mask:
            continue
        i = optionals[m[FIRST] + j]
        before = int(ops[i, EARLIER])
        # Rule 4: an interchangeable one goes first, and has not been used.
        if before >= 0 and (m[used + (before >> SHIFT)] >> (before & LAST_BIT)) & 1 == 0:
            continue
        if _left_if_tried(ops, m, wanted, tree, appends, -1, i) >= 0:
            frames[depth, choices + word] |= mask


@inlined
def promising(
    ops: Array,
    optionals: Array,
    m: Array,
    frames: Array,
    wanted: Array,
    tree: Tree,
    forcing: int,
) -> int:
    """The most promising choice left, or -1: the forcing operation, then what makes it fit."""
    depth, both = m[DEPTH] - 1, m[WORDS] + m[MORE]
    choices, first = F_MASKS + both, PLACED + both
    best, least = -1, 4 * FAR_FUTURE
    want = ops[forcing, NEED]
    # Once among what is there, and once more when `_widen` has added to it.
    for again in range(2):
        for at in range(first, first + m[WAITING]):
            i = m[at]
            slot = int(ops[i, BIT])
            if (frames[depth, choices + (slot >> SHIFT)] >> (slot & LAST_BIT)) & 1:
                score = _score(ops, m, forcing, want, i, _left(ops, m, tree, i))
                if score < least:
                    best, least = i, score
        if least < FAR_FUTURE or m[UNUSED] == 0:
            return best
        if again or frames[depth, F_NARROW] == 0:
            break
        _widen(ops, optionals, m, frames, wanted, tree, forcing)
    choices += m[WORDS]
    for j in range(m[UNUSED]):
        if (frames[depth, choices + (j >> SHIFT)] >> (j & LAST_BIT)) & 1:
            i = optionals[m[FIRST] + j]
            # Beyond all required ones that help, and before all that do not.
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
    bit = int(ops[i, BIT])
    word, mask = bit >> SHIFT, 1 << (bit & LAST_BIT)
    if ops[i, OPTIONAL]:
        word += m[WORDS]
        m[PLACED + word] |= mask
    else:
        take(ops, m, i)
    # Whatever comes of it, it is not tried from this configuration again.
    frames[m[DEPTH] - 1, F_MASKS + m[WORDS] + m[MORE] + word] ^= mask
    enter(ops, m, log, i, _left(ops, m, tree, i))


@inlined
def enter(ops: Array, m: Array, log: Array, i: int, value: int) -> None:
    """Put an operation into the log, and take over the value that it leaves."""
    log[m[LOG]] = 2 * i
    m[LOG] += 1
    m[STATE] = value
    if ops[i, NEED] == ANY:
        # Rule 3 may insert before it what had begun by then.
        m[LAST] = m[POSITION]


@inlined
def take(ops: Array, m: Array, i: int) -> None:
    """Let a required operation wait no more: it is placed."""
    mark(ops, m, i)
    # Their order says nothing, so the last one takes the free place.
    m[WAITING] -= 1
    move(ops, m, PLACED + m[WORDS] + m[MORE] + m[WAITING], ops[i, WHERE])


@inlined
def mark(ops: Array, m: Array, i: int) -> None:
    """Set the bit of a required operation that is placed."""
    slot = int(ops[i, BIT])
    m[PLACED + (slot >> SHIFT)] |= 1 << (slot & LAST_BIT)


@inlined
def move(ops: Array, m: Array, start: int, end: int) -> None:
    """Move a waiting operation from one place in the machine to another."""
    moved = m[start]
    m[end] = moved
    ops[moved, WHERE] = end
