"""Re-checking verdicts on transactions, with none of the code that found them.

*Invalid.* Every step of every cycle quotes what it rests on, and the quotes are looked up:

    ww   the source appended `value` and the target `next`, and the reader saw `value` before
         `next`, or saw `value` and not `next` (a list only grows)
    wr   the target's read ends in (or is) `value`, which the source wrote
    rw   a read of the source lacks `next`, which the target appended; in a register, it read a
         version that comes before `next` for the reason given
    process, realtime    the source completed before the target was invoked, in the same process

Then the name of the anomaly must be that of the kinds of steps. Anomalies that single reads show
are looked for in these reads.

*Valid.* The certificate has the transactions in a serial order, which is run: every read must
return what it did. Or a schedule of begins and commits, run by the rules of snapshot isolation.
Sessions and real time are compared, if they matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from checkers.history import FAIL, OK, Call, History
from checkers.isolation.certificate_error import CertificateError
from checkers.isolation.certificate_reads import READ_ANOMALIES
from checkers.isolation.certificate_weak import verify_commit_order
from checkers.isolation.lookup import Lookup
from checkers.verdict import INVALID, VALID, Anomaly, Verdict


def verify(history: History, verdict: Verdict) -> str:
    """Check that a verdict's evidence proves it.

    Args:
        history: the history judged.
        verdict: of `list_append` or `rw_register`, possibly back from JSON.

    Returns:
        What was proved, in a sentence.

    Raises:
        CertificateError: the evidence is wrong, or there is none; the message says where.
    """
    if not verdict.checker.startswith(("list-append", "rw-register")):
        raise CertificateError(f"verdicts of {verdict.checker} have no evidence that is re-checked")
    look = Lookup(history, lists=verdict.checker.startswith("list-append"))
    if verdict.validity is INVALID:
        for anomaly in verdict.anomalies:
            _verify_anomaly(look, anomaly)
        return f"{len(verdict.anomalies)} anomalies were found again in the history"
    certificate = verdict.certificate
    if verdict.validity is VALID and "schedule" in certificate:
        _verify_schedule(look, certificate)
        return f"{len(certificate['schedule']) // 2} transactions run as scheduled give every read"
    if verdict.validity is VALID and certificate.get("order") is not None:
        _verify_order(look, certificate)
        return f"{len(certificate['order'])} transactions run in the order given give every read"
    raise CertificateError(f"a verdict of {verdict.validity} without an order proves nothing")


def _verify_anomaly(look: Lookup, anomaly: Anomaly) -> None:
    if "cycle" in anomaly.details:
        _verify_cycle(look, anomaly)
    elif "commit order" in anomaly.details:
        verify_commit_order(look, anomaly)
    elif anomaly.kind in READ_ANOMALIES:
        READ_ANOMALIES[anomaly.kind](look, anomaly)
    else:
        raise CertificateError(f"{anomaly.kind} comes without evidence that could be looked up")


def _verify_cycle(look: Lookup, anomaly: Anomaly) -> None:
    steps: Sequence[Mapping[str, Any]] = anomaly.details["cycle"]
    for step, following in zip(steps, [*steps[1:], steps[0]], strict=True):
        if step["to operation"] != following["from operation"]:
            raise CertificateError(f"{step['because']!r} is not followed by a step of {step['to']}")
        source = look.transaction(step["from operation"])
        target = look.transaction(step["to operation"])
        for call in (source, target):
            if not look.took_effect(call):
                raise CertificateError(
                    f"operation {call.invoke_index} is in a cycle but did not take effect"
                )
        if not _STEPS[step["type"]](look, source, target, step):
            raise CertificateError(f"the history does not say that {step['because']}")
    kind = kind_of([step["type"] for step in steps])
    if kind != anomaly.kind:
        raise CertificateError(f"the cycle called {anomaly.kind} is a {kind}")


def kind_of(types: Sequence[str]) -> str:
    """The name of a cycle of these kinds of dependencies."""
    suffix = "-realtime" if "realtime" in types else "-process" if "process" in types else ""
    around = zip(types, [*types[1:], types[0]], strict=True)
    if "rw" not in types:
        return ("G1c" if "wr" in types else "G0") + suffix
    if types.count("rw") == 1:
        return "G-single" + suffix
    adjacent = any(pair == ("rw", "rw") for pair in around)
    return ("G2-item" if adjacent else "G-nonadjacent") + suffix


def _process(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    return source.process == target.process and _realtime(look, source, target, step)


def _realtime(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    return source.completed is not None and source.completed < target.invoked


def _write(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key, value, later = step["key"], step["value"], step["next"]
    if value not in look.writes(source, key) or later not in look.writes(target, key):
        return False
    if not look.lists:
        return look.comes_before(key, value, later, step)
    reader = look.transaction(step["reader operation"])
    return any(
        value in seen and (later not in seen or seen.index(value) < seen.index(later))
        for seen in look.reads(reader, key)
    )


def _read(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key, value = step["key"], step["value"]
    if value not in look.writes(source, key):
        return False
    if look.lists:
        return any(seen and seen[-1] == value for seen in look.reads(target, key))
    return value in look.external(target, key)


def _anti(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key, later = step["key"], step["next"]
    if later not in look.writes(target, key):
        return False
    if look.lists:
        return any(later not in seen for seen in look.reads(source, key))
    value = step["value"]
    return value in look.external(source, key) and look.comes_before(key, value, later, step)


_STEPS: dict[str, Callable[[Lookup, Call, Call, Mapping[str, Any]], bool]] = {
    "ww": _write,
    "wr": _read,
    "rw": _anti,
    "process": _process,
    "realtime": _realtime,
}


def _verify_order(look: Lookup, certificate: Mapping[str, Any]) -> None:
    order = [look.transaction(index) for index in certificate["order"]]
    _verify_members(look, order)
    suffix = certificate["consistency"]
    if suffix.startswith("strong-"):
        _verify_time(order, look, realtime=not suffix.startswith("strong-session-"))
    state: dict[Any, Any] = {}
    for call in order:
        _run(look, call, state, state)


def _verify_members(look: Lookup, order: Iterable[Call]) -> None:
    """Every ok transaction is there, once, and no failed one."""
    missing = {call.invoke_index for call in look.calls if call.outcome == OK}
    seen: set[int] = set()
    for call in order:
        if call.outcome == FAIL or call.invoke_index in seen:
            raise CertificateError(f"operation {call.invoke_index} failed, or is there twice")
        seen.add(call.invoke_index)
    if missing - seen:
        raise CertificateError(f"operation {min(missing - seen)} is missing from the order")


def _verify_time(order: Sequence[Call], look: Lookup, *, realtime: bool) -> None:
    """No transaction comes after one that was invoked when it had completed."""
    latest: dict[int | None, int] = {}
    for call in order:
        who = None if realtime else call.process
        if call.completed is not None and call.completed < latest.get(who, -1):
            raise CertificateError(
                f"operation {call.invoke_index} had completed when one before it was invoked"
            )
        latest[who] = max(latest.get(who, -1), call.invoked)


def _run(look: Lookup, call: Call, before: Mapping[Any, Any], after: dict[Any, Any]) -> None:
    """Run a transaction that reads one state (and its own writes) and writes another."""
    own: dict[Any, Any] = {}
    for function, key, value in look.micro_operations(call):
        current = own.get(key, before.get(key, () if look.lists else None))
        if function != "r":
            own[key] = (*current, value) if look.lists else value
        elif call.outcome == OK and current != (tuple(value or ()) if look.lists else value):
            raise CertificateError(
                f"operation {call.invoke_index} read {value} of {key}, but the order gives "
                f"{list(current) if look.lists else current}"
            )
    after.update(own)


def _verify_schedule(look: Lookup, certificate: Mapping[str, Any]) -> None:
    """Run begins and commits: reads see what was committed at the begin; first committer wins."""
    state: dict[Any, Any] = {}
    snapshots: dict[int, dict[Any, Any]] = {}
    committed: list[Call] = []
    events = certificate["schedule"]
    for index, what in events:
        if what == "begin":
            snapshots[index] = dict(state)
            continue
        call = look.transaction(index)
        if index not in snapshots:
            raise CertificateError(f"operation {index} commits before it begins")
        snapshot = snapshots.pop(index)
        for function, key, _ in look.micro_operations(call):
            if function != "r" and snapshot.get(key) != state.get(key):
                raise CertificateError(
                    f"operation {index} writes {key}, which another wrote after it had begun"
                )
        _run(look, call, snapshot, state)
        committed.append(call)
    _verify_members(look, committed)
    name = certificate["consistency"]
    if name.startswith("strong-"):
        _verify_begins(look, events, realtime=not name.startswith("strong-session-"))


def _verify_begins(look: Lookup, events: Iterable[Any], *, realtime: bool) -> None:
    """No transaction commits after one began that was invoked when it had completed."""
    latest: dict[int | None, int] = {}
    for index, what in events:
        call = look.transaction(index)
        who = None if realtime else call.process
        if what == "begin":
            latest[who] = max(latest.get(who, -1), call.invoked)
        elif call.completed is not None and call.completed < latest.get(who, -1):
            raise CertificateError(
                f"operation {index} commits after one had begun that was invoked later"
            )
