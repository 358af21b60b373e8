"""A range on its way: an answer that comes again sends nothing again."""

from __future__ import annotations

import random
from types import SimpleNamespace

import trio
from untimed_disks import UntimedDisk

from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.partitioning.database.copying import Outgoing
from splitbrain.systems.partitioning.database.keymap import KeyMap
from splitbrain.systems.partitioning.database.storage import Cell, Storage

COPIES = 3


def test_repeated_answers_to_one_part_do_not_repeat_the_next():
    """Each part is answered three times, as by a network that repeats: each is sent once."""
    known = KeyMap.first("n1").moving("", "n2")
    storage = Storage(UntimedDisk(SimulatedDisk(random.Random(1))), "n1", known)
    sent = []

    async def move():
        await storage.open()
        for number in range(6):
            storage.put(f"k{number}", Cell(number, ()))
        node = SimpleNamespace(
            network=SimpleNamespace(send=lambda to, message: sent.append(message[3]))
        )
        outgoing = Outgoing(node, storage, known.moves[0], lambda: None)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outgoing.run)
            for chunk in range(3):
                while chunk not in sent:
                    await trio.lowlevel.checkpoint()
                for _ in range(COPIES):
                    outgoing.acknowledged(chunk)
                    for _ in range(5):
                        await trio.lowlevel.checkpoint()

    trio.run(move, clock=trio.testing.MockClock())
    assert sent == [0, 1, 2]
