"""Timeouts and nurseries of a node do what trio's do, whichever way its run is stepped."""

from __future__ import annotations

from math import inf

import pytest
import trio

from splitbrain.harness.simulation.world import World

pytestmark = pytest.mark.usefixtures("both_ways_of_driving_nodes")


def told_by(program):
    """What a program on one node tells within ten virtual seconds; it is also given a stopwatch."""
    told = []

    async def main(node):
        began = trio.current_time()
        await program(told.append, lambda: round(trio.current_time() - began, 6))

    world = World(seed=3)
    world.add_server("n1", main, peers=())
    with world.booted():
        world.run_until(10.0)
    assert not world.failures
    return told


def test_a_timeout_that_is_met_and_one_that_is_not():
    async def program(tell, passed):
        with trio.move_on_after(0.5) as met:
            await trio.sleep(1)
        tell((met.cancelled_caught, met.cancel_called, passed()))
        with trio.move_on_after(0.5) as in_time:
            await trio.sleep(0.25)
        tell((in_time.cancelled_caught, in_time.cancel_called, passed()))
        await trio.sleep(1)
        tell(in_time.cancel_called)

    assert told_by(program) == [(True, True, 0.5), (False, False, 0.75), False]


@pytest.mark.parametrize("shield", [False, True])
def test_a_scope_within_one_that_is_cancelled(shield):
    async def program(tell, passed):
        with trio.CancelScope() as outer:
            outer.cancel()
            with trio.CancelScope(shield=shield) as inner:
                await trio.sleep(0.25)
                tell("slept on")
            tell((inner.cancelled_caught, trio.current_effective_deadline() == -inf))
            await trio.lowlevel.checkpoint()
            tell("not reached")
        tell(outer.cancelled_caught)

    shielded = ["slept on", (False, True), True]
    assert told_by(program) == (shielded if shield else [True])


def test_deadlines_that_are_moved_or_come_at_the_same_time():
    async def program(tell, passed):
        with trio.move_on_after(0.5) as scope:
            scope.deadline += 0.25
            await trio.sleep(2)
        tell(passed())
        with trio.move_on_after(0.25) as outer, trio.move_on_after(0.25) as inner:
            await trio.sleep(2)
        tell((outer.cancelled_caught, inner.cancelled_caught))
        with trio.move_on_after(0) as none:
            await trio.lowlevel.checkpoint()
        tell(none.cancelled_caught)
        with trio.CancelScope(deadline=inf) as endless:
            tell(trio.current_effective_deadline())
        tell(endless.cancel_called)

    assert told_by(program) == [0.75, (True, False), True, inf, False]


def test_a_nursery_whose_task_fails_cancels_the_others():
    async def program(tell, passed):
        async def waits(number):
            try:
                await trio.sleep_forever()
            finally:
                tell(number)

        async def fails():
            await trio.sleep(0.25)
            raise KeyError("so")

        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(waits, 1)
                nursery.start_soon(fails)
        except* KeyError as group:
            tell(len(group.exceptions))

    assert told_by(program) == [1, 1]


def test_a_scope_is_used_once_and_left_in_order():
    async def program(tell, passed):
        scope = trio.CancelScope()
        with scope:
            pass
        for again in (scope.__enter__, lambda: scope.__exit__(None, None, None)):
            try:
                again()
            except RuntimeError as error:
                tell(str(error).partition(" ")[0])
        outer, inner = trio.CancelScope(), trio.CancelScope()
        outer.__enter__()
        inner.__enter__()
        try:
            outer.__exit__(None, None, None)
        except RuntimeError as error:
            tell("still within its child" in str(error))
        inner.__exit__(None, None, None)
        await trio.sleep(0.25)
        tell("goes on")

    assert told_by(program) == ["Each", "Cancel", True, "goes on"]


def test_a_task_is_woken_once():
    async def program(tell, passed):
        async def waits():
            tell(await trio.lowlevel.wait_task_rescheduled(lambda _: trio.lowlevel.Abort.SUCCEEDED))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits)
            await trio.sleep(0.25)
            (task,) = nursery.child_tasks
            trio.lowlevel.reschedule(task)
            try:
                trio.lowlevel.reschedule(task)
            except AssertionError:
                tell("runnable already")

    assert told_by(program) == ["runnable already", None]
