"""Which records a log may have forgotten, as its servers announced it, and what is wrong with that.

An announcement, ``log-start``, is ``{"keys": names, "start": s, "epoch": e, "keeps": n}``: of the
logs of these keys, which share offsets, what stands before `s` is forgotten from now on; at least
`n` of what is there stays; and it is a leader of epoch `e` who says so. The last two are 0 unless
given. What was never announced is not forgotten but lost.

========================  ==========================================================================
nonmonotonic-log-start    in the order of epochs, and within one of time, a log's start goes back
early-retention           a send that was invoked after an announcement stands before the start that
                          it names, or among what was to stay: more was forgotten than there was
========================  ==========================================================================
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from splitbrain.checkers.history import Call, Operation
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.vocabulary import LOG_START

Key = Hashable


@dataclass(frozen=True, slots=True)
class Start:
    """An announcement.

    Attributes:
        event: where it is in the history.
        server: who says so.
        keys: whose logs.
        start: the offset of the first record that stays.
        epoch: the number of the leadership.
        keeps: how many offsets behind the start exist for sure.
    """

    event: int
    server: str
    keys: tuple[Key, ...]
    start: int
    epoch: int
    keeps: int


def read(events: Sequence[Operation]) -> list[Start]:
    """The announcements among what servers announced.

    Raises:
        ModelError: one is of another form.
    """
    return [_start(event) for event in events if event.f == LOG_START]


def _start(event: Operation) -> Start:
    value = event.value if isinstance(event.value, Mapping) else {}
    keys, start = value.get("keys"), value.get("start")
    epoch, keeps = value.get("epoch", 0), value.get("keeps", 0)
    are_keys = isinstance(keys, Sequence) and all(type(each) in (int, str) for each in keys)
    if isinstance(keys, list) and are_keys and type(start) is type(epoch) is type(keeps) is int:
        return Start(event.index, str(event.process), tuple(keys), start, epoch, keeps)
    raise ModelError(
        event.index,
        f"{event.process} announces {LOG_START} with value {shown(event.value)}; the value is "
        '{"keys": [names], "start": N, "epoch": N, "keeps": N}',
    )


class Forgotten:
    """What announcements allow.

    Args:
        starts: all of a history, in its order.
    """

    def __init__(self, starts: Sequence[Start]) -> None:
        self._events: dict[Key, list[int]] = {}
        self._furthest: dict[Key, list[int]] = {}
        for each in starts:
            for key in each.keys:
                furthest = self._furthest.setdefault(key, [])
                furthest.append(max([each.start, *furthest[-1:]]))
                self._events.setdefault(key, []).append(each.event)

    def before(self, key: Key, event: int | None) -> int:
        """The offset before which a log may be forgotten, by what was announced before an event; by
        all there is if that is None."""
        events = self._events.get(key)
        if not events:
            return 0
        at = len(events) if event is None else bisect_left(events, event)
        return self._furthest[key][at - 1] if at else 0


def went_back(starts: Sequence[Start]) -> Iterator[tuple[Key, Start, Start]]:
    """Announcements by which a log starts before where it had started: key, the furthest before,
    and that one."""
    of_key: dict[Key, list[Start]] = {}
    for each in starts:
        for key in each.keys:
            of_key.setdefault(key, []).append(each)
    for key, mine in of_key.items():
        mine.sort(key=lambda each: each.epoch)  # which keeps the order in time
        furthest = mine[0]
        for each in mine:
            if each.start < furthest.start:
                yield key, furthest, each
            else:
                furthest = each


def too_early(starts: Sequence[Start], key: Key, offset: int, send: Call) -> Start | None:
    """The first announcement that a send refutes: it was invoked later, and is not behind all that
    was there."""
    return next(
        (
            each
            for each in starts
            if key in each.keys
            and each.event < send.invoke_index
            and offset < each.start + each.keeps
        ),
        None,
    )
