"""How a client's code ended says what became of its operation."""

from functools import partial
from random import Random

import pytest
import trio
from trio.testing import MockClock

from splitbrain.checkers.history.operation import FAIL, INFO, OK
from splitbrain.harness.client import TIMEOUT_S, Definite, Indefinite, Outcome, invoke, request
from splitbrain.harness.node import NodeDead


def outcome_of(perform, *, idempotent=False, **options):
    """The outcome of ``perform(client, f, value)`` on virtual time."""
    doing = partial(
        invoke, perform, "the client", "write", [1, 2], idempotent=idempotent, **options
    )
    return trio.run(doing, clock=MockClock(autojump_threshold=0))


def raising(error):
    async def perform(client, f, value):
        raise error

    return perform


class DriverError(Exception):
    """An exception of some database's driver."""


class KeyNotFoundError(KeyError):
    """A driver's answer that happens to derive from one of Python's own."""


def test_returning_is_ok():
    async def perform(client, f, value):
        return [client, f, value]

    assert outcome_of(perform) == Outcome(OK, ["the client", "write", [1, 2]])


def test_definite_is_fail_with_the_invoked_value():
    assert outcome_of(raising(Definite("x was not 1"))) == Outcome(FAIL, [1, 2], "x was not 1")
    assert outcome_of(raising(Definite())).error == "definite failure"


@pytest.mark.parametrize("idempotent", [False, True])
def test_definite_is_fail_for_any_operation(idempotent):
    assert outcome_of(raising(Definite("no")), idempotent=idempotent).type == FAIL


IN_DOUBT = [
    (Indefinite("the leader changed"), "the leader changed"),
    (Indefinite(), "Indefinite"),
    (DriverError("gone\n away"), "DriverError: gone away"),
    (KeyNotFoundError("x"), "KeyNotFoundError: 'x'"),
    (ConnectionResetError("reset by peer"), "ConnectionResetError: reset by peer"),
    (TimeoutError(), "TimeoutError"),
    (EOFError("short"), "EOFError: short"),
    (trio.TooSlowError(), "TooSlowError"),
    (trio.BrokenResourceError(), "BrokenResourceError"),
]


@pytest.mark.parametrize(("error", "text"), IN_DOUBT)
def test_any_other_exception_is_info(error, text):
    assert outcome_of(raising(error)) == Outcome(INFO, [1, 2], text)


@pytest.mark.parametrize(("error", "text"), IN_DOUBT)
def test_doubt_about_an_idempotent_operation_is_fail(error, text):
    assert outcome_of(raising(error), idempotent=True) == Outcome(FAIL, [1, 2], text)


async def never(client, f, value):
    await trio.sleep_forever()


def test_no_answer_in_time_is_info():
    assert outcome_of(never) == Outcome(INFO, [1, 2], f"timed out after {TIMEOUT_S:g} s")
    assert outcome_of(never, timeout_s=0.25).error == "timed out after 0.25 s"


def test_no_answer_to_an_idempotent_operation_is_fail():
    assert outcome_of(never, idempotent=True).type == FAIL


def test_an_operation_may_take_all_its_time():
    async def perform(client, f, value):
        await trio.sleep(1.999)
        return "done"

    assert outcome_of(perform, timeout_s=2) == Outcome(OK, "done")
    assert outcome_of(perform, timeout_s=1.998).type == INFO


@pytest.mark.parametrize(
    "error",
    [
        AssertionError("impossible"),
        AttributeError("no attribute"),
        IndexError("out of range"),
        KeyError("x"),
        NameError("undefined"),
        NotImplementedError(),
        TypeError("list is mutable"),
        ValueError("not enough values"),
        ZeroDivisionError("by zero"),
    ],
)
@pytest.mark.parametrize(("idempotent", "kind"), [(False, INFO), (True, FAIL)])
def test_mistakes_in_the_clients_code_are_recorded_and_flagged(error, idempotent, kind):
    outcome = outcome_of(raising(error), idempotent=idempotent)

    assert outcome.type == kind
    assert outcome.bug
    assert type(error).__name__ in outcome.error


def test_a_mistake_is_recorded_with_its_place():
    async def write(value):
        return value.nonexistent

    async def perform(client, f, value):
        return await write(value)

    first = write.__code__.co_firstlineno
    assert outcome_of(perform).error == (
        "AttributeError: 'list' object has no attribute 'nonexistent' "
        f"(test_client_outcomes.py:{first + 4} > test_client_outcomes.py:{first + 1})"
    )


def test_errors_are_the_same_in_every_run():
    class Plain:
        pass

    text = outcome_of(raising(DriverError(Plain()))).error

    assert "Plain object at 0x...>" in text


def test_an_error_group_is_doubt_whatever_it_holds():
    async def perform(client, f, value):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raising(Definite("refused")), client, f, value)

    assert outcome_of(perform) == Outcome(INFO, [1, 2], "Definite: refused")


def test_a_mistake_in_an_error_group_is_flagged():
    async def perform(client, f, value):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raising(TypeError("wrong")), client, f, value)

    assert outcome_of(perform).bug


def test_what_a_task_raises_when_it_is_cancelled_by_the_timeout_is_doubt():
    async def stubborn():
        try:
            await trio.sleep_forever()
        finally:
            raise DriverError("interrupted")

    async def perform(client, f, value):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stubborn)
            nursery.start_soon(trio.sleep_forever)

    assert outcome_of(perform) == Outcome(INFO, [1, 2], "DriverError: interrupted")


def test_the_death_of_the_node_is_no_outcome():
    with pytest.raises(NodeDead):
        outcome_of(raising(NodeDead()))


def test_cancellation_from_outside_is_no_outcome():
    async def main():
        with trio.move_on_after(1) as outer:
            await invoke(never, None, "read", None, timeout_s=60)
        return outer.cancelled_caught

    assert trio.run(main, clock=MockClock(autojump_threshold=0))


class FakeNode:
    """A node whose network delivers what the test says."""

    def __init__(self, *inbox):
        self.random = Random(1)
        self.sent = []
        self.inbox = list(inbox)
        self.network = self

    def send(self, destination, message):
        self.sent.append((destination, message))

    async def receive(self):
        return self.inbox.pop(0)(self.sent[-1][1][1])


def test_a_request_waits_for_its_own_reply():
    node = FakeNode(
        lambda identity: ("n1", ("reply", identity - 1, "late")),
        lambda identity: ("n2", ("heartbeat", identity)),
        lambda identity: ("n3", ("reply", identity, "ok", 7)),
    )

    assert trio.run(request, node, "n1", "read", "x") == ("ok", 7)

    [(destination, message)] = node.sent
    assert destination == "n1"
    assert message[0] == "request"
    assert 0 <= message[1] < 2**63
    assert message[2:] == ("read", "x")


def test_requests_have_different_identities():
    def reply(identity):
        return "n1", ("reply", identity)

    node = FakeNode(reply, reply)
    assert trio.run(request, node, "n1", "a") == ()
    assert trio.run(request, node, "n1", "b") == ()

    [(_, first), (_, second)] = node.sent
    assert first[1] != second[1]
