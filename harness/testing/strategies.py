"""Plans and sets of faults as strategies of Hypothesis.

    from hypothesis import given
    from splitbrain import simulate, strategies, workloads

    @given(plan=strategies.plans("kill,partition"))
    @simulate(nodes=3)
    def test_register(plan):
        return plan.using(KvNode, workloads.register(KvClient))

Each example is one run of one plan. Hypothesis draws it, makes what fails smaller (fewer faults,
earlier and shorter ones, whole seconds, the first of the kinds named, few operations), remembers it
in its database and tries it first the next time. A plan's seed is part of it, for another schedule
may pass.

Everything is drawn in whole milliseconds, and 0 is the simplest of everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import strategies as st

from splitbrain.harness.nemesis.catalogue import plan_name, resolve
from splitbrain.harness.nemesis.kind import Kind, Parameter
from splitbrain.harness.plan import Fault, InvalidPlan, Plan, PlannedOperation, parse_seconds

SHORTEST_MS = 20
"""Faults last at least that long, in milliseconds."""

MOST_FAULTS = 4
MOST_OPERATIONS = 20

_Value = TypeVar("_Value")


def fault_sets(
    kinds: str | Iterable[str | Kind] = "all",
    *,
    nodes: int = 3,
    clients: int = 5,
    time_limit: float | str = "10s",
    most: int = MOST_FAULTS,
) -> st.SearchStrategy[tuple[Fault, ...]]:
    """Faults for one run, by start, with ids.

    Args:
        kinds: ids, aliases, families or import paths with commas in between, ``all``, or kinds.
        nodes: how many servers there are to strike.
        clients: how many clients.
        time_limit: every fault ends by then: seconds, or a string such as ``"30s"``.
        most: how many faults there are at most.

    Raises:
        InvalidPlan: a kind is unknown, or the time leaves no room for a fault.
    """
    limit_ms = int(parse_seconds(time_limit, "time_limit") * 1000)
    if limit_ms <= SHORTEST_MS:
        raise InvalidPlan(f"time_limit is {time_limit!r}: give more than {SHORTEST_MS} ms")
    chosen = resolve(kinds)
    if not chosen:
        return st.just(())
    hosts = {"servers": _names("n", nodes), "clients": _names("c", clients)}
    one = st.sampled_from(chosen).flatmap(lambda kind: _fault(kind, hosts[kind.strikes], limit_ms))
    return st.lists(one, max_size=most).map(_numbered)


def plans(
    faults: str | st.SearchStrategy[tuple[Fault, ...]] = "all",
    *,
    nodes: int | st.SearchStrategy[int] = 3,
    clients: int | st.SearchStrategy[int] = 5,
    time_limit: float | str | st.SearchStrategy[float] = "10s",
    rate: float | st.SearchStrategy[float] = 20.0,
    operations: st.SearchStrategy[tuple[PlannedOperation, ...]] | None = None,
    options: Mapping[str, Any] | st.SearchStrategy[Mapping[str, Any]] | None = None,
) -> st.SearchStrategy[Plan]:
    """Plans, each with a seed. What is given stands; what is a strategy is drawn.

    Args:
        faults: kinds of faults, as for `fault_sets`, or a strategy of faults.
        nodes: servers.
        clients: clients.
        time_limit: virtual time of load: seconds, or a string such as ``"30s"``.
        rate: operations a virtual second, over all clients.
        operations: what is invoked (`operation_lists`); the workload generates it, unless given.
        options: the workload's and run's options, besides the test's own.

    Raises:
        InvalidPlan: a value makes no sense.
    """

    limits: st.SearchStrategy[float | str] = _either(time_limit)

    @st.composite
    def plan(draw: st.DrawFn) -> Plan:
        servers, users = draw(_either(nodes)), draw(_either(clients))
        limit = parse_seconds(draw(limits), "time_limit")
        struck = (
            fault_sets(faults, nodes=servers, clients=users, time_limit=limit)
            if isinstance(faults, str)
            else faults
        )
        return Plan(
            system="",
            workload="",
            nodes=servers,
            clients=users,
            time_limit=limit,
            rate=draw(_either(rate)),
            operations=None if operations is None else draw(operations),
            faults=draw(struck),
            seed=draw(st.integers(0, (1 << 32) - 1)),
            options=draw(_either(options or {})),
        )

    if isinstance(faults, str):
        resolve(faults)  # what is misspelt is said where it stands
    return plan()


def operation_lists(
    values: Mapping[str, st.SearchStrategy[Any]],
    *,
    clients: int = 5,
    time_limit: float | str = "10s",
    most: int = MOST_OPERATIONS,
) -> st.SearchStrategy[tuple[PlannedOperation, ...]]:
    """Operations for one run, by time.

    Args:
        values: what can be done, with what: ``{"write": st.tuples(st.just("x"), st.integers())}``.
        clients: how many clients there are.
        time_limit: they are invoked by then.
        most: how many there are at most; there is at least one.
    """
    limit_ms = int(parse_seconds(time_limit, "time_limit") * 1000)
    one = st.one_of(
        [
            st.builds(
                PlannedOperation,
                at=st.integers(0, limit_ms).map(_seconds),
                client=st.integers(0, clients - 1),
                f=st.just(f),
                value=value.map(_as_in_a_file),
            )
            for f, value in values.items()
        ]
    )
    return st.lists(one, min_size=1, max_size=most).map(
        lambda drawn: tuple(sorted(drawn, key=lambda operation: operation.at))
    )


def _fault(kind: Kind, hosts: tuple[str, ...], limit_ms: int) -> st.SearchStrategy[Fault]:
    """One fault of a kind: a named host is simpler than a group that has to be found out."""
    groups = tuple(target for target in kind.targets if len(hosts) > 1 or target in ("one", "all"))
    targets = groups if kind.composite else (*hosts, *groups)

    @st.composite
    def fault(draw: st.DrawFn) -> Fault:
        at = draw(st.integers(0, limit_ms - SHORTEST_MS))
        duration = draw(st.integers(SHORTEST_MS, limit_ms - at))
        drawn = {p.name: draw(_option(p)) for p in kind.parameters}
        return Fault(
            kind=plan_name(kind),
            at=_seconds(at),
            duration=_seconds(duration),
            target=draw(st.sampled_from(targets)),
            options={name: value for name, value in drawn.items() if value is not None},
        )

    return fault()


def _option(parameter: Parameter) -> st.SearchStrategy[Any]:
    """A value of an option; None, the simplest, for the one that it has unless given."""
    if parameter.choices:
        return st.none() | st.sampled_from(parameter.choices)
    assert isinstance(parameter.default, int | float), "an option without words is a number"
    least, most = parameter.low, min(parameter.high, 10 * abs(parameter.default) + 1)
    numbers = st.floats(least, most, allow_nan=False, allow_infinity=False)
    return st.none() | numbers.map(lambda number: round(number, 3)).filter(
        lambda number: least <= number <= most
    )


def _numbered(faults: list[Fault]) -> tuple[Fault, ...]:
    ordered = sorted(faults, key=lambda fault: fault.at)
    return tuple(replace(fault, id=f"f{n}") for n, fault in enumerate(ordered, start=1))


def _names(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{number + 1}" for number in range(count))


def _as_in_a_file(value: Any) -> Any:
    """A value as a plan's file would give it back: lists for tuples."""
    if isinstance(value, list | tuple):
        return [_as_in_a_file(part) for part in value]
    return value


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000


def _either(value: _Value | st.SearchStrategy[_Value]) -> st.SearchStrategy[_Value]:
    return value if isinstance(value, st.SearchStrategy) else st.just(value)
