"""A saga has all of its effects in the end, or none.

    order     [number, day]                            ok, fail (refused), info (nobody knows)
    ledgers   -> {service: [[number, "did" | "undid"], ...]}   what each did, in order
    audit     the same, in the end

*Property.* In every ledger a step is done once at most (``done-twice``), undone once at most
(``undone-twice``), undone only after it was done (``undone-without-doing``), and only for an order
that was made (``unrequested``). In the end an order that succeeded has its effect at every service
(``lost-step``), one that was refused at none (``left-over``), and one of which nobody knows at all
of them or at none (``torn``). The last two are excused if a server is down for good: whoever was to
end the order, or to take back what was done for it, perhaps. And who was refused since no seat was
left met a day that was full (``refused-while-free``): at some service there were at some time as
many orders for it as that service ever had for one day. A compensation that takes an order back and
leaves its seat taken breaks this alone. Orders without a day are left out.

*Source.* Garcia-Molina and Salem, "Sagas", SIGMOD 1987, section 2: either all steps, or a prefix of
them followed by its compensations.

*Algorithm.* Two passes over each ledger. O(lines).

*Left out.* What others saw meanwhile: sagas are not isolated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from splitbrain.checkers.answers import servers_that
from splitbrain.checkers.calls.rechecked_sagas import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import MOST_SHOWN
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict
from splitbrain.checkers.vocabulary import GONE

NAME = "saga"
ORDER, LEDGERS, AUDIT = "order", "ledgers", "audit"

NO_SEAT = "no seat was left"
"""How the error of an order begins that was refused since a day was full at a service."""

_LEFT_BY_THE_DEAD = ("left-over", "torn")

Ledgers = Mapping[str, list[tuple[int, str]]]


def saga() -> Sagas:
    """The checker of sagas."""
    return Sagas()


class Sagas:
    """See the module."""

    name = NAME

    def check(self, history: History) -> Verdict:
        """Judge all ledgers of a history.

        Raises:
            splitbrain.checkers.models.ModelError: an operation does not have the form above, or two
                orders have one number.
        """
        calls = history.calls()
        orders: dict[int, Call] = {}
        for call in calls:
            if call.f == ORDER:
                number = _number(call)
                if number in orders:
                    raise ModelError(call.invoke_index, f"order {number} was made before")
                orders[number] = call
        reads = [c for c in calls if c.f in (LEDGERS, AUDIT) and c.outcome == OK]
        gone = servers_that(history, GONE)
        anomalies: list[Anomaly] = []
        for read in reads:
            ledgers = _ledgers(read)
            anomalies += _of_services(read, ledgers, orders)
            if read.f == AUDIT:
                found = _of_orders(read, ledgers, orders)
                anomalies += [a for a in found if not (gone and a.kind in _LEFT_BY_THE_DEAD)]
                if not gone:
                    anomalies += _of_refusals(read, ledgers, orders, history)
        audits = sum(read.f == AUDIT for read in reads)
        coverage = {
            "orders": len(orders),
            "booked": sum(call.outcome == OK for call in orders.values()),
            "refused": sum(call.outcome == FAIL for call in orders.values()),
            "audits": audits,
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in anomalies]}
        if anomalies:
            said = f"{len(anomalies)} findings; {anomalies[0].message}"
            return Verdict(
                NAME, INVALID, said, tuple(anomalies[:MOST_SHOWN]), certificate, coverage
            )
        if not audits or not coverage["booked"]:
            said = "no order succeeded, or nobody looked in the end: nothing was exercised"
            return Verdict(NAME, UNKNOWN, said, coverage=coverage)
        said = f"{coverage['booked']} orders have all effects, {coverage['refused']} have none"
        return Verdict(NAME, VALID, said, certificate=certificate, coverage=coverage)


def _number(call: Call) -> int:
    match call.argument:
        case [int(number), *_]:
            return number
    raise ModelError(call.invoke_index, f"{shown(call.argument)} is no order: give [number, ...]")


def _ledgers(read: Call) -> Ledgers:
    found: dict[str, list[tuple[int, str]]] = {}
    if isinstance(read.result, Mapping):
        for service, lines in read.result.items():
            for line in lines:
                match line:
                    case [int(number), ("did" | "undid") as what]:
                        found.setdefault(service, []).append((number, what))
                    case _:
                        raise ModelError(_end(read), f"{shown(line)} is no line of a ledger")
            found.setdefault(service, [])
        return found
    raise ModelError(_end(read), f"{shown(read.result)} are no ledgers")


def _of_services(read: Call, ledgers: Ledgers, orders: Mapping[int, Call]) -> Iterator[Anomaly]:
    for service, lines in sorted(ledgers.items()):
        seen: dict[int, list[str]] = {}
        for number, what in lines:
            before = seen.setdefault(number, [])
            order = orders.get(number)
            if order is None or order.invoke_index > _end(read):
                yield _found("unrequested", f"{service} {what} order {number}, never made", read)
            elif what == "undid" and "did" not in before:
                said = f"{service} undid order {number} without having done it"
                yield _found("undone-without-doing", said, read, order)
            elif what in before:
                kind = "done-twice" if what == "did" else "undone-twice"
                yield _found(kind, f"{service} {what} order {number} twice", read, order)
            before.append(what)


def _of_orders(read: Call, ledgers: Ledgers, orders: Mapping[int, Call]) -> Iterator[Anomaly]:
    """What an order has in the end, at each service: what was done last counts."""
    last = {service: dict(lines) for service, lines in ledgers.items()}
    for number, order in orders.items():
        if order.invoke_index > read.invoke_index:
            continue
        holds = sorted(service for service, done in last.items() if done.get(number) == "did")
        lacks = sorted(last.keys() - set(holds))
        if order.outcome == OK and lacks:
            said = f"order {number} succeeded, and {', '.join(lacks)} has nothing of it"
            yield _found("lost-step", said, read, order)
        elif order.outcome == FAIL and holds:
            said = f"order {number} was refused, and {', '.join(holds)} keeps what it did for it"
            yield _found("left-over", said, read, order)
        elif order.outcome not in (OK, FAIL) and holds and lacks:
            said = f"of order {number}, {', '.join(holds)} has a part and {', '.join(lacks)} none"
            yield _found("torn", said, read, order)


def _of_refusals(
    read: Call, ledgers: Ledgers, orders: Mapping[int, Call], history: History
) -> Iterator[Anomaly]:
    """Orders that were refused for want of a seat on a day that was full nowhere."""
    days = {number: order.argument[1] for number, order in orders.items() if _has_day(order)}
    most = [_most_at_once(lines, days) for lines in ledgers.values()]
    full = {d for taken in most for d in taken if taken[d] == max(taken.values())}
    if not most or not all(most):
        return  # a service that never took anybody may have no seats at all
    for number, order in orders.items():
        if order.outcome != FAIL or order.completed is None or number not in days:
            continue
        told = history.errors[order.completed] or ""
        if told.startswith(NO_SEAT) and days[number] not in full:
            said = (
                f"order {number} was refused ({NO_SEAT}), and day {days[number]} was full nowhere"
            )
            yield _found("refused-while-free", said, read, order)


def _has_day(order: Call) -> bool:
    match order.argument:
        case [_, int() | str(), *_]:
            return True
    return False


def _most_at_once(
    lines: list[tuple[int, str]], days: Mapping[int, int | str]
) -> dict[int | str, int]:
    """By day, the most orders that had a seat at the same time."""
    taken: dict[int | str, int] = {}
    most: dict[int | str, int] = {}
    for number, what in lines:
        if (day := days.get(number)) is not None:
            taken[day] = taken.get(day, 0) + (1 if what == "did" else -1)
            most[day] = max(most.get(day, 0), taken[day])
    return most


def _end(call: Call) -> int:
    return call.invoke_index if call.complete_index is None else call.complete_index


def _found(kind: str, message: str, *calls: Call) -> Anomaly:
    return Anomaly(kind, message, tuple(sorted({_end(call) for call in calls})))


ENTRY = CheckerEntry(NAME, saga, "a saga has all of its effects in the end, or none", verify=verify)
