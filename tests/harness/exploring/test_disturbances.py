"""What happens besides the order of tasks finds bugs of its own, on both libraries."""

from __future__ import annotations

import asyncio

import pytest
import trio

from splitbrain import explore
from splitbrain.harness.exploring import Explored
from splitbrain.harness.exploring.disturbing import Allowed, Departure, Disturbances
from splitbrain.harness.plan import InvalidPlan


class OnAsyncio:
    name = "asyncio"
    sleep = staticmethod(asyncio.sleep)
    cancelled = asyncio.CancelledError
    Lock, Semaphore, Event = asyncio.Lock, asyncio.Semaphore, asyncio.Event

    async def together(self, *mains):
        await asyncio.gather(*(main() for main in mains), return_exceptions=False)

    async def apart(self, *mains):
        """Whatever becomes of them."""
        tasks = [asyncio.create_task(main()) for main in mains]
        await asyncio.wait(tasks)

    async def within(self, seconds, main):
        try:
            async with asyncio.timeout(seconds):
                await main()
        except TimeoutError:
            pass

    async def served(self, serve, ask):
        """A server of one connection: what it does with a stream, and what its client does."""

        async def handle(reader, writer):
            await serve(lambda: reader.read(1000))
            writer.close()

        server = await asyncio.start_server(handle, "127.0.0.1", 7000)
        reader, writer = await asyncio.open_connection("127.0.0.1", 7000)
        writer.write(ask)
        await reader.read()
        writer.close()
        server.close()


class OnTrio:
    name = "trio"
    sleep = staticmethod(trio.sleep)
    cancelled = trio.Cancelled
    Lock, Semaphore, Event = trio.Lock, trio.Semaphore, trio.Event

    async def together(self, *mains):
        async with trio.open_nursery() as nursery:
            for main in mains:
                nursery.start_soon(main)

    apart = together

    async def within(self, seconds, main):
        with trio.move_on_after(seconds):
            await main()

    async def served(self, serve, ask):
        async def handle(stream):
            await serve(lambda: stream.receive_some(1000))

        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_tcp, handle, 7000)
            async with await trio.open_tcp_stream("127.0.0.1", 7000) as stream:
                await stream.send_all(ask)
                await stream.receive_some()
            nursery.cancel_scope.cancel()


both = pytest.mark.parametrize("api", [OnAsyncio(), OnTrio()], ids=lambda api: api.name)


def failure(api, test, **options) -> Explored:
    """How it fails; without what it is told to allow, it passes."""
    with pytest.raises(Explored) as failed:
        explore(library=api.name, **{"runs": 40, **options})(test)()
    return failed.value


def passes(api, test, **options):
    explore(library=api.name, **{"runs": 10, **options})(test)()


@both
def test_a_sleep_that_is_to_outlast_another_one_may_not(api):
    async def waits_by_sleeping():
        done = []

        async def work():
            await api.sleep(0.10)
            done.append(True)

        async def look():
            await api.sleep(0.15)
            assert done

        await api.together(work, look)

    found = failure(api, waits_by_sleeping)
    (late,) = found.departures
    assert late.kind == "late"
    assert "a timer of 0.1 s is set: " in str(found)
    assert "1 departure from the order of readiness" in str(found)
    passes(api, waits_by_sleeping, late_timers=False)


@both
def test_what_was_written_at_once_may_be_read_in_parts(api):
    async def takes_a_read_for_a_message():
        async def serve(read):
            assert await read() == b"balance=100"

        await api.served(serve, b"balance=100")

    found = failure(api, takes_a_read_for_a_message)
    assert [at.kind for at in found.departures] == ["split"]
    assert "11 bytes arrive in two parts" in str(found)
    passes(api, takes_a_read_for_a_message, split_reads=False)


def pool(api, careful):
    """Connections that are taken for a query which is given up after a minute."""

    async def queries():
        free = [2]

        async def query():
            free[0] -= 1
            if careful:
                try:
                    await answer()
                finally:
                    free[0] += 1
            else:
                await answer()
                free[0] += 1

        async def answer():
            await api.sleep(0)
            await api.sleep(0.01)

        async def client():
            await api.within(60, query)

        await api.apart(client, client)
        assert free == [2], "a connection is lost"

    return queries


@both
def test_a_timeout_may_strike_at_any_await_of_what_it_limits(api):
    found = failure(api, pool(api, careful=False), timeouts=True)
    assert {at.kind for at in found.departures} == {"timeout"}
    assert len(found.departures) == 1
    assert "a connection is lost" in str(found)
    passes(api, pool(api, careful=True), timeouts=True)
    passes(api, pool(api, careful=False))


@both
def test_a_task_of_a_named_function_may_be_cancelled_at_any_await(api):
    def account(careful):
        async def transfers():
            accounts = {"a": 10, "b": 10}

            async def transfer():
                accounts["a"] -= 1
                try:
                    await api.sleep(0)
                except api.cancelled:
                    accounts["a"] += careful
                    raise
                accounts["b"] += 1

            async def watch():
                await api.sleep(1)

            await api.apart(transfer, transfer, watch)
            assert sum(accounts.values()) == 20, "money is lost"

        return transfers

    found = failure(api, account(False), cancel="transfer")
    assert [at.kind for at in found.departures] == ["cancel"]
    assert "is cancelled" in str(found)
    assert "in transfer" in str(found)
    passes(api, account(True), cancel=["transfer"])
    passes(api, account(False), cancel="somebody else")


@both
def test_who_waits_for_each_other_in_a_circle_is_told(api):
    async def philosophers():
        forks = [api.Lock() for _ in range(3)]

        def philosopher(number):
            async def eats():
                async with forks[number]:
                    await api.sleep(0)
                    async with forks[(number + 1) % 3]:
                        pass

            return eats

        await api.together(*map(philosopher, range(3)))

    text = str(failure(api, philosophers))
    assert "deadlock" in text
    assert text.count("in Lock.__aenter__, held by ") == 3
    circle = next(line for line in text.splitlines() if "in a circle: " in line)
    assert circle.count(" waits for ") == 3


@both
def test_who_has_taken_a_semaphore_and_kept_it_is_told(api):
    async def keeps_it():
        places = api.Semaphore(1)

        async def keeper():
            await places.acquire()
            await api.Event().wait()

        async def other():
            await api.sleep(1)
            await places.acquire()

        await api.together(keeper, other)

    text = str(failure(api, keeps_it))
    holder = "keeper" if api.name == "trio" else "Task-"
    assert f"in Semaphore.acquire, held by {holder}" in text
    assert "in Event.wait" in text


@both
@pytest.mark.parametrize("pause", [0, 0.5])
def test_a_livelock_is_told(api, pause, monkeypatch):
    monkeypatch.setattr("splitbrain.harness.simulation.incarnation.ROUNDS_AT_ONCE", 500)
    monkeypatch.setattr("splitbrain.harness.programs.asyncio_loop.ROUNDS_AT_ONCE", 500)

    async def gives_way():
        turn = [0]

        def polite(me):
            async def waits():
                while turn[0] != me:
                    turn[0] = 1 - me
                    await api.sleep(pause)
                    turn[0] = 1 - me
                    await api.sleep(pause)

            return waits

        await api.together(polite(0), polite(1))

    text = str(failure(api, gives_way, time_limit="10s"))
    assert "livelock" in text
    assert "without waiting for time" in text or "had not ended after 10 s" in text
    assert "in waits" in text


@both
def test_a_task_that_goes_on_after_the_end_is_told(api):
    async def forgets_a_task():
        async def forever():
            while True:
                await api.sleep(10)

        if api.name == "asyncio":
            forgets_a_task.kept = asyncio.create_task(forever())
        else:
            trio.lowlevel.spawn_system_task(forever)
        await api.sleep(0)

    found = failure(api, forgets_a_task)
    assert "leaked tasks" in str(found)
    assert "in forever" in str(found)
    passes(api, forgets_a_task, leaks=True)


def test_a_task_that_is_nothing_but_asyncios_own_is_told_too():
    async def forgets_a_wait():
        forgets_a_wait.kept = asyncio.create_task(asyncio.Event().wait(), name="waiter")

    found = failure(OnAsyncio(), forgets_a_wait)
    assert "leaked tasks" in str(found)
    assert "waiter, in Event.wait" in str(found)


@both
def test_tasks_that_end_soon_after_the_test_are_not_leaked(api):
    async def ends_by_itself():
        async def soon():
            await api.sleep(0.1)

        if api.name == "asyncio":
            ends_by_itself.kept = asyncio.create_task(soon())
        else:
            trio.lowlevel.spawn_system_task(soon)
        await api.sleep(0)

    passes(api, ends_by_itself)


@both
def test_a_failure_is_told_as_an_interleaving_with_lines_and_found_again_to_the_letter(api):
    async def lost_update():
        account = {"balance": 0}

        async def deposit():
            balance = account["balance"]
            await api.sleep(0)
            account["balance"] = balance + 1

        async def first():
            await deposit()

        async def second():
            for _ in range(3):
                await api.sleep(0)
            await deposit()

        await api.together(first, second)
        assert account["balance"] == 2, "an update is lost"

    found = failure(api, lost_update)
    assert str(found) == str(failure(api, lost_update))
    lines = str(found).splitlines()
    start = lines.index("the interleaving (* departs from the order of readiness):")
    told = [line for line in lines[start + 1 :] if line.startswith("  ")]
    assert sum(line.startswith("  *") for line in told) >= len(found.departures) >= 1
    assert any("in deposit: await api.sleep(0)" in line for line in told)


def test_nothing_happens_under_seed_0_and_each_kind_is_drawn_for_itself():
    everything = Allowed(timeouts=True, cancel=("work",))

    def drawn(seed, allowed):
        made = Disturbances(seed, allowed)
        for _ in range(200):
            made.late()
            made.early(10.0)
            made.happens("cancel")
        return set(made.happened)

    assert drawn(0, everything) == set()
    for seed in range(1, 20):
        late = {at for at in drawn(seed, everything) if at.kind == "late"}
        assert drawn(seed, Allowed()) == late
    assert any(drawn(seed, Allowed()) for seed in range(1, 20))


def test_only_what_is_given_happens():
    made = Disturbances(5, Allowed(), [Departure("late", 2)])
    assert [made.late() > 0 for _ in range(5)] == [False, False, True, False, False]


def test_a_systematic_search_has_no_room_for_chance():
    with pytest.raises(InvalidPlan, match="tries orders of tasks alone"):
        explore(strategy="systematic", timeouts=True)
