"""Did the replicas end up equal?

*Property.* Strong eventual consistency's last step (Shapiro et al., "Conflict-free Replicated Data
Types", SSS 2011), and what state machine replication owes as well: once faults are healed and
clients silent, all replicas hold the same state.

*Source.* The final phase of a run reads every replica's state directly: an operation
``replica-state`` with a node's name as value, which completes with ``[node, state]``. The last
answer of each node counts.

*Algorithm.* Compare the states with the first node's; where they differ, say at which keys (of a
mapping) or which elements (of a list) and at which nodes. Linear in the size of the states.

Where only a minority of the replicas answers, those that do may be unable to catch up: the others
refuse to go on, say, with disks that they know to be damaged. States that differ are then unknown.

*Left out.* Whether the common state is right: replicas can agree on nonsense. Whether nodes stay
equal: this is one look at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.answers import servers_that
from splitbrain.checkers.convergence.recheck.equal_replicas import verify_replicas
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.models.model import ModelError, event_of, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Shape, Verdict
from splitbrain.checkers.vocabulary import GONE, REPLICA_STATE

_SHOWN = 20
_MISSING = object()


def converged() -> Checker:
    """A checker: all replicas' final states are equal. See the module."""
    return _Converged()


@dataclass(frozen=True, slots=True)
class _Converged:
    name: str = "converged"
    least_servers: int = 2
    eventual: bool = True

    def check(self, history: History) -> Verdict:
        """See `Checker.check`.

        Raises:
            ModelError: a replica-state operation is not of the form the module describes.
        """
        asked = [call for call in history.calls() if call.f == REPLICA_STATE]
        answers: dict[str, Call] = {}
        for call in asked:
            if call.outcome == "ok":
                answers[_node(call)] = call
        silent = [node for node in dict.fromkeys(_asked(c) for c in asked) if node not in answers]
        coverage = {"replicas asked": len(answers) + len(silent), "replicas read": len(answers)}
        if len(answers) < 2:
            reason = f"the final states of {len(answers)} replicas were read, and it takes 2"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        nodes = sorted(answers)
        states = {node: answers[node].result[1] for node in nodes}
        if len({frozen(state) for state in states.values()}) > 1:
            anomaly = _diverged(states, [answers[node] for node in nodes])
            missing = {*silent, *servers_that(history, GONE)} - answers.keys()
            if len(nodes) <= len(missing):
                reason = (
                    f"{anomaly.message}; but {_listed(sorted(missing))} never answered, without "
                    "whom the others may be unable to catch up"
                )
                return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
            return Verdict(self.name, INVALID, anomaly.message, (anomaly,), coverage=coverage)
        if silent:
            reason = f"{_listed(nodes)} are equal, but {_listed(sorted(silent))} never answered"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"the final states of {_listed(nodes)} are equal"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _asked(call: Call) -> str:
    if not isinstance(call.argument, str):
        raise ModelError(
            call.invoke_index,
            f"{REPLICA_STATE} is invoked with a node's name, not {shown(call.argument)}",
        )
    return call.argument


def _node(call: Call) -> str:
    """The node that answered."""
    result = call.result
    if not isinstance(result, (list, tuple)) or len(result) != 2 or result[0] != _asked(call):
        raise ModelError(
            event_of(call),
            f"{REPLICA_STATE} of {_asked(call)} completes with [its name, its state], "
            f"not {shown(result)[:80]}",
        )
    return _asked(call)


def _diverged(states: Mapping[str, Any], calls: Sequence[Call]) -> Anomaly:
    differences = _differences(states)
    where = "; ".join(f"{name}: {_by_node(values)}" for name, values in differences[:3])
    more = f" (and {len(differences) - 3} more)" if len(differences) > 3 else ""
    return Anomaly(
        "diverged",
        f"the replicas' final states differ at {where}{more}",
        tuple(sorted(event_of(call) for call in calls)),
        {
            "nodes": list(states),
            "differences": [
                {"at": name, "values": {node: values[node] for node in values}}
                for name, values in differences[:_SHOWN]
            ],
            "number of differences": len(differences),
        },
        Shape.REPLICAS,
    )


_Difference = tuple[str, dict[str, Any]]


def _differences(states: Mapping[str, Any]) -> list[_Difference]:
    """Where the states differ, and what each node has there."""
    if all(isinstance(state, Mapping) for state in states.values()):
        return _of_mappings(states)
    if all(isinstance(state, (list, tuple)) for state in states.values()):
        return _of_lists(states)
    return [("the state", dict(states))]


def _of_mappings(states: Mapping[str, Mapping[str, Any]]) -> list[_Difference]:
    keys = dict.fromkeys(key for state in states.values() for key in state)
    found = []
    for key in sorted(keys, key=str):
        values = {node: state.get(key, _MISSING) for node, state in states.items()}
        present = {
            n: ("missing",) if v is _MISSING else ("is", frozen(v)) for n, v in values.items()
        }
        if len(set(present.values())) > 1:
            known = {node: None if v is _MISSING else v for node, v in values.items()}
            found.append((f"key {shown(key)}", known))
    return found


def _of_lists(states: Mapping[str, Sequence[Any]]) -> list[_Difference]:
    counts: dict[Any, dict[str, int]] = {}
    names: dict[Any, Any] = {}
    for node, state in states.items():
        for element in state:
            identity = frozen(element)
            names[identity] = element
            count = counts.setdefault(identity, dict.fromkeys(states, 0))
            count[node] += 1
    found: list[_Difference] = [
        (f"copies of element {shown(names[identity])}", dict(count))
        for identity, count in counts.items()
        if len(set(count.values())) > 1
    ]
    if found:
        return found
    places = range(max(len(state) for state in states.values()))
    at = next(i for i in places if len({frozen(state[i]) for state in states.values()}) > 1)
    return [(f"position {at}", {node: state[at] for node, state in states.items()})]


def _by_node(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{shown(value)} on {node}" for node, value in values.items())


def _listed(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


ENTRY = CheckerEntry(
    "converged",
    converged,
    "the final states of all replicas are equal",
    verify=verify_replicas,
    shape=Shape.REPLICAS,
)
"""By name."""
