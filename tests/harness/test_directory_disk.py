"""The real file system behind the interface of a node's disk, beside the simulated one."""

from __future__ import annotations

import random

import pytest
import trio

from splitbrain.harness.directory_disk import DirectoryDisk
from splitbrain.harness.simulation.disk import SimulatedDisk


def told(disk, call, *arguments):
    """What a call returns, or the type of its error."""
    try:
        return getattr(disk, call)(*arguments)
    except (OSError, ValueError) as error:
        return type(error)


def a_call(dice):
    path = dice.choice("abc")
    data = bytes([dice.randrange(256)]) * dice.randrange(600)
    return dice.choice(
        [
            ("write", path, dice.randrange(700), data),
            ("append", path, data),
            ("append", path, data),
            ("truncate", path, dice.randrange(700)),
            ("rename", path, dice.choice("abc")),
            ("remove", path),
            ("read", path),
            ("read", path, dice.randrange(700), dice.randrange(700)),
            ("size", path),
            ("exists", path),
            ("list",),
        ]
    )


@pytest.mark.parametrize("seed", range(10))
def test_it_answers_as_the_simulated_disk_does(tmp_path, seed):
    dice = random.Random(seed)
    model = SimulatedDisk(random.Random(0))
    with DirectoryDisk(tmp_path / "disk") as disk:
        for _ in range(200):
            call = a_call(dice)
            assert told(disk, *call) == told(model, *call), call
        assert [disk.read(name) for name in disk.list()] == [model.read(n) for n in model.list()]


def test_what_is_synced_is_there_when_it_is_opened_again(tmp_path):
    async def write():
        with DirectoryDisk(tmp_path) as disk:
            disk.append("new", b"abc")
            await disk.fsync("new")
            disk.rename("new", "old")
            await disk.fsync_dir()

    trio.run(write)
    with DirectoryDisk(tmp_path) as disk:
        assert (disk.list(), disk.read("old", 1, 1)) == (["old"], b"b")


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b"])
def test_a_name_does_not_lead_out_of_the_directory(tmp_path, name):
    with DirectoryDisk(tmp_path / "disk") as disk, pytest.raises(ValueError, match="no name"):
        disk.append(name, b"x")
