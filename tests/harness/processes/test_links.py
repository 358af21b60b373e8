"""Links between programs that speak TCP, over real sockets and without any process."""

from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import trio

from splitbrain.harness.nemesis.rules import LinkRule
from splitbrain.harness.processes.network.links import Links
from splitbrain.harness.processes.network.ports import HOST, Reservation
from splitbrain.harness.processes.network.switch import Switch
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.streams import stream

PATIENCE_S = 60.0
THERE, BACK = frozenset({("c1", "n1")}), frozenset({("n1", "c1")})


class Bench:
    """A server n1 that sends back what comes, a client c1, and the link between them."""

    def __init__(self, nursery):
        self.nursery = nursery
        self.switch = Switch(Trace(), partial(stream, 0), lambda: 0.0, None)
        self.links = Links(["n1", "n2"], ["c1"], ["web"])
        self.links.serve(nursery, self.switch)

    async def serve(self):
        async def echo(connection):
            async for data in connection:
                await connection.send_all(data)

        port = self.links.of("n1").own["web"]
        await self.nursery.start(partial(trio.serve_tcp, echo, port, host=HOST))

    async def connect(self):
        return await trio.open_tcp_stream(HOST, self.links.of("c1").others["n1", "web"])

    def rule(self, links, **does):
        rule = LinkRule("f1", links, **does)
        self.switch.add_rule(rule)
        return rule


async def until(condition):
    while not condition():
        await trio.sleep(0.001)


@asynccontextmanager
async def bench(serving=True):
    with trio.fail_after(PATIENCE_S):
        async with trio.open_nursery() as nursery:
            made = Bench(nursery)
            try:
                if serving:
                    await made.serve()
                yield made
            finally:
                made.links.close()
            nursery.cancel_scope.cancel()


def in_trio(test):
    return lambda: trio.run(test)


@in_trio
async def test_what_goes_in_comes_out_and_the_end_of_a_direction_too():
    async with bench() as made:
        connection = await made.connect()
        await connection.send_all(b"x" * 300_000)
        await connection.send_eof()
        assert b"".join([data async for data in connection]) == b"x" * 300_000
    sent = made.switch.sent
    assert sent["c1", "n1"] > 2
    assert sent["n1", "c1"] > 2


@in_trio
async def test_what_crosses_a_cut_link_waits_until_it_is_healed():
    async with bench() as made:
        connection = await made.connect()
        await connection.send_all(b"before")
        assert await connection.receive_some() == b"before"
        rule = made.rule(THERE, block=True)
        await connection.send_all(b"after")
        await until(lambda: rule.affected)
        crossed = [e for e in made.switch._trace.events if e[1] == "receive" and e[2] == "c1"]
        assert [e[1:4] for e in crossed] == [("receive", "c1", "n1")] * 2  # connect, before
        made.switch.remove_rule(rule)
        assert await connection.receive_some() == b"after"


@in_trio
async def test_a_connection_over_a_cut_link_is_made_once_it_is_healed():
    async with bench() as made:
        rule = made.rule(BACK, block=True)
        connection = await made.connect()
        await connection.send_all(b"hello")
        await until(lambda: rule.affected)
        made.switch.remove_rule(rule)
        assert await connection.receive_some() == b"hello"


@in_trio
async def test_late_pieces_come_in_their_order():
    async with bench() as made:
        rule = made.rule(THERE | BACK, delay=0.005, loss=0.2)
        connection = await made.connect()
        for number in range(30):
            await connection.send_all(bytes([number]))
            await trio.sleep(0)
        await connection.send_eof()
        assert b"".join([data async for data in connection]) == bytes(range(30))
        assert rule.affected


@in_trio
async def test_where_nobody_listens_a_connection_is_reset():
    async with bench(serving=False) as made:
        connection = await made.connect()
        with pytest.raises(trio.BrokenResourceError):
            await connection.receive_some()


@in_trio
async def test_the_end_of_a_server_is_not_heard_over_a_cut_link():
    async with bench(serving=False) as made:
        ended = trio.Event()

        async def die(connection):
            await ended.wait()

        port = made.links.of("n1").own["web"]
        await made.nursery.start(partial(trio.serve_tcp, die, port, host=HOST))
        connection = await made.connect()
        await connection.send_all(b"hello")
        await until(lambda: made.switch.sent["c1", "n1"] == 2)
        rule = made.rule(BACK, block=True)
        ended.set()
        await until(lambda: rule.affected)
        made.switch.remove_rule(rule)
        with suppress(trio.BrokenResourceError):  # a reset, or an end: the server did not read all
            assert await connection.receive_some() == b""


def test_each_pair_of_hosts_has_a_port_of_its_own():
    links = Links(["n1", "n2"], ["c1"], ["web", "raft"])
    found = {name: links.of(name) for name in ("n1", "n2", "c1")}
    links.close()
    assert not found["c1"].own
    assert set(found["n1"].own) == {"web", "raft"}
    assert found["n1"].others["n1", "web"] == found["n1"].own["web"]
    ways = [
        port
        for name, addresses in found.items()
        for (server, _), port in addresses.others.items()
        if server != name
    ]
    assert len(set(ways)) == len(ways) == 8


def test_no_two_runs_take_the_same_port():
    one, other = Reservation(), Reservation()
    ports = [reservation.port() for _ in range(50) for reservation in (one, other)]
    one.close()
    other.close()
    assert len(set(ports)) == 100
