"""Runs the search's kernels over all keys of a history, within a budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history.columns import Int32, Int64
from splitbrain.checkers.linearizability.compiled import _log_kernels, _search_kernels
from splitbrain.checkers.linearizability.compiled import layout as k
from splitbrain.checkers.linearizability.compiled._memo_kernels import T_MASKS
from splitbrain.checkers.linearizability.compiled.layout import Tree
from splitbrain.checkers.linearizability.limits import UNLIMITED, Limits

_SLICE = 20_000
"""Configurations explored before it is looked whether the search is stuck, or was told to stop."""
_LONG = 75_000
"""Configurations of one key after which it is asked whether that is decided elsewhere."""
_REMEMBERED = 2_000
"""Events for which configurations are remembered when there is no memory for more.

A search seldom goes back farther. If it does, it may explore some again, which is slow, not wrong.
"""
_JUMP, _FARTHEST, _SWEEP, _PATIENT, _JUMPS = 50, 1_000, 6, 3, 60
"""How many events a search that is stuck goes back first and at most; after how many times it
begins anew, with four times the patience, and how often that grows; how often it goes back in all.
"""
_BEGINNINGS = 3
"""How often a key is begun before it is left for want of memory."""
_ROWS = 1 << 11


def no_strings() -> Tree:
    """The tree of a problem without appends."""
    return (
        np.zeros((1, 4), dtype=np.int32),
        np.zeros(1, dtype=np.int64),
        np.zeros(1, dtype=np.uint8),
    )


def undecided(keys: int) -> Int64:
    """Rows for keys of which nothing is known yet, and one more."""
    rows = np.zeros((keys + 1, k.LENGTH + 1), dtype=np.int64)
    rows[:, k.BLOCKED] = -1
    return rows


class Advice:
    """What a search that takes long can ask; this one never knows."""

    def hopeless(self, key: int) -> int:
        """Asked once for a key, after many dead ends: its event that no order can pass, if known.

        A key that is linearizable seldom comes to that.
        """
        return k.FAR_FUTURE

    def elsewhere(self, key: int) -> bool:
        """Asked once for each key that takes very long: whether it is decided without this search.

        The search then leaves it `EXHAUSTED`.
        """
        return False


@dataclass(slots=True)
class Problems:
    """All problems of a history, laid out as `layout` says.

    Attributes:
        events: events, key by key.
        ops: operations, key by key.
        keys: keys; the search fills its last columns.
        optionals: operations that need not happen, key by key.
        values: how many values there are.
        log: room for a linearization of each key.
        best: room for the longest prefix of one.
        tree: strings, for appends.
        absent: the value of an absent key, if there are strings.
    """

    events: Int32
    ops: Int32
    keys: Int64
    optionals: Int32
    values: int
    log: Int32
    best: Int32
    tree: Tree = field(default_factory=no_strings)
    absent: int = -1

    def order(self, key: int) -> Int32:
        """The operations placed for a key: all if it was found linearizable, else the most."""
        start, length = int(self.keys[key, k.OPERATIONS]), int(self.keys[key, k.LENGTH])
        log = self.log if self.keys[key, k.STATUS] == k.FOUND else self.best
        out = np.empty(length, dtype=np.int32)
        run = kernels.of(_log_kernels, size=kernels.ALWAYS)
        run.ordered(self.ops, log[start : start + length], out)
        return out


def search_all(p: Problems, limits: Limits, advice: Advice) -> None:
    """Search every key; what became of each is in ``p.keys`` afterwards.

    Args:
        p: the problems.
        limits: when to stop. Keys not decided by then are `OPEN` or `EXHAUSTED`.
        advice: asked when the search takes long.

    Raises:
        KeyboardInterrupt: somebody pressed Ctrl-C; keys searched before are decided.
    """
    run = kernels.of(_search_kernels, size=kernels.ALWAYS)
    words = np.maximum(1, -(-p.keys[:-1, k.SLOTS] // k.BITS))
    more = -(-np.diff(p.keys[:, k.OPTIONALS]) // k.BITS)
    wanted = np.zeros(p.values + 1, dtype=np.int64)
    stamp = 0
    for shape in sorted(set(zip(words.tolist(), more.tolist(), strict=True))):
        chosen = np.flatnonzero((words == shape[0]) & (more == shape[1]))
        search = _Search(run, p, limits, advice, chosen, wanted, *shape)
        search.machine[k.STAMP] = stamp
        search.run()
        if limits.stopped:
            return
        stamp = int(search.machine[k.STAMP])


class _Search:
    """A search of keys whose masks are equally wide."""

    def __init__(
        self,
        compiled: Any,
        p: Problems,
        limits: Limits,
        advice: Advice,
        chosen: Int64,
        wanted: Int64,
        words: int,
        more: int,
    ) -> None:
        self.compiled, self.p, self.limits, self.chosen = compiled, p, limits, chosen
        self.wanted, self.words, self.advice = wanted, words, advice
        self.asked = -1
        self.stuck_at, self.jumps = (-1, -1), 0
        self.begun = (-1, 0)
        slots = max(int(p.keys[chosen, k.SLOTS].max(initial=0)), 1)
        self.machine = np.zeros(k.PLACED + words + more + slots, dtype=np.int64)
        self.machine[k.WORDS], self.machine[k.MORE] = words, more
        self.machine[k.LIMIT] = limits.budget.configurations
        self.machine[k.DEAD], self.machine[k.ABSENT] = p.values, p.absent
        self.table = np.zeros((_ROWS, T_MASKS + words + more), dtype=np.int64)
        # Every frame places an operation. Memory that is never touched takes no room.
        deepest = 1 + int((p.keys[chosen + 1, k.OPERATIONS] - p.keys[chosen, k.OPERATIONS]).max())
        width = k.F_MASKS + 2 * (words + more) + words
        self.frames = np.empty((deepest, width), dtype=np.int64)

    def run(self) -> None:
        """Search the keys, or as many as the limits allow."""
        try:
            self._run()
        finally:
            if self.machine[k.AT] < len(self.chosen) and self.machine[k.MODE] != k.START:
                self._save_furthest()

    def _run(self) -> None:
        m = self.machine
        while True:
            m[k.STOP] = m[k.STAMP] + (_SLICE << 2 * min(self.jumps // _SWEEP, _PATIENT))
            why = self._go_on()
            if why == k.DONE or (why == k.PAUSED and self.limits.look()):
                return
            if why == k.PAUSED and m[k.DEAD_ENDS] >= m[k.PATIENCE]:
                self._ask_what_is_hopeless()
            elif why == k.PAUSED:
                self._reconsider()
            elif not self._make_room():
                self._begin_again()

    def _make_room(self) -> bool:
        """Make the table larger, or else forget what was met long ago; whether there is room."""
        rows, width = self.table.shape
        stack = int(self.machine[k.DEPTH]) * self.frames.strides[0]
        grows = 3 * self.table.nbytes + stack <= self.limits.budget.memory
        table = np.zeros((2 * rows if grows else rows, width), dtype=np.int64)
        least = 0 if grows else max(int(self.machine[k.POSITION]) - _REMEMBERED, 0)
        kept = self.compiled.rehash(self.table, table, self.words, least)
        room = 4 * kept <= len(table)
        if not room and not self.machine[k.CAREFUL]:  # it is not complete anyway: forget all
            table[:], kept, room = 0, 0, True
        self.table, self.machine[k.ENTRIES] = table, kept
        return bool(room)

    def _begin_again(self) -> None:
        """Where a careful search has no room, begin again without care, or leave the key.

        By then chance tries other ways than before.
        """
        m, key = self.machine, int(self.chosen[self.machine[k.AT]])
        self.begun = (key, self.begun[1] + 1 if self.begun[0] == key else 1)
        if self.begun[1] == _BEGINNINGS:
            self.limits.out_of_memory = True
            self._leave()
            return
        m[k.MODE], m[k.CAREFUL], m[k.ENTRIES] = k.START, 0, 0
        self.table[:] = 0

    def _ask_what_is_hopeless(self) -> None:
        """Ask it, and leave this key if it has come as far as it can."""
        m, key = self.machine, int(self.chosen[self.machine[k.AT]])
        m[k.PATIENCE] = UNLIMITED
        m[k.HOPELESS_AT] = self.advice.hopeless(key)
        if m[k.FAR] >= m[k.HOPELESS_AT]:
            self._leave(k.NONE)

    def _reconsider(self) -> None:
        """Tell how far it is; ask whether this key is decided otherwise, if it takes long."""
        keys, key = self.p.keys, int(self.chosen[self.machine[k.AT]])
        events = np.diff(keys[:, k.EVENTS])
        decided = int(events[keys[:-1, k.STATUS] != k.OPEN].sum())
        here = int(self.machine[k.FAR] - keys[key, k.EVENTS])
        self.limits.tell((decided + here) / max(len(self.p.events), 1))
        self._jump_if_stuck(key)
        long = self.machine[k.EXPLORED] >= max(_LONG, 4 * events[key])
        if long and self.asked != key:
            self.asked = key
            self._save_furthest()
            if self.advice.elsewhere(key):
                self._leave()

    def _jump_if_stuck(self, key: int) -> None:
        """Go back a stretch, where this key's search came no farther for long, and try otherwise.

        A choice long ago can make a completion impossible to pass, and below it there may be more
        configurations than anybody can explore. Each time in a row it goes back twice as far, up to
        a limit. If nothing helps, all is searched again, and nothing left out.
        """
        m, stuck = self.machine, (key, int(self.machine[k.FAR]))
        if stuck != self.stuck_at:
            self.stuck_at, self.jumps = stuck, 0
            return
        if m[k.CAREFUL]:
            return
        target = int(m[k.FAR]) - min(_JUMP << (self.jumps % _SWEEP), _FARTHEST)
        if self.jumps == _JUMPS:
            target = -1
        self.jumps += 1
        # Positions on the stack never decrease.
        positions = self.frames[: m[k.DEPTH], k.F_POSITION]
        m[k.DEPTH] = m[k.TAINTED] = np.searchsorted(positions, target, side="right")
        m[k.MODE], m[k.SKIPPED], m[k.NEEDY_FIRST] = k.BACKWARD, 1, 1 - m[k.NEEDY_FIRST]
        m[k.VARIANT] += 1

    def _save_furthest(self) -> None:
        """Bring what is known of the furthest dead end up to date."""
        self.compiled.save(self.machine, self.p.log, self.p.best)
        keys, key = self.p.keys, self.chosen[self.machine[k.AT]]
        keys[key, k.LENGTH] = self.machine[k.FAR_LOG] - keys[key, k.OPERATIONS]

    def _leave(self, status: int = k.EXHAUSTED) -> None:
        """Leave this key and go on with the next."""
        self._save_furthest()
        self.p.keys[self.chosen[self.machine[k.AT]], k.STATUS] = status
        self.machine[k.AT] += 1
        self.machine[k.MODE], self.machine[k.CAREFUL], self.machine[k.VARIANT] = k.START, 0, 0

    def _go_on(self) -> int:
        p = self.p
        why: int = self.compiled.run(
            *(p.events, p.ops, p.keys, p.optionals, self.machine, self.table, self.frames),
            *(self.wanted, p.tree, p.log, p.best, self.chosen),
        )
        return why
