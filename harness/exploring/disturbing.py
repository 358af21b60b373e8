"""What happens to a test besides the order of tasks: late timers, timeouts, cancellation, splits.

Each is something that any machine does now and then:

* a timer rings up to `LATEST_S` late;
* a timeout strikes at any await of what it limits (if it is asked for): the work took long;
* a task is cancelled at any of its awaits (if its function is named);
* what was written in one piece is read in several.

Each such moment has a number of its own kind, and whether something happens there is drawn for it,
so that it can be left out alone when a failure is made small (`Departure`). Nothing happens under
seed 0. In half of the seeds a kind is at rest; in the others it strikes rarely or often.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import log10
from typing import NamedTuple

from splitbrain.harness.streams import stream

ORDER, LATE, TIMEOUT, CANCEL, SPLIT = "order", "late", "timeout", "cancel", "split"
KINDS = (LATE, TIMEOUT, CANCEL, SPLIT)

LATEST_S = 0.3
"""How late a timer rings at most, in seconds."""

SOONEST_S = 0.0001
"""How soon after its start a timeout strikes, at least, if it strikes while everybody waits."""

_RATES = {LATE: (0.05, 0.3), TIMEOUT: (0.02, 0.2), CANCEL: (0.02, 0.2), SPLIT: (0.1, 0.5)}
"""How often each happens where it may."""


class Departure(NamedTuple):
    """Something that is not as it would be by itself.

    Attributes:
        kind: `ORDER`, or one of `KINDS`.
        number: which of the moments of its kind, from 0.
    """

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may happen to a test.

    Attributes:
        late: timers may be late.
        split: reads may be split.
        timeouts: timeouts may strike at any await.
        cancel: the names of functions whose tasks may be cancelled, each once.
    """

    late: bool = True
    split: bool = True
    timeouts: bool = False
    cancel: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of what may happen."""
        wanted = {
            LATE: self.late,
            TIMEOUT: self.timeouts,
            CANCEL: bool(self.cancel),
            SPLIT: self.split,
        }
        return tuple(kind for kind in KINDS if wanted[kind])


NOTHING = Allowed(late=False, split=False)


class Disturbances:
    """Decides at each moment whether something happens, and keeps what did.

    Args:
        seed: what it is drawn from; nothing happens under 0.
        allowed: what may happen.
        departures: where it does; None: as drawn.
    """

    def __init__(
        self, seed: int, allowed: Allowed, departures: Collection[Departure] | None = None
    ) -> None:
        self.allowed = allowed
        self.happened: list[Departure] = []
        self._seed = seed
        self._given = None if departures is None else frozenset(departures)
        self._numbers = dict.fromkeys(KINDS, 0)
        dice = stream(seed, "disturbances")
        self._rates: dict[str, float] = {}
        for kind in KINDS:  # all are drawn, so that allowing one leaves the others
            rate, rests = dice.uniform(*_RATES[kind]), dice.random() < 0.5
            self._rates[kind] = 0.0 if rests or kind not in allowed.kinds or seed == 0 else rate

    def happens(self, kind: str) -> Departure | None:
        """Whether something of this kind happens at this moment; it is noted if it does."""
        number = self._numbers[kind]
        self._numbers[kind] += 1
        found = Departure(kind, number)
        if self._given is not None:
            happens = found in self._given
        else:
            rate = self._rates[kind]
            happens = rate > 0.0 and stream(self._seed, kind, number).random() < rate
        if not happens:
            return None
        self.happened.append(found)
        return found

    def amount(self, departure: Departure, low: float, high: float) -> float:
        """An amount between two, small ones as likely as large ones."""
        dice = stream(self._seed, departure.kind, departure.number, "amount")
        return float(10 ** dice.uniform(log10(low), log10(high)))

    def late(self) -> float:
        """How late the timer is that is being set, in seconds."""
        found = self.happens(LATE)
        return 0.0 if found is None else self.amount(found, 0.001, LATEST_S)

    def early(self, seconds: float) -> float | None:
        """After how many seconds a timeout of so many strikes; None: when it is due."""
        if seconds <= SOONEST_S:
            return None
        found = self.happens(TIMEOUT)
        return None if found is None else self.amount(found, SOONEST_S, seconds)

    def cut(self, size: int) -> int:
        """How many bytes of so many arrive together."""
        found = self.happens(SPLIT) if size > 1 else None
        if found is None:
            return size
        return stream(self._seed, SPLIT, found.number, "amount").randrange(1, size)
