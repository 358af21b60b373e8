"""Ten scripted anomalies, after Hermitage (Kleppmann, "Hermitage: Testing the 'I' in ACID", 2014).

Each script says who does what in which order; whether the anomaly happens is read off what the
transactions saw and whether they committed. A step of a transaction that has to wait holds up its
own later steps only. x is 10 and y is 20 to begin with, and no key begins with ``p/``.

    G0        dirty write: two transactions' writes of two keys mix
    G1a       aborted read: what was rolled back is seen
    G1b       intermediate read: what was overwritten by its own writer is seen
    G1c       circular information flow: each sees what the other wrote
    OTV       observed transaction vanishes: it is seen, then what it overwrote is
    PMP       predicate-many-preceders: searching again finds what was not there
    P4        lost update: two read, both write, both commit
    G-single  read skew: one key from before another transaction, one from after
    G2-item   write skew: each reads what the other writes
    G2        the same with a predicate: each would have found what the other inserts

Names are Adya's (PhD thesis, 1999) and Bailis's (VLDB 2014); in the lattice of
`splitbrain.checkers.isolation.consistency`, PMP is a G-single with a predicate, and P4 a
lost-update.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import INFO, OK, Call, History
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict
from splitbrain.harness.generators import lift
from splitbrain.harness.node import ServerFactory
from splitbrain.harness.plan import Plan, PlannedOperation
from splitbrain.harness.workloads.workload import ClientFactory, Experiment, Workload

STEP_S = 0.05
"""Time between two steps, in seconds: plenty for an answer, and short enough for a whole script to
fit into the time that a server waits for a silent client."""

SETUP = ("T0 begin", "T0 write x 10", "T0 write y 20", "T0 commit")


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of a script.

    Attributes:
        reads: for each transaction, pairs of a key (or prefix) and what was found, in order.
        committed: transactions whose commit was acknowledged.
        doubtful: steps of which nobody knows whether they happened.
    """

    reads: dict[str, list[tuple[str, Any]]]
    committed: frozenset[str]
    doubtful: tuple[str, ...]

    def saw(self, txn: str, key: str) -> list[Any]:
        """What a transaction that committed found under a key, in order; else nothing."""
        return [v for k, v in self.reads.get(txn, []) if k == key and txn in self.committed]


@dataclass(frozen=True, slots=True)
class Script:
    """An anomaly as a script.

    Attributes:
        name: the anomaly's name.
        rules_out: the weakest consistency model that forbids it.
        steps: who does what, in order.
        shows: whether the anomaly happened.
    """

    name: str
    rules_out: str
    steps: tuple[str, ...]
    shows: Callable[[Observed], bool]


def _script(name: str, rules_out: str, steps: str, shows: Callable[[Observed], bool]) -> Script:
    lines = tuple(line.strip() for line in steps.replace("\n", ";").split(";") if line.strip())
    begun = dict.fromkeys(f"{line.split()[0]} begin" for line in lines)
    return Script(name, rules_out, (*(b for b in begun if b not in lines), *lines), shows)


def _both(observed: Observed) -> bool:
    return {"T1", "T2"} <= observed.committed


def _mixed(observed: Observed) -> bool:
    last = tuple(observed.saw("T3", key)[-1:] for key in ("x", "y"))
    return last in (([11], [22]), ([12], [21]))


def _vanishes(observed: Observed) -> bool:
    """Once something of T2 was seen, something older is."""
    from_second = {("x", 12), ("y", 18)}
    older = {("x", 10), ("x", 11), ("y", 20), ("y", 19)}
    reads = observed.reads.get("T3", []) if "T3" in observed.committed else []
    first = next((i for i, read in enumerate(reads) if read in from_second), len(reads))
    return any(read in older for read in reads[first:])


def _found_later(observed: Observed) -> bool:
    found = observed.saw("T1", "p/")
    return len(found) == 2 and found[0] != found[1]


SCRIPTS: tuple[Script, ...] = (
    _script(
        "G0",
        "read-uncommitted",
        """T1 write x 11; T2 write x 12; T2 write y 22; T1 write y 21; T1 commit; T2 commit
        T3 begin; T3 read x; T3 read y; T3 commit""",
        _mixed,
    ),
    _script(
        "G1a",
        "read-committed",
        "T1 write x 101; T2 read x; T1 rollback; T2 read x; T2 commit",
        lambda observed: 101 in observed.saw("T2", "x"),
    ),
    _script(
        "G1b",
        "read-committed",
        "T1 write x 101; T2 read x; T1 write x 11; T1 commit; T2 read x; T2 commit",
        lambda observed: 101 in observed.saw("T2", "x"),
    ),
    _script(
        "G1c",
        "read-committed",
        "T1 write x 11; T2 write y 22; T1 read y; T2 read x; T1 commit; T2 commit",
        lambda observed: 22 in observed.saw("T1", "y") and 11 in observed.saw("T2", "x"),
    ),
    _script(
        "OTV",
        "monotonic-atomic-view",
        """T1 write x 11; T1 write y 19; T2 write x 12; T1 commit; T3 read x; T3 read y
        T2 write y 18; T3 read y; T2 commit; T3 read y; T3 read x; T3 commit""",
        _vanishes,
    ),
    _script(
        "PMP",
        "consistent-view",
        "T1 scan p/; T2 write p/3 30; T2 commit; T1 scan p/; T1 commit",
        _found_later,
    ),
    _script(
        "P4",
        "consistent-view",
        "T1 read x; T2 read x; T1 write x 11; T2 write x 12; T1 commit; T2 commit",
        _both,
    ),
    _script(
        "G-single",
        "consistent-view",
        """T1 read x; T2 read x; T2 read y; T2 write x 12; T2 write y 18; T2 commit; T1 read y
        T1 commit""",
        lambda observed: observed.saw("T1", "x") == [10] and observed.saw("T1", "y") == [18],
    ),
    _script(
        "G2-item",
        "repeatable-read",
        """T1 read x; T1 read y; T2 read x; T2 read y; T1 write x 11; T2 write y 21; T1 commit
        T2 commit""",
        lambda observed: (
            _both(observed) and observed.saw("T1", "y") == [20] and observed.saw("T2", "x") == [10]
        ),
    ),
    _script(
        "G2",
        "serializable",
        "T1 scan p/; T2 scan p/; T1 write p/3 30; T2 write p/4 42; T1 commit; T2 commit",
        lambda observed: (
            _both(observed) and observed.saw("T1", "p/") == observed.saw("T2", "p/") == [[]]
        ),
    ),
)


def experiment(
    script: Script,
    system: str,
    server: ServerFactory,
    client: ClientFactory,
    *,
    nodes: int = 1,
    bug: str | None = None,
) -> Experiment:
    """The run that plays a script against a system.

    Args:
        script: what to play.
        system: the system's name.
        server: its server.
        client: its client: begin, operate, commit, rollback (as `TransactionClient` has them).
        nodes: how many servers.
        bug: the planted bug that the server has, if any.
    """
    steps = [_planned(i, step) for i, step in enumerate((*SETUP, *script.steps))]
    plan = Plan(
        system,
        "hermitage",
        bug=bug,
        nodes=nodes,
        clients=4,
        time_limit=STEP_S * (len(steps) + 2) + 2.0,
        operations=tuple(steps),
    )
    workload = Workload(
        name="hermitage",
        client=client,
        perform=perform,
        generator=lambda plan: lift(None),
        final=lambda plan: [],
        checkers=(Hermitage(script),),
        idempotent=frozenset(),
    )
    return Experiment(plan, server, workload)


def _planned(position: int, step: str) -> PlannedOperation:
    txn, f, *arguments = step.split()
    value = [int(word) if word.isdigit() else word for word in arguments]
    return PlannedOperation(STEP_S * (position + 1), int(txn[1:]), f, value)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one step; see `splitbrain.harness.client.Perform`."""
    if f in ("begin", "commit", "rollback"):
        await getattr(client, f)()
        return value
    found = await client.operate(f, *value)
    if f == "scan":
        return [value[0], [list(row) for row in found]]
    return [value[0], found] if f == "read" else value


@dataclass(frozen=True, slots=True)
class Hermitage:
    """A checker: a script's anomaly did not happen."""

    script: Script

    @property
    def name(self) -> str:
        """``hermitage`` with the anomaly in brackets."""
        return f"hermitage({self.script.name})"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`."""
        observed = observe(history)
        told = tell(history)
        coverage = {"steps": len(history.calls()), "committed": len(observed.committed)}
        if self.script.shows(observed):
            indices = tuple(call.invoke_index for call in history.calls())
            anomaly = Anomaly(self.script.name, told, indices)
            return Verdict(self.name, INVALID, told, (anomaly,), coverage=coverage)
        if observed.doubtful or "T0" not in observed.committed:
            reason = f"nobody knows what became of {', '.join(observed.doubtful) or 'the setup'}"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        return Verdict(self.name, VALID, told, coverage=coverage)


def observe(history: History) -> Observed:
    """What the transactions of a script saw, and which committed."""
    reads: dict[str, list[tuple[str, Any]]] = {}
    calls = history.calls()
    for call in calls:
        if call.f in ("read", "scan") and call.outcome == OK:
            reads.setdefault(_txn(call), []).append((call.result[0], call.result[1]))
    committed = frozenset(_txn(c) for c in calls if c.f == "commit" and c.outcome == OK)
    doubtful = tuple(_step(call) for call in calls if call.outcome == INFO)
    return Observed(reads, committed, doubtful)


def tell(history: History) -> str:
    """A script as it went, in the order in which the steps were answered."""
    calls: Sequence[Call] = [call for call in history.calls() if _txn(call) != "T0"]
    ordered = sorted(calls, key=lambda call: (call.end is None, call.end or 0))
    return "; ".join(_told(call) for call in ordered if call.f != "begin")


def _told(call: Call) -> str:
    if call.outcome != OK and call.f != "rollback":
        return f"{_step(call)} {'refused' if call.outcome != INFO else 'unanswered'}"
    if call.f in ("read", "scan"):
        return f"{_step(call)} -> {_shown(call.result[1])}"
    return _step(call)


def _step(call: Call) -> str:
    return " ".join([_txn(call), call.f, *map(str, call.argument)])


def _shown(found: Any) -> str:
    if isinstance(found, list):
        return f"{{{', '.join(f'{key}={value}' for key, value in found)}}}"
    return str(found)


def _txn(call: Call) -> str:
    return f"T{call.process % 4}"
