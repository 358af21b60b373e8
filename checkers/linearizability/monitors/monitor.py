"""What monitors have in common: what they take, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.linearizability.wording import object_name
from splitbrain.checkers.models import Model, ModelError
from splitbrain.checkers.verdict import Anomaly

FOREVER = 1 << 60
"""The completion of what never completes; later than every position of a history."""

NONLINEARIZABLE = "nonlinearizable"


class PreconditionError(ModelError):
    """A monitor was asked for by name, and the history does not meet its preconditions."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a monitor does not apply.

    Attributes:
        index: ``Operation.index`` of an operation that breaks a precondition.
        problem: what is wrong with it.
    """

    index: int
    problem: str


@dataclass(frozen=True, slots=True)
class MonitorResult:
    """What a monitor found; it always decides.

    Attributes:
        order: invocation indices of a linearization, if there is one, else None; to be verified
            by `splitbrain.checkers.linearizability.recheck.linearizations.verify_order`.
        anomaly: what rules out every linearization, if there is none.
        cost: the algorithm and its preconditions, for `splitbrain.checkers.verdict.Verdict.cost`.
    """

    order: tuple[int, ...] | None
    anomaly: Anomaly | None
    cost: Mapping[str, Any]

    @property
    def valid(self) -> bool:
        """Whether the calls are linearizable."""
        return self.order is not None


Judgment = Sequence[int] | Anomaly


@dataclass(frozen=True, slots=True)
class Monitor:
    """A polynomial decision procedure for the histories that meet its preconditions.

    Attributes:
        name: what a user asks for it by.
        algorithm: what it does, with its source and running time in the number n of operations.
        preconditions: what must hold, in words; `prepare` checks all of it.
        prepare: the model and one key's calls in order of invocation, in the form that `decide`
            works on, or what keeps the monitor from applying.
        decide: from what `prepare` made, and the key for sentences, to an order of invocation
            indices or an anomaly.
    """

    name: str
    algorithm: str
    preconditions: str
    prepare: Callable[[Any, Sequence[Call]], Any | Obstacle]
    decide: Callable[[Any, Any], Judgment]

    def check(self, model: Model, calls: Sequence[Call], key: Any = None) -> MonitorResult:
        """Decide whether these calls are linearizable.

        Args:
            model: the model that the monitor is for.
            calls: one key's, in order of invocation.
            key: the key, for sentences; None without keys.

        Raises:
            PreconditionError: the monitor does not apply; the message names the operation.
        """
        prepared = self.prepare(model, calls)
        if isinstance(prepared, Obstacle):
            raise PreconditionError(
                prepared.index,
                f"{prepared.problem}; the {self.name} monitor needs {self.preconditions}: "
                "use the general search instead",
            )
        return Chosen(self, prepared).check(key)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A monitor with the calls that it was found to apply to."""

    monitor: Monitor
    prepared: Any

    def check(self, key: Any = None) -> MonitorResult:
        """See `Monitor.check`."""
        with collector_paused():
            judgment = self.monitor.decide(self.prepared, key)
        cost = {
            "algorithm": self.monitor.algorithm,
            "preconditions": self.monitor.preconditions,
        }
        if isinstance(judgment, Anomaly):
            return MonitorResult(None, judgment, cost)
        return MonitorResult(tuple(judgment), None, cost)


def anomaly(kind: str, key: Any, sentence: str, calls: Iterable[Call]) -> Anomaly:
    """The anomaly of these calls, which alone have no linearization.

    Args:
        kind: the anomaly's name.
        key: the key concerned; None without keys.
        sentence: what is wrong.
        calls: the operations concerned; one given twice counts once.
    """
    involved = {call.invoke_index: call for call in calls}
    window = sorted(involved)
    ends = [c.complete_index for c in involved.values() if c.complete_index is not None]
    where = "" if key is None else f"{object_name(key)}: "
    return Anomaly(
        kind, where + sentence, tuple(sorted({*window, *ends})), {"key": key, "window": window}
    )
