"""A partitioned log as its producers and consumers see it: Jepsen's workload ``kafka``.

Clients send records to keys, poll what others sent, and do both in transactions; in the end the
logs are drained. Values differ, so that each record can be followed. Judged by
`splitbrain.checkers.streams.kafka`, which has the form of the operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Protocol

from splitbrain.checkers.streams import kafka as kafka_checker
from splitbrain.checkers.streams.micros import ASSIGN, DRAIN, POLL, SEND, SUBSCRIBE, TXN
from splitbrain.checkers.verdict import Checker
from splitbrain.harness.generators import Context, Generator, Invocation
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts.abilities import Method
from splitbrain.harness.workloads.parts.drawn import Drawn
from splitbrain.harness.workloads.parts.kind import WorkloadKind
from splitbrain.harness.workloads.parts.options import Option
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.workload import DRAIN_S, ClientFactory, FinalRead, Workload

NAME = "kafka"

OPTIONS = (
    Option("keys", 3, "how many logs", least=1, most=1000),
    Option("poll", 0.4, "share of polls; sends are what is left", most=1),
    Option("assign", 0.1, "share of assignments: a client begins to read anew", most=1),
    Option("subscribe", 0.1, "share of subscriptions: it joins a group", most=1),
    Option("transact", 0.2, "share of transactions", most=1),
    Option("length", 4, "the most sends and polls of a transaction", least=1, most=100),
)

Polled = Mapping[str, Sequence[Sequence[Any]]]
"""Records by key, ``[offset, value]`` each."""


# Client protocol


class KafkaClient(Protocol):
    """What a client must offer; `subscribe` and `transact` it may.

    A method that returns has done it; see `splitbrain.harness.client` for what raising means.
    """

    async def send(self, key: str, value: int) -> int | None:
        """Put `value` at the end of the log `key`; return its offset, if that is known."""
        ...

    async def poll(self) -> Polled:
        """The next records of the keys that it reads; those of none before it reads any."""
        ...

    async def assign(self, keys: Sequence[str]) -> None:
        """From now on, read these keys, each from its beginning."""
        ...

    async def drain(self, keys: Sequence[str]) -> Polled:
        """All that these logs have now."""
        ...

    async def subscribe(self, keys: Sequence[str]) -> None:
        """From now on, be one of the group that reads these keys and shares them; a poll commits
        what the one before had returned."""
        ...

    async def transact(self, micros: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Do ``["send", key, value]`` and ``["poll"]``, all or none; return them completed:
        ``["send", key, [offset, value]]`` and ``["poll", {key: [[offset, value], ...]}]``."""
        ...


METHODS = (
    Method("send", "send(key, value)", "sends", needed=True),
    Method("poll", "poll()", "polls", needed=True),
    Method("assign", "assign(keys)", "assigns keys", needed=True),
    Method("drain", "drain(keys)", "reads all in the end", needed=True),
    Method("subscribe", "subscribe(keys)", "subscriptions"),
    Method("transact", "transact(micros)", "transactions"),
)


async def perform(client: Any, f: str, value: Any) -> Any:
    """Do one operation by the client's methods; see `splitbrain.harness.client.Perform`."""
    if f == SEND:
        ((_, key, sent),) = value
        offset = await client.send(key, sent)
        return [[SEND, key, sent if offset is None else [offset, sent]]]
    if f == POLL:
        return [[POLL, _recorded(await client.poll())]]
    if f == TXN:
        return await client.transact(value)
    if f == DRAIN:
        return _recorded(await client.drain(value))
    if f in (ASSIGN, SUBSCRIBE):
        await getattr(client, f)(value)
        return value
    raise ValueError(
        f"workload kafka has no operation {f!r}: it has {SEND}, {POLL}, {TXN}, {ASSIGN}, "
        f"{SUBSCRIBE} and {DRAIN}"
    )


def _recorded(polled: Polled) -> dict[str, list[list[Any]]]:
    return {key: [list(record) for record in records] for key, records in polled.items()}


# Generator


def operations(options: Mapping[str, Any]) -> Generator:
    """Endless operations by random free clients; values are 0, 1, 2, ..., with gaps."""
    keys = key_names(options)
    shares = [(f, options[name]) for f, name in _SHARES]

    def draw(context: Context, client: int, number: int) -> Invocation:
        random, left = context.random, context.random.random()
        for f, share in shares:
            left -= share
            if left < 0:
                return Invocation(context.time, client, f, _asked(f, keys, options, number, random))
        value = _asked(SEND, keys, options, number, random)
        return Invocation(context.time, client, SEND, value)

    return Drawn(draw)


_SHARES = ((POLL, "poll"), (ASSIGN, "assign"), (SUBSCRIBE, "subscribe"), (TXN, "transact"))


def _asked(
    f: str, keys: Sequence[str], options: Mapping[str, Any], number: int, random: Random
) -> list[Any]:
    if f == POLL:
        return [[POLL]]
    if f in (ASSIGN, SUBSCRIBE):
        return sorted(random.sample(keys, random.randint(1, len(keys))))
    first = number * options["length"]
    if f == SEND:
        return [[SEND, random.choice(keys), first]]
    count = random.randint(1, options["length"])
    return [
        [POLL] if random.random() < options["poll"] else [SEND, random.choice(keys), first + at]
        for at in range(count)
    ]


def key_names(options: Mapping[str, Any]) -> list[str]:
    """The names of the logs."""
    return [f"k{number}" for number in range(options["keys"])]


# Final reads and checkers


def final_reads(plan: Plan, options: Mapping[str, Any]) -> list[FinalRead]:
    """All logs are drained by a client of every server."""
    return [FinalRead(DRAIN, key_names(options), server, DRAIN_S) for server in plan.servers]


def checkers(options: Mapping[str, Any], consistency: str) -> tuple[Checker, ...]:
    """No record is lost, repeated, moved or passed over."""
    return (kafka_checker(),)


def shows(f: str, argument: Any, result: Any) -> bool:
    """Whether a poll or a drain gives any record."""
    polled = result[0][1] if f == POLL and len(result[0]) > 1 else result
    return f in (POLL, DRAIN) and isinstance(polled, Mapping) and any(polled.values())


KIND = WorkloadKind(
    name=NAME,
    description="a partitioned log: sends, polls and transactions, as in Jepsen's workload",
    options=OPTIONS,
    methods=METHODS,
    perform=perform,
    operations=operations,
    final=final_reads,
    checkers=checkers,
    idempotent=frozenset({POLL, ASSIGN, SUBSCRIBE, DRAIN}),
    shows=shows,
    words={
        SEND: Words(
            "sends {argument.0.2} to {argument.0.1:name}[, at offset {result.0.2.0}]",
            "{argument.0.1:name}+{argument.0.2}",
        ),
        POLL: Words("polls[ -> {result.0.1}]", "poll"),
        TXN: Words("does {argument}[ -> {result}]", "txn"),
        ASSIGN: Words("reads {argument} from the beginning", "assign"),
        SUBSCRIBE: Words("subscribes to {argument}", "subscribe"),
        DRAIN: Words("drains {argument}[ -> {result}]", "drain"),
    },
)


def kafka(client: ClientFactory, **options: int | float | None) -> Workload:
    """A partitioned log, for a client that offers `KafkaClient`'s methods.

    Args:
        client: makes a client; a class whose ``__init__`` takes a node and a server's name does.
        options: see `OPTIONS`.

    Raises:
        InvalidPlan: the client lacks a method; an option is unknown or cannot have its value.
    """
    return KIND.workload(client, options)
