"""Meeting rooms: nobody is booked into a room that is taken.

The example of a phantom (DDIA chapter 7, "Phantoms causing write skew"): a booking looks for others
that overlap, finds none, and inserts a row. There is no row that both could have locked or written,
so only predicate locks, or watching what a search would have found, keeps two apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from splitbrain.checkers.history import Call
from splitbrain.checkers.invariants.reads import every_read
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.client import Definite
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import ClientFactory, FinalRead, Workload

NAME = "booking"
PHANTOM = "phantom"

WINDOW_H = 4
"""Bookings are tried in so many hours at a time; the window moves on as the run does."""

PER_HOUR = 6
"""Attempts until the window moves on by an hour."""

OPTIONS = (
    Option("rooms", 2, "how many rooms", least=1),
    Option("read", 0.3, "share of reads among the operations; bookings are the rest", most=1),
)


# Client protocol


class BookingClient(Protocol):
    """What a client must offer; each method in one transaction.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def book(self, room: str, start: int, end: int, guest: int) -> bool:
        """Book hours [start, end) if no booking of the room overlaps; return whether it was."""
        ...

    async def bookings(self, room: str) -> list[list[int]]:
        """All bookings of a room, each ``[start, end, guest]``."""
        ...


METHODS = (
    Method("book", "book(room, start, end, guest)", "bookings", True),
    Method("bookings", "bookings(room)", "reads", True),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == "read":
        return [value[0], [list(booking) for booking in await client.bookings(value[0])]]
    if f == "book":
        room, (start, end, guest) = value
        if not await client.book(room, start, end, guest):
            raise Definite(f"{room} was taken")
        return value
    raise ValueError(f"workload booking has no operation {f!r}: it has read and book")


# Generator


def rooms(options: Mapping[str, Any]) -> list[str]:
    """Names of the rooms."""
    return [f"room{i + 1}" for i in range(options["rooms"])]


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless reads and bookings of an hour or two, by random free clients."""
    names = rooms(options)

    def draw(context: Context, client: int, number: int) -> Invocation:
        random = context.random
        room = random.choice(names)
        if random.random() < options["read"]:
            return Invocation(context.time, client, "read", [room, None])
        start = number // PER_HOUR + random.randrange(WINDOW_H)
        value = [room, [start, start + random.randint(1, 2), number]]
        return Invocation(context.time, client, "book", value)

    return Drawn(draw)


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """A read of every room."""
    return [FinalRead("read", [room, None]) for room in rooms(options)]


def never_booked_twice() -> Checker:
    """No read shows bookings of one room that overlap."""

    def problem(seen: Sequence[Any]) -> str | None:
        room, bookings = seen
        found = _overlap(bookings)
        if found is None:
            return None
        (start, end, guest), (after, _, other) = found
        return (
            f"shows {room} booked twice: by guest {guest} from {start} to {end}, and by "
            f"guest {other} from {after}"
        )

    def causes(seen: Sequence[Any], changes: Sequence[Call]) -> list[Call]:
        room, bookings = seen
        both = _overlap(bookings) or ()
        return [call for call in changes if call.argument[0] == room and call.argument[1] in both]

    return every_read("never-booked-twice", PHANTOM, problem, causes=causes)


def _overlap(bookings: Sequence[Any]) -> tuple[Any, Any] | None:
    """The first two bookings of a room that overlap.

    Raises:
        ValueError: one is not given by start, end and guest.
    """
    for one in bookings:
        match one:
            case [int(), int(), int()]:
                pass
            case _:
                raise ValueError(f"{shown(one)} is no booking: give [start, end, guest]")
    pairs = pairwise(sorted(bookings))
    return next(((one, other) for one, other in pairs if other[0] < one[1]), None)


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No room is booked twice, and all is answered in the end."""
    return (never_booked_twice(),)


KIND = WorkloadKind(
    name=NAME,
    description="rooms are booked if nobody else's booking overlaps: phantoms",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({"read"}),
    refusable=frozenset({"book"}),
    words={
        "read": Words(
            "reads the bookings of {argument.0:name}[ -> {result.1}]",
            "{argument.0:name}->{result.1}",
        ),
        "book": Words(
            "books {argument.0:name} from {argument.1.0} to {argument.1.1} for guest "
            "{argument.1.2}",
            "{argument.0:name} {argument.1.0}-{argument.1.1}",
        ),
    },
)


def booking(client: ClientFactory, **options: int | float | None) -> Workload:
    """Meeting rooms, for a client that offers `BookingClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
