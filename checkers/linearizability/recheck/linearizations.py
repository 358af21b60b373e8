"""Re-checking what a verdict shows, with none of the code that found it.

*Valid.* The certificate is the order itself: for each key, the invocation indices of its operations
as they took effect. Checking it takes one pass:

* every ok operation is there, once; no failed one; no operation of another key;
* **real time**: no operation comes after one that was invoked when it had already completed. It is
  enough to compare each operation's completion with the latest invocation so far;
* the model accepts the operations, with their results, one after another.

*Invalid.* The certificate has, for each broken key that was explained, the longest prefix of a
linearization that was found, and the operation that can't be placed before it completed. It is
checked that the prefix is one (as above, for what completed before), that the operation does not
fit the state after it, and which of the others that were open then do, as the certificate says.
That shows the witness to be as told. That no other prefix does better is what the search says: the
problem is NP-complete, so unless NP = coNP not every history has a short proof of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.checkers.history import Call, History
from splitbrain.checkers.linearizability.parts import parts_of
from splitbrain.checkers.models import KeyPart, Model, State, replay


class CertificateError(ValueError):
    """A certificate that does not prove what it should; the message says at which operation."""


class NoCertificate(ValueError):
    """Data that are no certificate at all."""


def verify(model: Model, history: History, certificate: Mapping[str, Any]) -> str:
    """Check that a certificate shows what it should of a history.

    Args:
        model: the model of the verdict.
        history: the history judged.
        certificate: ``Verdict.certificate``, possibly back from JSON.

    Returns:
        What was confirmed, in a sentence.

    Raises:
        CertificateError: it doesn't.
        NoCertificate: it is no certificate of linearizability.
        splitbrain.checkers.models.ModelError: the history isn't one of this model.
    """
    valid, entries = _entries(certificate)
    parts = parts_of(model, history, keyed=certificate["keyed"])
    if valid:
        if [entry["key"] for entry in entries] != [part.key for part in parts.parts]:
            raise CertificateError("the certificate's keys are not the history's")
        for part, entry in zip(parts.parts, entries, strict=True):
            verify_order(parts.model, part.calls, entry["order"])
        return f"valid: {sum(len(entry['order']) for entry in entries)} operations in order"
    by_key = {repr(part.key): part for part in parts.parts}
    for entry in entries:
        if repr(entry["key"]) not in by_key:
            raise CertificateError(f"the history has no key {entry['key']!r}")
        verify_refutation(parts.model, by_key[repr(entry["key"])], entry)
    return f"invalid: the witnesses of {len(entries)} keys are as told"


def _entries(certificate: Mapping[str, Any]) -> tuple[bool, list[dict[str, Any]]]:
    """Whether it is for a valid verdict, and what it says of each key."""
    fields = {"linearizations": ("order",), "refutations": ("prefix", "blocked", "candidates")}
    for what, needed in fields.items():
        entries = certificate.get(what)
        if not isinstance(entries, list) or type(certificate.get("keyed")) is not bool:
            continue
        if all(isinstance(e, dict) and {"key", *needed} <= set(e) for e in entries) and entries:
            return what == "linearizations", entries
    raise NoCertificate(
        "this is no certificate of linearizability: it has neither linearizations nor the prefixes "
        "of refutations; take the verdict of `splitbrain check --json` or a run's verdict.json"
    )


def verify_refutation(model: Model, part: KeyPart, entry: Mapping[str, Any]) -> None:
    """Check one key's witness: a prefix, an operation that it has no place for, and the others.

    Raises:
        CertificateError: it is not as told.
    """
    by_index = {call.invoke_index: call for call in part.calls}
    blocked = by_index.get(entry["blocked"])
    if blocked is None or blocked.completed is None or blocked.outcome != "ok":
        raise CertificateError(f"operation {entry['blocked']} is no operation that succeeded")
    end = blocked.completed
    earlier = [
        call
        for call in part.calls
        if call.outcome == "ok" and call.completed is not None and call.completed < end
    ]
    state = _state_after(model, by_index, earlier, entry["prefix"], end)
    if model.step(state, blocked)[0]:
        raise CertificateError(f"operation {blocked.invoke_index} does fit after the prefix")
    placed = set(entry["prefix"])
    told = {candidate["operation"]: candidate["fits"] for candidate in entry["candidates"]}
    for call in part.calls:
        open_then = call.invoked < end and call.invoke_index not in placed
        if open_then and call.outcome == "ok" and call.invoke_index not in told:
            raise CertificateError(f"operation {call.invoke_index} was open, but is left out")
    for index, fits in told.items():
        other = by_index.get(index)
        if other is None or index in placed or other.invoked > end:
            raise CertificateError(f"operation {index} is no candidate")
        if bool(model.step(state, other)[0]) != fits:
            raise CertificateError(
                f"operation {index} ({model.describe(other)}) is said "
                f"{'' if fits else 'not '}to fit after the prefix, which is wrong"
            )


def _state_after(
    model: Model, by_index: Mapping[int, Call], earlier: Sequence[Call], prefix: Any, end: int
) -> State:
    """The state after a prefix that has a place for everything that completed earlier."""
    for index in prefix:
        if index in by_index and by_index[index].invoked > end:
            raise CertificateError(f"operation {index} was invoked only afterwards")
    return _run(model, by_index, earlier, prefix)


def verify_order(model: Model, calls: Sequence[Call], order: Sequence[int]) -> None:
    """Check one key's linearization, given as invocation indices.

    Raises:
        CertificateError: it is none.
    """
    by_index = {call.invoke_index: call for call in calls}
    _run(model, by_index, [call for call in calls if call.outcome == "ok"], order)


def _run(
    model: Model, by_index: Mapping[int, Call], needed: Sequence[Call], order: Sequence[int]
) -> State:
    """The state after operations in this order, each allowed and those needed among them."""
    missing = {call.invoke_index: call for call in needed}
    seen: dict[int, None] = {}
    run, latest = replay(model), -1
    for index in order:
        call = by_index.get(index)
        if call is None or index in seen:
            raise CertificateError(f"operation {index} is not there, or is there twice")
        if call.outcome == "fail":
            raise CertificateError(f"operation {index} failed, but was given an effect")
        seen[index] = None
        missing.pop(index, None)
        if call.outcome == "ok" and call.completed is not None and call.completed < latest:
            raise CertificateError(f"operation {index} had completed before its predecessor began")
        latest = max(latest, call.invoked)
        if not run.apply(call):
            raise CertificateError(f"operation {index} ({model.describe(call)}) does not fit there")
    if missing:
        raise CertificateError(f"operation {min(missing)} succeeded, but is left out")
    return run.state
