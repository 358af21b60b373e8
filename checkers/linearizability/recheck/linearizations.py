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
That shows the witness to be as told, not that no other prefix does better: the problem is
NP-complete, so unless NP = coNP not every history has a short proof of it. So that is tried again,
by plain exhaustion (`exhaustion`), as far as a limit allows. If it finds an order, the verdict is
refuted; if it comes to no end, it is said what was not checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.linearizability.parts import Parts, is_keyed, parts_of
from splitbrain.checkers.linearizability.recheck.exhaustion import orders_exhausted
from splitbrain.checkers.models import KeyPart, Model, State, replay
from splitbrain.checkers.models.model import shown

EXHAUSTED = 200_000
"""Configurations of one key after which it stays unchecked that it has no order."""


def verify(
    model: Model,
    history: History,
    certificate: Mapping[str, Any],
    *,
    valid: bool | None = None,
    keyed: bool | None = None,
    limit: int = EXHAUSTED,
) -> Certified:
    """Check that a certificate shows what it should of a history.

    Args:
        model: the model of the verdict.
        history: the history judged.
        certificate: ``Verdict.certificate``, possibly back from JSON.
        valid: what the verdict says, if there is one.
        keyed: whether values are ``[key, value]``; None finds out.
        limit: configurations tried to see that a key has no order.

    Returns:
        What was confirmed, and what was not checked.

    Raises:
        CertificateError: it doesn't.
        NoCertificate: it is no certificate of linearizability.
        splitbrain.checkers.models.ModelError: the history isn't one of this model.
    """
    orders, entries = _entries(certificate)
    if valid not in (None, orders):
        raise CertificateError(
            f"the verdict says {'valid' if valid else 'invalid'}, its certificate "
            f"{'shows an order' if orders else 'is that of a refutation'}"
        )
    taken, found = certificate["keyed"], is_keyed(model, history, keyed)
    if found != taken:
        # As pairs or not, the same values are another history: nothing proves which was meant.
        return Certified(
            f"the certificate takes values for {_PAIRS[taken]}, and was not followed",
            complete=False,
            unchecked=f"here they are {_PAIRS[found]}; say -o keyed={str(taken).lower()} if "
            "`check` was told so",
        )
    parts = parts_of(model, history, keyed=taken)
    if not orders:
        return _refuted(parts, entries, limit)
    if [entry["key"] for entry in entries] != [part.key for part in parts.parts]:
        raise CertificateError("the certificate's keys are not the history's")
    for part, entry in zip(parts.parts, entries, strict=True):
        verify_order(parts.model, part.calls, entry["order"])
    return Certified(f"valid: {sum(len(entry['order']) for entry in entries)} operations in order")


_PAIRS = {True: "pairs of a key and a value", False: "values without keys"}


def _refuted(parts: Parts, entries: Sequence[Mapping[str, Any]], limit: int) -> Certified:
    """What the witnesses of broken keys show."""
    by_key = {repr(part.key): part for part in parts.parts}
    exhausted, told = 0, 0
    for entry in entries:
        part = by_key.get(repr(entry["key"]))
        if part is None:
            raise CertificateError(f"the history has no key {entry['key']!r}")
        if "prefix" in entry:
            verify_refutation(parts.model, part, entry)
            told += 1
        none_left = orders_exhausted(parts.model, part.calls, limit)
        if none_left is False:
            of_key = f" of key {shown(part.key)}" if parts.keyed else ""
            raise CertificateError(f"there is an order of all operations{of_key}")
        exhausted += none_left is True
    keys = f"{len(entries)} keys" if parts.keyed else "the history"
    sentence = f"invalid: {told} witnesses are as told; all orders were tried again for "
    if exhausted:
        # One broken key breaks the history: linearizability is local.
        some = f"{exhausted} of {keys}" if parts.keyed else keys
        return Certified(f"{sentence}{some}: there is none")
    if not told:
        raise NoCertificate(
            f"{keys}: no prefix is there to be checked, and all orders are too many"
        )
    return Certified(
        f"the refusals of {told} witnesses hold",
        complete=False,
        unchecked=f"that no other order exists is not checked: it needs more than {limit} "
        "configurations",
    )


def _entries(certificate: Mapping[str, Any]) -> tuple[bool, list[dict[str, Any]]]:
    """Whether it is for a valid verdict, and what it says of each key."""
    for what, needed in (("linearizations", _is_order), ("refutations", _is_refutation)):
        entries = certificate.get(what)
        if not isinstance(entries, list) or type(certificate.get("keyed")) is not bool:
            continue
        if entries and all(isinstance(e, dict) and needed(e) for e in entries):
            return what == "linearizations", entries
    raise NoCertificate(
        "this is no certificate of linearizability: it has neither linearizations nor the prefixes "
        "of refutations; take the verdict of `splitbrain check --json` or a run's verdict.json"
    )


def _is_order(entry: Mapping[str, Any]) -> bool:
    """Whether the data have the form of a key's order."""
    return "key" in entry and _indices(entry.get("order"))


def _is_refutation(entry: Mapping[str, Any]) -> bool:
    """Whether the data have the form of a key's witness, or name the key alone."""
    if entry.keys() == {"key"}:
        return True
    candidates = entry.get("candidates")
    return (
        "key" in entry
        and _indices(entry.get("prefix"))
        and type(entry.get("blocked")) is int
        and isinstance(candidates, list)
        and all(
            isinstance(each, dict)
            and type(each.get("operation")) is int
            and type(each.get("fits")) is bool
            for each in candidates
        )
    )


def _indices(value: Any) -> bool:
    return isinstance(value, list) and all(type(index) is int for index in value)


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
