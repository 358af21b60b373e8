"""Unmodified asyncio programs: Python's own loop over the simulated host."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time

import pytest
import trio
from asyncio_worlds import echo, programs
from worlds import run

from splitbrain.harness.programs.asyncio_loop import loop_of
from splitbrain.harness.programs.surroundings.surrounding import surround
from splitbrain.harness.simulation.wires import Nondeterminism


def test_sleeping_takes_virtual_time_alone():
    slept = []

    async def main():
        loop = asyncio.get_running_loop()
        before = loop.time(), time.monotonic(), time.time()
        await asyncio.sleep(3600)
        slept.extend(
            now - then
            for now, then in zip((loop.time(), time.monotonic(), time.time()), before, strict=True)
        )

    run(programs(main), 4000.0)

    assert slept == pytest.approx([3600, 3600, 3600])


def test_timers_follow_the_hosts_clock_and_a_pause():
    moments = []

    async def main():
        while True:
            await asyncio.sleep(1.0)
            moments.append(world.now)

    world = programs(main)
    world.at(0.0, world.set_clock_rate, "n1", 2.0)
    world.at(1.2, world.pause, "n1")
    world.at(2.2, world.resume, "n1")
    run(world, 3.0)

    assert moments == pytest.approx([0.5, 1.0, 2.2, 2.7])


def test_what_goes_to_a_thread_is_done_in_place():
    async def main():
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, lambda: 7) == 7
        assert await asyncio.to_thread(os.getpid) == 100
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)

    run(programs(main))


def test_signals_never_come_and_processes_are_refused():
    async def main():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        assert not asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        with pytest.raises(Nondeterminism, match="can't start processes"):
            await asyncio.create_subprocess_exec(sys.executable, "-c", "")

    run(programs(main))


def test_what_nobody_handles_is_in_the_trace():
    async def fail():
        raise ValueError("nobody asked")

    async def main():
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task
        await asyncio.sleep(1)

    world = run(programs(main))

    told = [event[4] for event in world.trace.events if event[1] == "asyncio-error"]
    assert told == ["ZeroDivisionError: division by zero", "ValueError: nobody asked"]


def test_what_it_prints_and_logs_is_in_the_trace(capfd):
    async def main():
        print("one\ntw", end="")
        print("o")
        print("three", file=sys.stderr)

    world = run(programs(main))

    printed = [event[1:] for event in world.trace.events if event[1] in ("stdout", "stderr")]
    assert printed == [("stdout", "n1", "one"), ("stdout", "n1", "two"), ("stderr", "n1", "three")]
    assert capfd.readouterr() == ("", "")


def test_main_ends_as_asyncio_run_ends_it():
    events = []

    async def background():
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(0.5)
            events.append(("unwound", world.now))

    async def numbers():
        try:
            while True:
                yield 1
        finally:
            events.append("generator closed")

    async def main():
        tasks.append(asyncio.create_task(background()))
        async for _ in numbers():
            break
        await asyncio.sleep(1)

    tasks = []
    world = programs(main)
    run(world)

    assert ("unwound", 1.5) in events
    assert "generator closed" in events
    assert [event[1] for event in world.trace.events][-1] == "exit"


def test_an_error_of_main_is_the_death_of_its_process():
    async def main():
        await asyncio.sleep(1)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run(programs(main))


def test_a_killed_process_does_nothing_more_and_refusers_do_not_matter():
    effects = []

    async def stubborn():
        while True:
            try:
                await asyncio.sleep(100)
            except asyncio.CancelledError:
                effects.append("cancelled")

    async def polite():
        _, writer = await asyncio.open_connection("n2", 7000)
        try:
            await asyncio.sleep(100)
        finally:
            writer.write(b"last words")

    async def main():
        await asyncio.gather(stubborn(), polite())

    world = programs(main, echo)
    world.at(1.0, world.kill, "n1")
    run(world)

    assert effects
    sent = [event[5] for event in world.trace.events if event[1] == "send"]
    assert not any("last words" in message for message in sent)
    assert not any(event[1] in ("zombie", "tripwire") for event in world.trace.events)


def test_a_loop_that_waits_for_nothing_is_ended_and_named():
    async def main():
        while True:
            await asyncio.sleep(0)

    world = programs(main)
    with pytest.raises(RuntimeError, match=r"rounds of asyncio's loop .* test_asyncio.py:\d+ in"):
        run(world)


def test_who_goes_round_until_a_deadline_has_passed_sees_it_pass():
    left = []

    async def main():
        deadline = time.monotonic() + 1.0
        await asyncio.sleep(1.0 - 1e-6)
        while (rest := deadline - time.monotonic()) >= 0:
            left.append(rest)
            await asyncio.sleep(0)

    run(programs(main))

    assert len(set(left)) == 1
    assert len(left) <= 1001


@pytest.mark.slow
def test_a_loop_of_sleeps_that_are_too_short_is_ended_and_named():
    async def main():
        while True:
            await asyncio.sleep(1e-7)

    with pytest.raises(RuntimeError, match="did 100,000 things"):
        run(programs(main))


def test_a_timer_follows_a_change_of_the_clocks_rate():
    moments = []

    async def main():
        await asyncio.sleep(4)
        moments.append(world.now)

    world = programs(main)
    world.at(1.0, world.set_clock_rate, "n1", 3.0)
    run(world)

    assert moments == pytest.approx([2.0])


def test_a_group_is_cancelled_in_the_order_in_which_it_was_made():
    def ended():
        order = []

        async def member(number):
            try:
                await asyncio.sleep(100)
            finally:
                order.append(number)

        async def main():
            async with asyncio.TaskGroup() as group:
                members = [group.create_task(member(number)) for number in range(20)]
                await asyncio.sleep(1)
                members[7].cancel()
                raise KeyError

        with pytest.raises(KeyError):
            run(programs(main))
        return order

    first = ended()
    assert sorted(first) == list(range(20))
    assert all(ended() == first for _ in range(3))


def test_tasks_are_called_the_same_in_every_run():
    names = []

    async def main():
        names.append(asyncio.current_task().get_name())
        names.append(asyncio.create_task(asyncio.sleep(0)).get_name())

    run(programs(main))
    run(programs(main))

    assert names == ["Task-1", "Task-2"] * 2


def test_a_task_of_trio_waits_for_asyncio_and_cancels_it():
    events = []

    async def patient():
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            events.append("cancelled")
            raise

    async def seven():
        await asyncio.sleep(1)
        return 7

    async def fail():
        raise ValueError

    async def main(node):
        surround(node)
        loop = loop_of(node)
        assert await loop.wait(seven()) == 7
        with pytest.raises(ValueError):
            await loop.wait(fail())
        with trio.move_on_after(0.5) as scope:
            await loop.wait(patient())
        assert scope.cancelled_caught
        events.append("over")

    world = programs(echo)
    world.add_server("n2", main, ())
    run(world)

    assert events == ["cancelled", "over"]


def test_a_program_that_stops_its_loop_ends_as_under_asyncio_run():
    happened = []

    async def background():
        try:
            await asyncio.Event().wait()
        finally:
            happened.append("background cancelled")

    async def main():
        task = asyncio.create_task(background())
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, loop.stop)
        try:
            await asyncio.sleep(50)
        finally:
            happened.append((world.now, task.done()))

    world = programs(main)
    with pytest.raises(RuntimeError, match="Event loop stopped before Future completed"):
        run(world)

    assert happened == [(1.0, False), "background cancelled"]


def test_a_loop_that_is_stopped_as_main_ends_has_ended():
    async def main():
        asyncio.get_running_loop().stop()

    assert run(programs(main)).failures == []


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no eager tasks before 3.12")
def test_eager_tasks_are_numbered_in_their_process_as_others_are():
    names = []

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)

        async def work():
            names.append(asyncio.current_task().get_name())
            await asyncio.sleep(0.1)

        tasks = [asyncio.create_task(work()) for _ in range(3)]
        names.append("made")
        await asyncio.gather(*tasks)

    run(programs(main))

    assert names == ["Task-2", "Task-3", "Task-4", "made"]
