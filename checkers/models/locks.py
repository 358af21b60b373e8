"""Locks: a mutex, a semaphore, and a lock that hands out fencing tokens.

*Mutex* (``acquire``, ``release``; knossos.model ``mutex``): acquire needs it free, release needs it
held. Who holds it is not part of the state: knossos's isn't either, for a client whose acquire is
indeterminate goes on as another process.

*Semaphore* (Dijkstra, 1965; ``acquire``, ``release``): so many permits, of which acquire takes one
and release gives one back. With one permit it is a mutex.

*Fenced lock* (``acquire`` gives a token, ``release`` may name one): every token is greater than all
before it, so that a storage service can refuse those who hold an older one (Kleppmann, *Designing
Data-Intensive Applications*, chapter 8, "Fencing tokens"). A release that names a token needs that
one to be held. An indeterminate acquire took some token, nobody knows which: a later one is greater
by two at least, since tokens are integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models.model import ModelError, State, Step, event_of, shown, unknown

OPERATIONS = ("acquire", "release")

# Who holds it: nobody, somebody with a known token, somebody with a token at least as great as
# the second element. Otherwise the second element is the greatest token so far, or None.
_Fence = tuple[str, int | None]
_FREE, _HELD, _UNCERTAIN = "free", "held", "held by somebody"


@dataclass(frozen=True, slots=True)
class Mutex:
    """The mutex model; see the module. Its states are the words free and held."""

    name: str = "mutex"
    per_key: bool = True

    @property
    def initial(self) -> State:
        """Free."""
        return _FREE

    @property
    def states(self) -> Sequence[State]:
        """See `splitbrain.checkers.models.model.Enumerable`."""
        return _FREE, _HELD

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        if call.f == "acquire":
            return state == _FREE, _HELD
        return state == _HELD, _FREE

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return False

    def check(self, call: Call) -> None:
        """See `Model.check`. Values are not looked at."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        return call.f


@dataclass(frozen=True, slots=True)
class Semaphore:
    """The semaphore model; see the module. Its states are how many permits are taken.

    Attributes:
        permits: how many there are.
    """

    permits: int = 2
    name: str = "semaphore"
    per_key: bool = True

    @property
    def initial(self) -> State:
        """None is taken."""
        return 0

    @property
    def states(self) -> Sequence[State]:
        """See `splitbrain.checkers.models.model.Enumerable`."""
        return tuple(range(self.permits + 1))

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        taken: int = state  # type: ignore[assignment]
        if call.f == "acquire":
            return taken < self.permits, taken + 1
        return taken > 0, taken - 1

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return False

    def check(self, call: Call) -> None:
        """See `Model.check`. Values are not looked at."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        return call.f


@dataclass(frozen=True, slots=True)
class FencedLock:
    """The fenced lock model; see the module."""

    name: str = "fenced-lock"
    per_key: bool = True

    @property
    def initial(self) -> State:
        """Free, no token handed out."""
        return (_FREE, None)

    def step(self, state: State, call: Call) -> Step:
        """See `Model.step`."""
        fence: _Fence = state  # type: ignore[assignment]
        holder, last = fence
        if call.f == "acquire":
            return _acquired(holder, last, call.result if call.outcome == "ok" else None)
        token = call.argument
        if holder == _FREE:
            return False, state
        if token is None:
            return True, (_FREE, last)
        fits = token == last if holder == _HELD else last is None or token >= last
        return fits, (_FREE, token)

    def pure(self, f: str) -> bool:
        """See `Model.pure`."""
        return False

    def check(self, call: Call) -> None:
        """See `Model.check`."""
        if call.f not in OPERATIONS:
            raise unknown(self.name, OPERATIONS, call)
        if call.f == "acquire" and call.outcome == "ok" and type(call.result) is not int:
            raise ModelError(
                event_of(call),
                f"an ok acquire of a fenced lock gives its token, an integer, not "
                f"{shown(call.result)}; for a lock without tokens choose mutex",
            )
        if call.f == "release" and not _is_token(call.argument):
            raise ModelError(
                call.invoke_index,
                f"the value of release is the token to give back, an integer, or null, not "
                f"{shown(call.argument)}",
            )

    def describe(self, call: Call) -> str:
        """See `Model.describe`."""
        if call.f == "acquire":
            return f"acquire → {call.result}" if call.outcome == "ok" else "acquire"
        return "release" if call.argument is None else f"release {call.argument}"


def _acquired(holder: str, last: int | None, token: int | None) -> Step:
    """The step of an acquire that was given this token, or one that nobody knows."""
    if token is None:
        return holder == _FREE, (_UNCERTAIN, None if last is None else last + 1)
    return holder == _FREE and (last is None or token > last), (_HELD, token)


def _is_token(value: Any) -> bool:
    return value is None or type(value) is int


def mutex() -> Mutex:
    """A mutex, free at first."""
    return Mutex()


def semaphore(permits: int = 2) -> Semaphore:
    """A semaphore with so many permits, none of them taken at first.

    Raises:
        ValueError: there are no permits.
    """
    if permits < 1:
        raise ValueError(f"permits is {permits}: a semaphore has one at least")
    return Semaphore(permits)


def fenced_lock() -> FencedLock:
    """A lock with fencing tokens, free at first."""
    return FencedLock()
