"""What a checker says of a history, as data.

A verdict is one of three words, never a boolean:

* **valid**: the property was exercised and holds, and the certificate shows how;
* **invalid**: the property is broken, and each anomaly has a witness: the operations, events or
  figures that show it. Without one there is no such verdict: making it is an error;
* **unknown**: nothing can be said, and ``reason`` says why: a budget ran out, or the history
  exercised nothing (an empty history is unknown, never valid).

Verdicts are plain data: they go to ``verdict.json`` and come back equal, so reports and later
versions work from files alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar, overload

from splitbrain.checkers.history import History

_Kind = TypeVar("_Kind", str, int, list[Any], dict[str, Any])


class Validity(StrEnum):
    """The three possible outcomes of a check."""

    VALID = "valid"
    INVALID = "invalid"
    UNKNOWN = "unknown"


VALID, INVALID, UNKNOWN = Validity.VALID, Validity.INVALID, Validity.UNKNOWN

_SEVERITY = {VALID: 0, UNKNOWN: 1, INVALID: 2}


class Shape(StrEnum):
    """What the evidence for an anomaly looks like, so that a report knows how to draw it.

    A report dispatches on `Anomaly.shape` and on nothing else: neither on checkers' names nor on
    kinds of anomalies. ``details`` has what the shape needs; all but ``operations`` may be missing
    from verdicts of users' own checkers, which then have the shape ``operations``.
    """

    OPERATIONS = "operations"
    """Operations in time, as intervals. ``details`` may have ``window`` (indices of the operations
    concerned), ``candidates`` (each an ``operation`` and ``why`` it can't come next),
    ``last_linearized`` (indices, in order) and ``key``."""

    CYCLE = "cycle"
    """A cycle of transactions. ``details["transactions"]`` has each one's ``name``, ``operation``
    (index) and ``micro-operations``; ``details["cycle"]`` (``cycle of predicates``, ``commit
    order``) has the steps with what each rests on and, in ``because``, a sentence."""

    ELEMENTS = "elements"
    """The lives of elements of a collection: who added each, which reads have it.
    ``details["elements"]`` lists them, or else ``operations`` are the adds; ``key`` as above."""

    REPLICAS = "replicas"
    """Final states of replicas side by side; they are read from the history's replica states."""

    LEADERS = "leaders"
    """Announcements of leaders by term; they are read from the run's events."""


_SHAPES = {str(shape): shape for shape in Shape}
"""By name; what is written without one, or by another version, can be drawn as operations."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One way in which a history breaks a property.

    Attributes:
        kind: the standard name of the anomaly ("nonlinearizable", "lost", "stale", "diverged",
            ...).
        message: one sentence in plain English that names values, processes and times.
        operations: history indices (``Operation.index``) of the events concerned, in order.
        details: whatever a report needs to draw it; JSON-able.
        shape: what that looks like.
    """

    kind: str
    message: str
    operations: tuple[int, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = Shape.OPERATIONS


class _MadeWhenRead:
    """A field that is given as data, or as a function that makes them when they are first read.

    A certificate can have an order of a million operations, which is an array until somebody wants
    to have JSON.
    """

    @overload
    def __get__(self, verdict: None, owner: type[Verdict]) -> None: ...
    @overload
    def __get__(self, verdict: Verdict, owner: type[Verdict]) -> Mapping[str, Any]: ...
    def __get__(self, verdict: Verdict | None, owner: type[Verdict]) -> Mapping[str, Any] | None:
        if verdict is None:  # the dataclass asks for the field's default
            return None
        given = verdict.__dict__["certificate"]
        if callable(given):
            given = verdict.__dict__["certificate"] = given()
        made: Mapping[str, Any] = given
        return made

    def __set__(
        self, verdict: Verdict, given: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None
    ) -> None:
        verdict.__dict__["certificate"] = {} if given is None else given


@dataclass(frozen=True)
class Verdict:
    """The outcome of one checker on one history.

    Attributes:
        checker: the checker's name, with its model ("linearizable(cas-register)").
        validity: valid, invalid or unknown.
        reason: one sentence: what holds, what is broken, or why it is unknown.
        anomalies: what is broken, worst first, each with a witness; empty unless invalid.
        certificate: what independent code needs to re-check the verdict; JSON-able. It may be
            given as a function that makes it when it is first read.
        coverage: what was exercised, by name (operations by outcome, keys, reads, ...).
        cost: algorithm chosen, configurations explored, limits hit.

    Raises:
        ValueError: it is invalid and has no anomaly, or one without operations and details: nobody
            could see why.
    """

    checker: str
    validity: Validity
    reason: str
    anomalies: tuple[Anomaly, ...] = ()
    certificate: _MadeWhenRead = _MadeWhenRead()
    coverage: Mapping[str, int] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.validity is not INVALID:
            return
        shown = [anomaly.operations or anomaly.details for anomaly in self.anomalies]
        if not shown or not all(shown):
            raise ValueError(
                f"{self.checker}: an invalid verdict without a witness: each of its anomalies must "
                "name operations, or have details, that show it"
            )

    def __getstate__(self) -> dict[str, Any]:
        """The verdict as it is pickled and copied: with its certificate made."""
        return {**self.__dict__, "certificate": self.certificate}

    @property
    def signature(self) -> str:
        """What makes two failures the same failure: checker and kind of its first anomaly."""
        if self.validity is not INVALID:
            return ""
        return f"{self.checker}/{self.anomalies[0].kind}"

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON-able data; `from_json` is its inverse."""
        return {
            "checker": self.checker,
            "validity": str(self.validity),
            "reason": self.reason,
            "signature": self.signature,
            "anomalies": [
                {
                    "kind": anomaly.kind,
                    "message": anomaly.message,
                    "operations": list(anomaly.operations),
                    "details": dict(anomaly.details),
                    "shape": str(anomaly.shape),
                }
                for anomaly in self.anomalies
            ],
            "certificate": dict(self.certificate),
            "coverage": dict(self.coverage),
            "cost": dict(self.cost),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_json` wrote.

        Raises:
            KeyError: a field is missing.
            TypeError: a field is not of the type that it must have.
            ValueError: the validity is none of the three, or it is invalid without a witness.
        """
        return cls(
            checker=_field(data, "checker", str),
            validity=Validity(_field(data, "validity", str)),
            reason=_field(data, "reason", str),
            anomalies=tuple(_anomaly(a) for a in _field(data, "anomalies", list)),
            certificate=_certificate(data),
            coverage={
                str(name): _field(data["coverage"], name, int)
                for name in _field(data, "coverage", dict)
            },
            cost=_field(data, "cost", dict),
        )


_ORDERS = frozenset({"order", "prefix", "dependencies"})
"""Fields of our certificates that hold an order: indices of operations."""

_WITH_ORDERS = ("linearizable(", "sequential(", "list-append", "rw-register", "predicate-reads")


def _certificate(data: Any) -> dict[str, Any]:
    """The certificate; the orders in ours are lists of operations, whoever reads them."""
    certificate = _field(data, "certificate", dict)
    unseen: list[Any] = [certificate] if data["checker"].startswith(_WITH_ORDERS) else []
    while unseen:
        for name, value in unseen.pop().items():
            if name in _ORDERS:
                order = _field({name: value}, name, list)
                if not all(type(index) is int for index in order):
                    raise TypeError(f"{name!r} in its certificate holds more than operations")
            found = value if isinstance(value, list) else [value]
            unseen += [each for each in found if isinstance(each, dict)]
    return certificate


def _anomaly(data: Any) -> Anomaly:
    operations = _field(data, "operations", list)
    return Anomaly(
        kind=_field(data, "kind", str),
        message=_field(data, "message", str),
        operations=tuple(_field(operations, at, int) for at in range(len(operations))),
        details=_field(data, "details", dict),
        shape=_SHAPES.get(str(data.get("shape")), Shape.OPERATIONS),
    )


def _field(data: Any, name: Any, kind: type[_Kind]) -> _Kind:
    """A field of recorded data, which somebody may have edited."""
    if not isinstance(data, list if isinstance(name, int) else Mapping):
        raise TypeError(f"where {name!r} should be there is a {type(data).__name__}")
    value = data[name]
    if type(value) is not kind:
        raise TypeError(f"{name!r} is of type {type(value).__name__}, not {kind.__name__}")
    return value


class Checker(Protocol):
    """A property of histories: any object with a name and a ``check`` method.

    One that compares servers may also say, as ``least_servers``, how many there must be; runs of
    fewer are not judged by it. One that says what becomes of replicas in the end is ``eventual``:
    runs whose dead nobody claimed to survive are not judged by it. One that judges what is told
    beside operations may say, as ``needs_events``, the ``f`` of those events, and one that judges
    certain operations theirs, as ``needs_operations``; runs that have none are not judged by it. So
    is one with ``needs_coverage``, a name in its verdicts' coverage, where that counts nothing.
    """

    @property
    def name(self) -> str:
        """The name that verdicts carry, e.g. ``linearizable(cas-register)``."""
        ...

    def check(self, history: History) -> Verdict:
        """Judge a history. Never raises for what the history says, only for what it isn't."""
        ...


def worst(verdicts: Iterable[Verdict]) -> Validity:
    """The validity of several verdicts together: invalid over unknown over valid.

    No verdict at all is unknown: nothing was judged.
    """
    return max((v.validity for v in verdicts), key=_SEVERITY.__getitem__, default=UNKNOWN)
