"""A plan: everything a run depends on, as plain data.

Running a plan is a function: the same plan under the same version gives the same history and trace,
byte for byte. What shrinks, what replays and what a report shows is a plan.

A plan either leaves its operations to the workload's generator (``operations is None``) or lists
them; the list is what a recorded run becomes before it is shrunk (`splitbrain.harness.shrinking`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from shlex import join
from typing import Annotated, Any, Protocol, TypeVar

import msgspec

from splitbrain.harness.node import ServerFactory

FORMAT = 2
"""The form of written plans. It grows when a plan gets a field that older versions do not know."""

READABLE = (1, 2)
"""The forms that are read. 1 had no ``ground``."""

MOST_NODES = 99
MOST_CLIENTS = 999
MOST_FAULTS = 10_000
TIME_LIMITS = (0.001, 1e6)
"""Shortest and longest load, in virtual seconds."""
RATES = (0.001, 1e6)
"""Least and greatest rate, in invocations a virtual second."""


class InvalidPlan(ValueError):
    """A plan that cannot run; the message names the field, what is wrong and what to do."""


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


def parse_seconds(text: str | float, what: str) -> float:
    """A time as people write it, in seconds: ``10s``, ``150ms``, ``2min``, ``1h``, or a number of
    seconds.

    Raises:
        InvalidPlan: it is no such thing, or not positive; `what` says whose it is.
    """
    match = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", str(text))
    try:
        number = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    except (ValueError, KeyError):
        number = 0.0
    if not 0 < number < float("inf"):
        raise InvalidPlan(f"{what} is {text!r}: give a time such as 10s, 150ms or 2min")
    return number


ITSELF = "itself"
"""As a target: the server whose doing a fault waited for."""


@dataclass(frozen=True, slots=True)
class When:
    """What a fault waits for (`splitbrain.harness.nemesis.triggers`).

    Attributes:
        event: what happens: ``leader``, ``role``, ``send``, ``receive``, ``rare-send``,
            ``unsynced-send``, ``write``, ``fsync-begin``, ``fsync-end``, ``acknowledged``.
        node: the server that does it; None for any.
        count: how often it happens from the fault's `at` on until the fault strikes.
        every: whether it strikes each time that this has happened so often, not once; while it
            lasts, nothing is counted.
        message: of ``send`` and ``receive``: only messages of this kind count, those that begin
            with this word.
    """

    event: str
    node: str | None = None
    count: int = 1
    every: bool = False
    message: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The trigger as JSON-able data."""
        every = {"every": True} if self.every else {}
        message = {} if self.message is None else {"message": self.message}
        return {"event": self.event, "node": self.node, "count": self.count, **every, **message}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a plan.

    Attributes:
        kind: a name from the catalogue, ``process.kill``, ``net.partition``, ...
        at: when it starts, in virtual seconds from the start of the run; with `when`, the earliest.
        duration: how long it lasts, in virtual seconds (0 for an instantaneous one).
        target: whom it strikes: ``n2`` for a node, or ``leader``, ``one``, ``minority``,
            ``majority``, ``all``, resolved when the fault starts.
        options: what else the kind needs (``shape``, ``probability``, ``offset``, ...).
        id: a name unique in the plan; streams and the recorded events carry it.
        when: what it waits for; None if it starts at its time. Its target may be ``itself`` then.
    """

    kind: str
    at: float
    duration: float = 0.0
    target: str = "one"
    options: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    when: When | None = None

    def to_json(self) -> dict[str, Any]:
        """The fault as JSON-able data."""
        when = {} if self.when is None else {"when": self.when.to_json()}
        return {
            **when,
            "id": self.id,
            "kind": self.kind,
            "at": self.at,
            "duration": self.duration,
            "target": self.target,
            "options": dict(self.options),
        }


@dataclass(frozen=True, slots=True)
class PlannedOperation:
    """An operation that a plan lists: client `client` (from 0) invokes `f` at virtual second `at`.

    If the client is still busy then, it invokes as soon as it is free.
    """

    at: float
    client: int
    f: str
    value: Any = None

    def to_json(self) -> list[Any]:
        """The operation as JSON-able data."""
        return [self.at, self.client, self.f, self.value]


_Claims = TypeVar("_Claims", contravariant=True)
_Checker = TypeVar("_Checker", contravariant=True)
_Experiment = TypeVar("_Experiment", covariant=True)


class Load(Protocol[_Claims, _Checker, _Experiment]):
    """What a plan can be used with: a workload (`splitbrain.harness.workloads.workload`).

    A plan knows none of the code that it will run, so the workload joins the two.
    """

    def experiment(
        self,
        plan: Plan,
        server: ServerFactory,
        claims: _Claims | None,
        checkers: Sequence[_Checker],
        invariants: Callable[[], Any] | None,
    ) -> _Experiment:
        """The plan together with the code to run."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run depends on besides the code.

    Attributes:
        system: a registered system's name (``raft``), or a dotted name for a user's own.
        workload: a workload's name.
        bug: id of a planted bug, or None for the system as it is.
        seed: everything random derives from it, by name.
        nodes: how many servers, named ``n1`` ...
        clients: how many clients, each on its own host ``c1`` ...
        time_limit: virtual seconds of load; healing, settling and final reads come after.
        rate: invocations a virtual second, over all clients.
        faults: the faults, ordered by start.
        operations: the operations to invoke, or None to let the workload generate them.
        options: the workload's own options (``keys``, ...), and ``network``/``disk`` parameters.
        ground: what it runs on (`splitbrain.harness.ground`): a name, or ``package.module:NAME``.
    """

    system: str
    workload: str
    bug: str | None = None
    seed: int = 0
    nodes: int = 3
    clients: int = 5
    time_limit: float = 10.0
    rate: float = 20.0
    faults: tuple[Fault, ...] = ()
    operations: tuple[PlannedOperation, ...] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    ground: str = "simulation"

    def __post_init__(self) -> None:
        for name, most in (("nodes", MOST_NODES), ("clients", MOST_CLIENTS)):
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= most:
                raise InvalidPlan(f"{name} is {value!r}: give a whole number from 1 to {most}")
        for name, (low, high) in (("time_limit", TIME_LIMITS), ("rate", RATES)):
            value = getattr(self, name)
            if type(value) not in (int, float) or not low <= value <= high:
                raise InvalidPlan(f"{name} is {value!r}: give a number from {low:g} to {high:g}")
        if len(self.faults) > MOST_FAULTS:
            raise InvalidPlan(f"{len(self.faults)} faults: give at most {MOST_FAULTS}")
        if type(self.seed) is not int or not -_SEEDS <= self.seed < _SEEDS:
            raise InvalidPlan(f"seed is {self.seed!r}: give a whole number of at most 64 bits")

    @property
    def told(self) -> tuple[str, str]:
        """What a run of it is called: the system and the workload, or, where the ground runs
        programs that its option names, the command of these and their protocol."""
        ground = self.options.get("ground")
        program = ground.get("program") if isinstance(ground, Mapping) else None
        if isinstance(ground, Mapping) and isinstance(program, list) and program:
            return join(map(str, program)), str(ground.get("protocol", self.workload))
        return self.system, self.workload

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers' names."""
        return tuple(f"n{i + 1}" for i in range(self.nodes))

    @property
    def client_hosts(self) -> tuple[str, ...]:
        """The names of the clients' hosts."""
        return tuple(f"c{i + 1}" for i in range(self.clients))

    def with_(self, **changes: Any) -> Plan:
        """A copy with some fields changed."""
        return replace(self, **changes)

    def using(
        self,
        server: ServerFactory,
        workload: Load[_Claims, _Checker, _Experiment],
        *,
        claims: _Claims | None = None,
        checkers: Sequence[_Checker] = (),
        invariants: Callable[[], Any] | None = None,
    ) -> _Experiment:
        """This plan together with the code to run: a server and a workload for its client.

        Args:
            server: a class whose ``__init__`` takes a `Node` and that has ``async def run()``.
            workload: from `splitbrain.harness.workloads`, for example ``register(KvClient)``.
            claims: the faults that the system claims to survive, if it claims any.
            checkers: what else judges the system, besides the workload's.
            invariants: what must hold between the servers at every moment
                (`splitbrain.harness.invariants`).
        """
        return workload.experiment(self, server, claims, checkers, invariants)

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON-able data; `from_json` is its inverse."""
        return {
            "format": FORMAT,
            "system": self.system,
            "workload": self.workload,
            "bug": self.bug,
            "seed": self.seed,
            "nodes": self.nodes,
            "clients": self.clients,
            "time_limit": self.time_limit,
            "rate": self.rate,
            "faults": [fault.to_json() for fault in self.faults],
            "operations": None
            if self.operations is None
            else [operation.to_json() for operation in self.operations],
            "options": dict(self.options),
            "ground": self.ground,
        }

    @classmethod
    def from_json(cls, data: Any) -> Plan:
        """The plan that `to_json` wrote, now or in an older form (`READABLE`).

        Raises:
            InvalidPlan: a field is missing, unknown, or of the wrong type.
        """
        if not isinstance(data, dict):
            raise InvalidPlan("a plan is a JSON object")
        if data.get("format") not in READABLE:
            raise InvalidPlan(
                f"format is {data.get('format')!r}, this version reads 1 to {FORMAT}: "
                "replay it with the version that wrote it"
            )
        known = set(cls.__dataclass_fields__) | {"format"}
        for name in data:
            if name not in known:
                raise InvalidPlan(f"unknown field {name!r}; a plan has {', '.join(sorted(known))}")
        try:
            written = msgspec.convert(data, _Written)
        except msgspec.ValidationError as error:
            problem, _, place = str(error).partition(" - at ")
            field_name = place.strip("`").removeprefix("$").removeprefix(".")
            raise InvalidPlan(f"{field_name or 'the plan'}: {problem}") from None
        fields = msgspec.structs.asdict(written)
        del fields["format"]
        fields["faults"] = tuple(map(_fault, written.faults))
        if written.operations is not None:
            fields["operations"] = tuple(PlannedOperation(*entry) for entry in written.operations)
        return cls(**fields)


# How a plan is written down: msgspec checks a file's data against it.

_SEEDS = 1 << 63
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class _WrittenWhen(msgspec.Struct, forbid_unknown_fields=True):
    event: str
    node: str | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    every: bool = False
    message: str | None = None


class _WrittenFault(msgspec.Struct, forbid_unknown_fields=True):
    kind: str
    at: _Seconds
    duration: _Seconds = 0.0
    target: str = "one"
    options: dict[str, Any] = {}
    id: str = ""
    when: _WrittenWhen | None = None


def _fault(written: _WrittenFault) -> Fault:
    fields = msgspec.structs.asdict(written)
    if written.when is not None:
        fields["when"] = When(**msgspec.structs.asdict(written.when))
    return Fault(**fields)


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    system: str
    workload: str
    bug: str | None = None
    seed: int = 0
    nodes: int = 3
    clients: int = 5
    time_limit: float = 10.0
    rate: float = 20.0
    faults: list[_WrittenFault] = []
    operations: list[tuple[_Seconds, int, str, Any]] | None = None
    options: dict[str, Any] = {}
    ground: str = "simulation"
