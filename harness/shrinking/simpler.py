"""Plans with the same parts, but simpler: default settings, earlier times, small values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

from splitbrain.harness.plan import Fault, Plan
from splitbrain.harness.shrinking.measure import PLAINER, numbers

Simpler = Callable[[Plan], Plan]
"""A change for the simpler; one that has nothing to change returns the plan as it is."""

NEAR = 0.1
"""Seconds that are left between events: no failure is to hang on a race that nobody sees, and what
takes a little longer once the bug is mended (an fsync, say) still fits between them."""

GAP = 0.2
"""Seconds without any event that are worth closing."""


def plainer_settings(plan: Plan) -> Iterator[Simpler]:
    """What the machinery is told, as it is by default: each option, then each part of one.

    Only what the run itself reads. Of the workload's own options final reads and checkers are made.
    """
    yield lambda p: p.with_(rate=Plan.__dataclass_fields__["rate"].default)
    for name in sorted(set(plan.options) & set(PLAINER)):
        yield lambda p, name=name: p.with_(options=_without(p.options, name))  # type: ignore[misc]
        value = plan.options[name]
        for part in sorted(value) if isinstance(value, dict) else ():
            yield lambda p, name=name, part=part: (  # type: ignore[misc]
                p.with_(options={**p.options, name: _without(p.options[name], part)})
                if name in p.options
                else p
            )


def _without(options: Any, name: str) -> dict[str, Any]:
    return {other: value for other, value in options.items() if other != name}


# Times


def earlier_together(plan: Plan) -> Iterator[Simpler]:
    """All times earlier, each event in its place among the others.

    The end right after the last event; everything in less time; nothing before the first event;
    then, from the longest on, the gaps between events closed, or halved.
    """
    yield _ended_early
    for factor in (0.1, 0.25, 0.5, 0.75):
        yield lambda p, by=factor: _warped(p, lambda t: t * by)  # type: ignore[misc]
    yield _begun_at_once
    moments = _moments(plan)
    gaps = sorted(((b - a, a) for a, b in pairwise(moments)), reverse=True)
    for length, _ in gaps:
        if length >= GAP:
            for left in (NEAR, length / 2):
                yield lambda p, length=length, left=left: _closed(p, length, left)  # type: ignore[misc]


def crowded(plan: Plan) -> float:
    """By how many seconds, together, events come sooner than `NEAR` after another one."""
    times = [operation.at for operation in plan.operations or ()]
    for fault in plan.faults:
        times += [fault.at, fault.at + fault.duration] if fault.duration else [fault.at]
    return round(sum(max(0.0, NEAR - (b - a)) for a, b in pairwise(sorted(times))), 6)


def _ended_early(plan: Plan) -> Plan:
    last = max(_moments(plan), default=plan.time_limit)
    return plan.with_(time_limit=min(plan.time_limit, round(math.ceil(last * 10) / 10 + NEAR, 1)))


def _begun_at_once(plan: Plan) -> Plan:
    first = min(_moments(plan), default=0.0)
    return _warped(plan, lambda t: max(0.0, t - first))


def _closed(plan: Plan, length: float, left: float) -> Plan:
    """The first gap of this length made `left` seconds long; others may have closed it already."""
    for before, after in pairwise(_moments(plan)):
        if math.isclose(after - before, length, abs_tol=0.002):
            return _warped(plan, _pulled(after, length - left))
    return plan


def _pulled(since: float, by: float) -> Callable[[float], float]:
    return lambda t: t - by if t >= since else t


def _moments(plan: Plan) -> list[float]:
    """When something begins or ends, in order."""
    moments = {operation.at for operation in plan.operations or ()}
    for fault in plan.faults:
        moments |= {fault.at, fault.at + fault.duration}
    return sorted(moments)


def _warped(plan: Plan, moved: Callable[[float], float]) -> Plan:
    """The plan with every moment moved, to the millisecond."""

    def fault(old: Fault) -> Fault:
        at = round(moved(old.at), 3)
        duration = round(moved(old.at + old.duration) - at, 3)
        return replace(old, at=at, duration=max(duration, 0.001) if old.duration else 0.0)

    return plan.with_(
        time_limit=max(round(moved(plan.time_limit), 3), 0.001),
        faults=tuple(fault(old) for old in plan.faults),
        operations=plan.operations
        and tuple(replace(o, at=round(moved(o.at), 3)) for o in plan.operations),
    )


def simpler_faults(plan: Plan) -> Iterator[Simpler]:
    """Each fault shorter, and at rounder and earlier times, boldest first."""
    for position in range(len(plan.faults)):
        for change in _FAULT_CHANGES:
            yield (
                lambda p, at=position, change=change: p.with_(  # type: ignore[misc]
                    faults=(*p.faults[:at], change(p.faults[at]), *p.faults[at + 1 :])
                )
            )


def _lasting(factor: float) -> Callable[[Fault], Fault]:
    return lambda f: replace(f, duration=round(f.duration * factor, 3) or f.duration)


def _rounder(digits: int) -> tuple[Callable[[Fault], Fault], Callable[[Fault], Fault]]:
    return (
        lambda f: replace(f, duration=_down(f.duration, digits) or f.duration),
        lambda f: replace(f, at=_down(f.at, digits)),
    )


CUT_SHORT = (_ended_early, _begun_at_once)
"""Without the time in which nothing is planned, before and after."""

_FAULT_CHANGES = (_lasting(0.25), _lasting(0.5), *_rounder(0), *_rounder(1), *_rounder(2))


def earlier_operations(plan: Plan) -> Iterator[Simpler]:
    """Each operation at the beginning, at half its time, at a tenth of a second."""
    for position in range(len(plan.operations or ())):
        for earlier in (lambda t: 0.0, lambda t: round(t / 2, 1), lambda t: _down(t, 1)):
            yield lambda p, at=position, earlier=earlier: _operation_at(p, at, earlier)  # type: ignore[misc]


def _operation_at(plan: Plan, position: int, earlier: Callable[[float], float]) -> Plan:
    operations = list(plan.operations or ())
    old = operations[position]
    operations[position] = replace(old, at=min(old.at, earlier(old.at)))
    return plan.with_(operations=tuple(operations))


def _down(seconds: float, digits: int) -> float:
    """Rounded down: a time never becomes later."""
    scale: int = 10**digits
    return math.floor(seconds * scale + 1e-6) / scale


# Values


def smaller_values(plan: Plan) -> Iterator[Simpler]:
    """Small numbers for large ones, the same for the same everywhere: all of them, or one by one.

    Their order stays, so that what was unique and growing still is.
    """
    named = sorted({n for operation in plan.operations or () for n in numbers(operation.value)})
    yield lambda p: _renamed(p, {old: new for new, old in enumerate(named, start=1)})
    for old in reversed(named):
        yield lambda p, old=old: _renamed(p, {old: _free(p, old)})  # type: ignore[misc]


def _free(plan: Plan, below: int) -> int:
    """The smallest positive number that no operation names; `below` if there is none below it."""
    used = {n for operation in plan.operations or () for n in numbers(operation.value)}
    return next((n for n in range(1, min(below, len(used) + 2)) if n not in used), below)


def _renamed(plan: Plan, names: dict[int, int]) -> Plan:
    return plan.with_(
        operations=plan.operations
        and tuple(replace(o, value=_replaced(o.value, names)) for o in plan.operations)
    )


def _replaced(value: Any, names: dict[int, int]) -> Any:
    if type(value) is int:
        return names.get(value, value)
    if isinstance(value, list | tuple):
        return type(value)(_replaced(part, names) for part in value)
    if isinstance(value, dict):
        return {key: _replaced(part, names) for key, part in value.items()}
    return value
