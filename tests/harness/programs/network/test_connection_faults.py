"""Streams that are cut and joined, and connections that are reset: what they find, and how."""

from __future__ import annotations

import errno
from random import Random

import lax_store
import pytest
import trio
from worlds import run, world_of

from splitbrain.harness import Plan, faults
from splitbrain.harness import run as run_plan
from splitbrain.harness.nemesis.rules import LinkRule, links_between
from splitbrain.harness.programs import program
from splitbrain.harness.workloads import register

WRITES = [b"x" * size for size in (1, 40, 300)]


def chunks_of(writes, *, seed=1, rule=None, apart=0.03):
    """What one program reads that another one writes, at some distance."""
    heard = []

    async def reader():
        async def serve(stream):
            heard.extend([chunk async for chunk in stream])

        await trio.serve_tcp(serve, 7000)

    async def writer():
        await trio.sleep(0.1)
        async with await trio.open_tcp_stream("n1", 7000) as stream:
            for data in writes:
                await stream.send_all(data)
                await trio.sleep(apart)
        await trio.sleep_forever()

    world = world_of(reader, writer, seed=seed)
    if rule is not None:
        world.add_rule(rule)
    run(world)
    return heard


def slicer(share, pause):
    return LinkRule("slicer", links_between(["n1"], ["n2"]), slices=share, pause=pause)


def test_a_slicer_cuts_nearly_everything_and_loses_nothing():
    rule = slicer(1.0, 0.001)
    heard = chunks_of(WRITES, rule=rule)

    assert b"".join(heard) == b"".join(WRITES)
    assert len(heard) > 2 * len(WRITES)
    assert rule.affected


def test_a_slicer_joins_what_was_written_apart():
    rule = slicer(1.0, 0.5)
    small = [b"x"] * 40  # a byte can't be cut

    assert max(map(len, chunks_of(small, rule=rule))) > 1
    assert set(map(len, chunks_of(small))) == {1}


def test_once_the_slicer_is_gone_streams_are_cut_as_ever():
    rule = slicer(1.0, 0.001)
    assert chunks_of(WRITES) != chunks_of(WRITES, rule=rule)
    assert chunks_of(WRITES) == chunks_of(WRITES, rule=LinkRule("other", rule.links))


def test_both_ends_are_told_of_a_reset_and_other_connections_are_not():
    told = {}

    async def server():
        async def serve(stream):
            try:
                told["server"] = await stream.receive_some()
            except trio.BrokenResourceError as error:
                told["server"] = error.__cause__.errno

        await trio.serve_tcp(serve, 7000)

    def caller(name, host):
        async def main():
            await trio.sleep(0.1)
            stream = await trio.open_tcp_stream(host, 7000)
            try:
                told[name] = await stream.receive_some()
            except trio.BrokenResourceError as error:
                told[name] = error.__cause__.errno

        return main

    async def silent():
        await trio.serve_tcp(lambda stream: trio.sleep_forever(), 7000)

    world = world_of(server, caller("struck", "n1"), silent, caller("spared", "n3"))
    struck = []
    world.at(1.0, lambda: struck.extend(world.reset_connections("n1", 1.0, Random(1))))
    run(world)

    assert told == {"server": errno.ECONNRESET, "struck": errno.ECONNRESET}
    assert len(struck) == 1
    assert world.reset_connections("n1", 1.0, Random(1)) == []


def found(main, source, seeds, *, client=lax_store.Client, nodes=2):
    """The signatures of runs of a program of `lax_store` under these faults."""
    slow = {"network": {"latency": [0.01, 0.02], "late": 0.0}}
    for seed in seeds:
        plan = Plan(
            "",
            "",
            nodes=nodes,
            clients=4,
            seed=seed,
            rate=60.0,
            time_limit=3.0,
            options={"cas": 0.0, "keys": 8, **slow},
        )
        plan = plan.with_(faults=source.draw(seed, plan))
        made = run_plan(plan.using(program(f"lax_store:{main}"), register(client)))
        yield made.signature


NOTES = {"client": lax_store.NotingClient, "nodes": 1}
SLICED = faults.of("net.slicer", target="all", pause=0.15)
RESETS = faults.of("net.reset", target="all")
OTHERS = faults.swarm("latency,partition", density=0.5)


def test_the_slicer_finds_who_takes_what_comes_at_once_for_one_message():
    (wrong,) = found("by_reads", SLICED, [0], **NOTES)

    assert wrong.startswith("linearizable")  # it dies of two messages, and forgets
    assert list(found("by_reads", faults.none(), [0], **NOTES)) == [""]
    assert list(found("by_lines", SLICED, [0], **NOTES)) == [""]


def test_resets_find_who_takes_what_was_sent_for_done():
    (wrong,) = found("sent_is_done", RESETS, [1])

    assert wrong.startswith("linearizable")
    assert list(found("sent_is_done", OTHERS, [1])) == [""]
    assert list(found("waits", RESETS, [1])) == [""]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("main", "source", "named", "how_many"),
    [
        ("by_reads", SLICED, NOTES, 10),
        ("by_reads", faults.none(), NOTES, 0),
        ("by_lines", SLICED, NOTES, 0),
        ("sent_is_done", RESETS, {}, 5),
        ("sent_is_done", OTHERS, {}, 0),
        ("waits", RESETS | SLICED, {}, 0),
    ],
)
def test_so_many_of_twenty_runs_find_it(main, source, named, how_many):
    wrong = [signature for signature in found(main, source, range(20), **named) if signature]

    assert len(wrong) >= how_many
    assert wrong == [] or how_many
