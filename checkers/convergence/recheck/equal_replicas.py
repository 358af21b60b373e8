"""Verdicts on replicas that are to be equal checked again: states are compared as JSON texts.

The definitions are those of `splitbrain.checkers.convergence.replicas` and ``homes``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.verdict import VALID, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE, REPLICA_STATE


def verify_replicas(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """The last state of each replica, each compared with each other one.

    Raises:
        CertificateError: the verdict says otherwise, or names states that are equal.
    """
    calls = [call for call in history.calls() if call.f == REPLICA_STATE]
    last = {call.argument: call for call in calls if call.outcome == OK}
    texts = {node: _text(call.result[1]) for node, call in last.items()}
    silent = {call.argument for call in calls} - last.keys()
    equal = len(set(texts.values())) == 1
    if verdict.validity is VALID:
        if len(texts) < 2 or silent or not equal:
            raise CertificateError("not all replicas answered, twice at least, with one state")
        return Certified(f"the final states of {len(texts)} replicas are one text")
    dead = [event.value for event in history.events(f=ANSWERS)][-1:]
    silent |= {node for value in dead for node, did in value.items() if did == GONE} - last.keys()
    if equal or len(texts) <= len(silent):
        raise CertificateError("no two replicas differ, or most of them did not answer")
    for anomaly in verdict.anomalies:
        named = {call.complete_index for call in last.values()}
        if set(anomaly.operations) != named or sorted(anomaly.details["nodes"]) != sorted(texts):
            raise CertificateError(f"operations {anomaly.operations} are not the last answers")
    return Certified(f"the final states of {len(texts)} replicas are {len(set(texts.values()))}")


def verify_homes(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """The last answer of the homes of each key.

    Raises:
        CertificateError: an answer that is named differs in nothing, or one that does is not named.
    """
    begin = next((event.index for event in history.events(f=PHASE) if event.value == FINAL), None)
    last: dict[str, Call] = {}
    for call in history.calls():
        late = begin is not None and call.invoke_index > begin
        if call.f == "homes" and call.outcome == OK and late:
            last[_text(call.result[0])] = call
    differ = {
        call.complete_index
        for call in last.values()
        if len({_elements(values) for values in call.result[1].values()}) > 1
    }
    told = {anomaly.operations[-1] for anomaly in verdict.anomalies}
    if told != differ:
        at = min(told ^ differ)  # type: ignore[type-var]  # what completed has a place
        raise CertificateError(f"the homes of operation {at} are not as the verdict says")
    if verdict.validity is VALID and any(len(call.result[1]) < 2 for call in last.values()):
        raise CertificateError("of some key one home alone answered")
    return Certified(f"of {len(last)} keys the homes of {len(differ)} differ")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _elements(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted(map(_text, values)))
