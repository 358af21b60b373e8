"""Re-checking cycles of dependencies: every step quotes what it rests on.

    ww   the source appended `value` and the target `next`, and the reader saw `value` before
         `next`, or saw `value` and not `next` (a list only grows)
    wr   the target's read ends in (or is) `value`, which the source wrote
    rw   a read of the source lacks `next`, which the target appended; in a register, it read a
         version that comes before `next` for the reason given
    process, realtime    the source completed before the target was invoked, in the same process
    per-key              the same, and both touch the key

A reason for an order of versions must be one that the verdict assumes, or the step says on what it
rests: then time and at most one rw would close a cycle if the order were another, and so what is
found counts as a G-single, -process, -per-key or -realtime, at least. An rw because a transaction
read a version and then wrote another needs no assumption: else there would be a G1c.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import OK, Call
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.verdict import Anomaly


def verify_cycle(look: Lookup, anomaly: Anomaly) -> None:
    """Look up the evidence of every step of a cycle, and name the cycle by its steps.

    Raises:
        CertificateError: the history does not say so, or the name is another.
    """
    steps: Sequence[Mapping[str, Any]] = anomaly.details["cycle"]
    for step, following in zip(steps, [*steps[1:], steps[0]], strict=True):
        if step["to operation"] != following["from operation"]:
            raise CertificateError(f"{step['because']!r} is not followed by a step of {step['to']}")
        verify_step(look, step)
    kind = kind_of([step["type"] for step in steps], rests_on(steps))
    if kind != anomaly.kind:
        raise CertificateError(f"the cycle called {anomaly.kind} is a {kind}")


def verify_step(look: Lookup, step: Mapping[str, Any]) -> None:
    """Look up the evidence of a step.

    Raises:
        CertificateError: the history does not say so.
    """
    source, target = ends_of(look, step)
    if not _STEPS[step["type"]](look, source, target, step):
        raise CertificateError(f"the history does not say that {step['because']}")


def ends_of(look: Lookup, step: Mapping[str, Any]) -> tuple[Call, Call]:
    """The two transactions of a step, which took effect.

    Raises:
        CertificateError: one did not.
    """
    source = look.transaction(step["from operation"])
    target = look.transaction(step["to operation"])
    for call in (source, target):
        if not look.took_effect(call):
            raise CertificateError(
                f"operation {call.invoke_index} is in a cycle but did not take effect"
            )
    return source, target


def rests_on(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """The kinds of time on which dependencies of some steps rest."""
    return [step["rests on"] for step in steps if "rests on" in step]


def kind_of(types: Sequence[str], resting: Sequence[str] = ()) -> str:
    """The name of a cycle of these kinds of dependencies, some of which rest on time."""
    times = (*types, *resting)
    suffix = _suffix({"process", "realtime", "per-key"}.intersection(times))
    around = zip(types, [*types[1:], types[0]], strict=True)
    if "rw" not in types and not resting:
        return ("G1c" if "wr" in types else "G0") + suffix
    if types.count("rw") <= 1:
        return "G-single" + suffix
    adjacent = any(pair == ("rw", "rw") for pair in around)
    return ("G2-item" if adjacent else "G-nonadjacent") + suffix


def _suffix(times: Set[str]) -> str:
    """What kinds of time add to a name: several are real time, which implies each of them."""
    if len(times) > 1:
        return "-realtime"
    return "".join(f"-{time}" for time in times)


def _per_key(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    touched = (
        any(key == step["key"] for _, key, _ in look.micro_operations(call))
        for call in (source, target)
    )
    return all(touched) and _realtime(look, source, target, step)


def _process(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    return source.process == target.process and _realtime(look, source, target, step)


def _realtime(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    return source.completed is not None and source.completed < target.invoked


def _write(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key, value, later = step["key"], step["value"], step["next"]
    if value not in look.writes(source, key) or later not in look.writes(target, key):
        return False
    if not look.lists:
        return comes_before(look, key, value, later, step, certain=True)
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
    return value in look.reads(target, key)


def _anti(look: Lookup, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key, later = step["key"], step["next"]
    if later not in look.writes(target, key):
        return False
    if look.lists:
        return any(later not in seen for seen in look.reads(source, key))
    value = step["value"]
    return value in look.external(source, key) and comes_before(
        look, key, value, later, step, certain=True
    )


_RESTING = {"sequential keys": ("process",), "linearizable keys": ("realtime", "per-key")}
"""On what an order of versions rests for which no assumption is made."""

_REASONS = {
    # Keys that are sequentially consistent show that as well.
    "writes follow reads": ("writes_follow_reads", "sequential_keys", "linearizable_keys"),
    "sequential keys": ("sequential_keys",),
    "linearizable keys": ("linearizable_keys",),
    "increasing values": ("increasing_values",),
    "version numbers": ("versioned", "version_field"),
}
"""Why versions of a register are in an order, and the assumptions that allow to say so."""


def comes_before(
    look: Lookup,
    key: Any,
    value: Any,
    later: Any,
    step: Mapping[str, Any],
    *,
    certain: bool = False,
) -> bool:
    """Whether a register's version comes before another, for the reason that evidence gives.

    Args:
        look: the history.
        key: the register.
        value: one version.
        later: the other one.
        step: the evidence.
        certain: whether some reasons need no assumption.
    """
    reason = step["reason"]
    if reason == "initial":
        return look.starts(key, value) and look.writer(key, later) is not None
    if certain:
        followed = reason == "writes follow reads" and step["type"] == "rw"
        certain = followed or step.get("rests on") in _RESTING.get(reason, ())
    made = {name.partition("=")[0] for name in look.assumptions}
    if not certain and made.isdisjoint(_REASONS[reason]):
        return False
    if reason == "version numbers":
        said, later_said = (look.versions.get((key, v), set()) for v in (value, later))
        if value == later:
            return len(said) > 1
        return bool(said and later_said) and min(said) <= min(later_said)
    if reason == "increasing values":
        numbers = type(value) is int and type(later) is int
        written = look.writer(key, value) is not None and look.writer(key, later) is not None
        return numbers and written and value < later
    first = look.transaction(step["first operation"])
    second = look.transaction(step["second operation"])
    if reason == "writes follow reads":
        follows = look.external(first, key)[:1] == [value]
        return first is second and follows and look.writes(first, key)[-1:] == [later]
    if first.outcome != OK or second.outcome != OK or first.completed is None:
        return False
    if reason == "sequential keys" and first.process != second.process:
        return False
    met = look.writes(first, key)[-1:] or look.external(first, key)[:1]
    meets = look.external(second, key)[:1] or look.writes(second, key)[-1:]
    return first.completed < second.invoked and met == [value] and meets == [later]


_STEPS: dict[str, Callable[[Lookup, Call, Call, Mapping[str, Any]], bool]] = {
    "ww": _write,
    "wr": _read,
    "rw": _anti,
    "process": _process,
    "realtime": _realtime,
    "per-key": _per_key,
}
