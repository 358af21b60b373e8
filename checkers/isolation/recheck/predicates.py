"""Re-checking verdicts on predicate reads (see `predicates`), from the history alone.

*Invalid.* Each step of a cycle is looked up:

    ww   the source wrote the key and the target deleted it
    wr   the target saw the key's item, which the source wrote
    rw   the source saw the item, which the target deleted; or asked for it (by its key, or by a
         predicate that it matches) and did not see it, though nobody ever deletes it, and the
         target wrote it

*Valid.* Transactions are run in the order given, or by a schedule of snapshots: a predicate read
must return exactly the items that match. Against weaker models, dependencies of items must go
forward in the order (see `forward`).

*Complexity.* Linear in what was read, but for predicate reads, each of which is compared with the
items there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, OK, Call
from splitbrain.checkers.isolation.consistency import SESSION_KINDS, forbidden, implied
from splitbrain.checkers.isolation.recheck.cycles import kind_of
from splitbrain.checkers.isolation.recheck.forward import Edge, Positions, verify_dependencies
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.isolation.recheck.runs import (
    verify_begins,
    verify_members,
    verify_time,
)
from splitbrain.checkers.verdict import Anomaly

_PREDICATE_KINDS = {
    "G-single": "G-single-predicate",
    "G-nonadjacent": "G-nonadjacent-predicate",
    "G2-item": "G2",
}


def matching(predicate: Any, value: int) -> bool:
    """Whether an item with a value is one that a predicate asks for."""
    if predicate == "all":
        return True
    name, number, *rest = predicate
    if name == "mod":
        return bool(value % number == rest[0])
    return bool({"=": value == number, "<": value < number, ">": value > number}[name])


class Items:
    """Who wrote and who deleted each item, and what reads saw of them."""

    def __init__(self, look: Lookup) -> None:
        self.look = look
        self.writer: dict[Any, Call] = {}
        self.value: dict[Any, int] = {}
        self.deleter: dict[Any, Call] = {}
        for call in look.calls:
            for f, key, value in look.micro_operations(call):
                if f == "w" and value is not None:
                    self.writer[key], self.value[key] = call, value
                elif f == "w" and call.outcome != FAIL:
                    self.deleter[key] = call
        self.seen = {
            self.writer[key].invoke_index
            for call in look.calls
            for _, _, found in self.reads(call)
            for key, value in found.items()
            if value is not None and key in self.writer
        }

    def reads(self, call: Call) -> Iterator[tuple[str, Any, dict[Any, Any]]]:
        """What an ok transaction read: ``r`` or ``rp``, what it asked for, and what it saw."""
        for f, asked, value in call.result if call.outcome == OK else ():
            if f == "r":
                yield f, asked, {asked: value}
            elif f == "rp":
                yield f, asked, dict(map(tuple, value))

    def took_effect(self, call: Call) -> bool:
        """Whether a transaction is ok, or is indeterminate but was seen."""
        return call.outcome == OK or (call.outcome != FAIL and call.invoke_index in self.seen)

    def saw(self, key: Any, found: Mapping[Any, Any]) -> bool:
        """Whether a read saw a key's item."""
        return key in self.value and found.get(key) == self.value[key]

    def missed(self, key: Any, f: str, asked: Any, found: Mapping[Any, Any]) -> bool:
        """Whether a read asked for an item that nobody ever deletes, and did not see it."""
        if key not in self.value or key in self.deleter or found.get(key) is not None:
            return False
        return asked == key if f == "r" else matching(asked, self.value[key])

    def edges(self, _: Positions) -> Iterator[Edge]:
        """The dependencies between transactions that took effect."""
        for source, target, how in self._edges():
            if source is not target and self.took_effect(source) and self.took_effect(target):
                yield source, target, how

    def _edges(self) -> Iterator[Edge]:
        for key, deleter in self.deleter.items():
            if key in self.writer:
                yield self.writer[key], deleter, "ww"
        for call in self.look.calls:
            for f, asked, found in self.reads(call):
                how = "rw" if f == "r" else "rw-predicate"
                for key in found if f == "r" else self.writer:
                    if self.saw(key, found):
                        yield self.writer[key], call, "wr"
                        if key in self.deleter:
                            yield call, self.deleter[key], how
                    elif self.missed(key, f, asked, found):
                        yield call, self.writer[key], how


def verify_predicate_anomaly(items: Items, anomaly: Anomaly) -> None:
    """Look an anomaly up again.

    Raises:
        CertificateError: it is not there, or has another name.
    """
    if "cycle of predicates" in anomaly.details:
        _verify_cycle(items, anomaly)
        return
    call, key = items.look.member(anomaly.operations[0]), anomaly.details["key"]
    shown = [_wrong(items, f, asked, found, key) for f, asked, found in items.reads(call)]
    shown += [kind for kind, of in _of_itself(items, call) if of == key]
    if anomaly.kind not in shown:
        raise CertificateError(
            f"no read of {key} by operation {anomaly.operations[0]} shows {anomaly.kind}"
        )


def _wrong(items: Items, f: str, asked: Any, found: Mapping[Any, Any], key: Any) -> str:
    """What is wrong with what a read saw of a key: garbage, G1a or nothing."""
    value = found.get(key)
    if value is None:
        return ""
    if not items.saw(key, found):
        return "garbage"
    if items.writer[key].outcome == FAIL:
        return "G1a"
    return "garbage" if f == "rp" and not matching(asked, value) else ""


def _of_itself(items: Items, call: Call) -> Iterator[tuple[str, Any]]:
    """Reads that are not as the transaction's own writes, before or after them, make them."""
    micros = items.look.micro_operations(call) if call.outcome == OK else []
    own: dict[Any, Any] = {}
    for at, (f, asked, value) in enumerate(micros):
        if f == "w":
            own[asked] = value
            continue
        found = {asked: value} if f == "r" else dict(map(tuple, value))
        for key, left in own.items():
            if f == "r" and key != asked:
                continue
            there = left is not None and (f == "r" or matching(asked, left))
            if found.get(key) != (left if there else None):
                yield "internal", key
        for later, key, written in micros[at:]:
            yet = later == "w" and written is not None and key not in own
            if yet and found.get(key) == written:
                yield "future-read", key


def _verify_cycle(items: Items, anomaly: Anomaly) -> None:
    steps: Sequence[Mapping[str, Any]] = anomaly.details["cycle of predicates"]
    look = items.look
    for step, following in zip(steps, [*steps[1:], steps[0]], strict=True):
        if step["to operation"] != following["from operation"]:
            raise CertificateError(f"{step['because']!r} is not followed by a step of {step['to']}")
        source = look.transaction(step["from operation"])
        target = look.transaction(step["to operation"])
        effective = items.took_effect(source) and items.took_effect(target)
        if not effective or not _STEPS[step["type"]](items, source, target, step):
            raise CertificateError(f"the history does not say that {step['because']}")
    kind = kind_of([step["type"] for step in steps])
    if any(step["type"] == "rw" and "predicate" in step for step in steps):
        base = next(base for base in _PREDICATE_KINDS if kind.startswith(base))
        kind = _PREDICATE_KINDS[base] + kind.removeprefix(base)
    if kind != anomaly.kind:
        raise CertificateError(f"the cycle called {anomaly.kind} is a {kind}")


def _ww(items: Items, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key = step["key"]
    return items.writer.get(key) is source and items.deleter.get(key) is target


def _wr(items: Items, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key = step["key"]
    saw = any(items.saw(key, found) for _, _, found in items.reads(target))
    return saw and items.writer[key] is source


def _rw(items: Items, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    key = step["key"]
    wanted = ("rp", step["predicate"]) if "predicate" in step else ("r", key)
    for f, asked, found in items.reads(source):
        if (f, asked) != wanted or source is target:
            continue
        if items.saw(key, found) and items.deleter.get(key) is target:
            return True
        if items.missed(key, f, asked, found) and items.writer[key] is target:
            return True
    return False


def _process(items: Items, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    return source.process == target.process and _realtime(items, source, target, step)


def _realtime(items: Items, source: Call, target: Call, step: Mapping[str, Any]) -> bool:
    return source.completed is not None and source.completed < target.invoked


_STEPS: dict[str, Callable[[Items, Call, Call, Mapping[str, Any]], bool]] = {
    "ww": _ww,
    "wr": _wr,
    "rw": _rw,
    "process": _process,
    "realtime": _realtime,
}


def verify_predicate_valid(items: Items, model: str, certificate: Mapping[str, Any]) -> Certified:
    """Check a valid verdict's order, schedule or order of dependencies.

    Returns:
        What was proved; without an order or a schedule not all of the verdict.

    Raises:
        CertificateError: it does not hold.
        NoCertificate: there is none.
    """
    look = items.look
    realtime = not model.startswith("strong-session-")
    if "order" in certificate:
        order = [look.transaction(index) for index in certificate["order"]]
        if model.startswith("strong-"):
            verify_time(order, realtime=realtime)
        elif not forbidden(model).isdisjoint(SESSION_KINDS):
            verify_time(order, realtime=False)
        _run(look, [(call, at) for at, call in enumerate(order)])
        return Certified(f"{len(order)} transactions run in the order given give every read")
    if "schedule" in certificate:
        if model not in implied("strong-snapshot-isolation"):
            raise CertificateError(f"{model} is more than a schedule of snapshots can show")
        began: dict[int, int] = {}
        commits: list[tuple[Call, int]] = []
        for index, what in certificate["schedule"]:
            if what == "begin":
                began[index] = len(commits)
            elif index in began:
                commits.append((look.transaction(index), began.pop(index)))
            else:
                raise CertificateError(f"operation {index} commits before it begins")
        _run(look, commits)
        if model.startswith("strong-"):
            verify_begins(look, certificate["schedule"], realtime=realtime)
        return Certified(f"{len(commits)} transactions run as scheduled give every read")
    if "dependencies" not in certificate:
        raise NoCertificate(str(certificate.get("no proof", "there is no order")))
    kinds = forbidden(model)
    if "G-nonadjacent" in kinds and "G2-item" not in kinds:
        raise CertificateError(f"{model} needs a schedule")
    for call in look.calls:
        for wrong, key in _of_itself(items, call):
            if wrong in kinds:
                raise CertificateError(f"operation {call.invoke_index} shows {wrong} of {key}")
        for f, asked, found in items.reads(call):
            for key in found:
                wrong = _wrong(items, f, asked, found, key)
                if wrong in kinds:
                    raise CertificateError(f"operation {call.invoke_index} read {wrong} of {key}")
    verify_dependencies(look, model, certificate["dependencies"], items.edges)
    return no_anomaly(model)


def no_anomaly(model: str) -> Certified:
    """What can be said where nothing but anomalies was looked for."""
    return Certified(
        f"the reads show no anomaly that {model} forbids",
        complete=False,
        unchecked=f"that does not prove that {model} holds",
    )


def _run(look: Lookup, commits: Sequence[tuple[Call, int]]) -> None:
    """Run transactions that each see as many commits as it says, and their own writes."""
    # By key: its value, and numbers of the commits that wrote and that deleted it.
    value: dict[Any, int] = {}
    written: dict[Any, int] = {}
    deleted: dict[Any, int] = {}
    verify_members(look, [call for call, _ in commits])
    for number, (call, began) in enumerate(commits, 1):
        own: dict[Any, int | None] = {}

        def state(key: Any, began: int = began, own: Mapping[Any, int | None] = own) -> int | None:
            if key in own:
                return own[key]
            since, until = written.get(key, began + 1), deleted.get(key, began + 1)
            return value[key] if since <= began and not since <= until <= began else None

        for f, asked, seen in look.micro_operations(call):
            if f == "w":
                if max(written.get(asked, 0), deleted.get(asked, 0)) > began:
                    raise CertificateError(
                        f"operation {call.invoke_index} writes {asked}, which another wrote after "
                        "it had begun"
                    )
                own[asked] = seen
            elif call.outcome == OK and f == "r" and state(asked) != seen:
                raise CertificateError(
                    f"operation {call.invoke_index} read {seen} of {asked}, but the order gives "
                    f"{state(asked)}"
                )
            elif call.outcome == OK and f == "rp":
                there = {key: state(key) for key in (*value, *own)}
                expected = {k: v for k, v in there.items() if v is not None and matching(asked, v)}
                if dict(map(tuple, seen)) != expected:
                    raise CertificateError(
                        f"operation {call.invoke_index} read {seen} by {asked}, but the order "
                        f"gives {[list(item) for item in expected.items()]}"
                    )
        for key, left in own.items():
            if left is None:
                deleted[key] = number
            else:
                value[key], written[key] = left, number
