"""Disks that fail, are full, do half of what they are asked to, and lie."""

from __future__ import annotations

import errno
import random

import pytest
import trio

from splitbrain.harness.nemesis.nemesis import Nemesis
from splitbrain.harness.plan import Fault
from splitbrain.harness.simulation.disk import SECTOR, SimulatedDisk
from splitbrain.harness.simulation.world import World


def disk(seed=0):
    return SimulatedDisk(random.Random(seed))


def sync(target, path, fate=None):
    target.end_sync(target.begin_sync(path), fate)


def test_after_an_fsync_that_dropped_its_pages_the_next_one_saves_nothing():
    """Rebello et al., ATC 2020, section 3: reads see what the platter does not have."""
    target = disk()
    target.append("log", b"one")
    sync(target, "log")
    target.append("log", b"two")
    target.drop_sync(target.begin_sync("log"))
    assert target.read("log") == b"onetwo"
    sync(target, "log")
    target.append("log", b"three")
    sync(target, "log")
    target.power_loss("any_subset")

    assert target.read("log") == b"one\0\0\0three"


def test_after_an_fsync_that_failed_with_its_pages_kept_the_next_one_saves_them():
    target = disk()
    target.append("log", b"one")
    target.begin_sync("log")  # fails: it never ends
    sync(target, "log")
    target.power_loss("drop_unsynced")

    assert target.read("log") == b"one"


def test_a_lost_write_is_seen_by_the_next_read():
    target = disk()
    target.append("page", b"old")
    sync(target, "page")
    target.write("page", 0, b"new")
    assert target.read("page") == b"new"
    sync(target, "page", lambda write, size: None)

    assert target.read("page") == b"old"


def test_a_misdirected_write_leaves_its_place_as_it_was():
    target = disk()
    target.append("page", b"a" * 2 * SECTOR)
    sync(target, "page")
    target.write("page", 0, b"b" * SECTOR)
    sync(target, "page", lambda write, size: type(write)(write.offset + SECTOR, write.data))

    assert target.read("page") == b"a" * SECTOR + b"b" * SECTOR


def test_what_was_written_after_the_fsync_began_stays_in_the_page_cache():
    target = disk()
    target.append("log", b"one")
    pending = target.begin_sync("log")
    target.append("log", b"two")
    target.end_sync(pending, lambda write, size: None)

    assert target.read("log") == b"\0\0\0two"


def test_a_stale_read_misses_the_last_write_alone():
    target = disk()
    target.append("page", b"abc")
    target.write("page", 1, b"XYZ")
    assert target.read_stale("page") == b"abc"
    assert target.read("page") == b"aXYZ"
    target.append("page", b"!")
    assert target.read_stale("page", 1) == b"XYZ"


def test_rot_flips_that_many_bits_of_what_is_durable():
    target = disk()
    target.append("a", bytes(100))
    sync(target, "a")
    target.append("a", bytes(100))
    target.append("b", bytes(100))

    assert target.rot(3, random.Random(1)) == ("a",)
    content = target.read("a")
    assert sum(byte.bit_count() for byte in content[:100]) == 3
    assert content[100:] == bytes(100)
    assert target.read("b") == bytes(100)
    target.power_loss("drop_unsynced")
    assert target.read("a") == content[:100]


def test_nothing_rots_on_an_empty_disk():
    assert disk().rot(5, random.Random(1)) == ()


# Through the nemesis: what a server sees from the fault's start to its end.


async def outcome(call, *arguments):
    """What a call returned, or the name of its error."""
    try:
        result = call(*arguments)
        if hasattr(result, "__await__"):
            result = await result
    except OSError as error:
        return errno.errorcode[error.errno]
    return result


def under(fault, *calls, before=()):
    """What each call returns in the middle of the fault, and afterwards the disk and the stop."""
    seen, stops = [], []

    async def server(node):
        for name, *arguments in before:
            await outcome(getattr(node.disk, name), *arguments)
        await trio.sleep_until(trio.current_time() + 1.5)
        for name, *arguments in calls:
            seen.append(await outcome(getattr(node.disk, name), *arguments))
        await trio.sleep_forever()

    world = World(seed=5)
    world.add_server("n1", server, peers=())
    world.on_nemesis = lambda kind, value: stops.append(value)
    with world.booted():
        Nemesis([fault], world).schedule()
        world.run_until(4.0)
        left = {name: world.hosts["n1"].disk.read(name) for name in world.hosts["n1"].disk.list()}
    return seen, left, stops[-1]["effect"]


def trouble(kind, **options):
    return Fault(kind, 1.0, 2.0, "n1", options, id="trouble")


FILE = (("append", "f", b"abcdefgh"), ("fsync", "f"))


@pytest.mark.parametrize("pages", ["kept", "dropped"])
def test_fsyncs_fail(pages):
    fault = trouble("disk.fsync_error", pages=pages)
    seen, _, effect = under(fault, ("append", "f", b"x"), ("fsync", "f"), before=FILE)

    assert seen == [1, "EIO"]
    assert effect == {"fsyncs_failed": 1}


def test_an_fsync_of_the_directory_fails_too():
    seen, _, _ = under(trouble("disk.fsync_error"), ("fsync_dir",), before=FILE)

    assert seen == ["EIO"]


def test_reads_and_writes_fail_and_do_nothing():
    fault = trouble("disk.eio", probability=1.0)
    seen, left, effect = under(fault, ("read", "f"), ("append", "f", b"x"), before=FILE)

    assert seen == ["EIO", "EIO"]
    assert left == {"f": b"abcdefgh"}
    assert effect == {"calls_failed": 2}


def test_on_a_full_disk_a_longer_file_has_a_part_of_what_was_written_and_the_rest_works():
    fault = trouble("disk.enospc")
    calls = (("append", "f", b"0123456789"), ("write", "f", 0, b"AB"), ("read", "f", 0, 2))
    seen, left, effect = under(fault, *calls, before=FILE)

    assert seen == ["ENOSPC", 2, b"AB"]
    assert left["f"].startswith(b"ABcdefgh")
    assert left["f"][8:] in [b"0123456789"[:n] for n in range(10)]
    assert effect == {"writes_refused": 1}


def test_short_reads_and_writes_say_how_much_they_did():
    fault = trouble("disk.short_io", probability=1.0)
    seen, left, effect = under(fault, ("append", "f", b"0123456789"), ("read", "f"), before=FILE)

    assert 1 <= seen[0] < 10
    assert left["f"] == b"abcdefgh" + b"0123456789"[: seen[0]]
    assert 1 <= len(seen[1]) < len(left["f"])
    assert effect == {"calls_shortened": 2}


@pytest.mark.parametrize("kind", ["disk.lost_write", "disk.misdirected"])
def test_writes_go_astray_though_the_fsync_succeeds(kind):
    fault = trouble(kind, probability=1.0)
    calls = (("write", "f", 0, b"AB"), ("fsync", "f"), ("read", "f", 0, 2))
    seen, _, effect = under(fault, *calls, before=(("append", "f", bytes(8 * SECTOR)), FILE[1]))

    assert seen == [2, None, b"\0\0"]
    assert list(effect.values()) == [1]


def test_reads_are_stale():
    fault = trouble("disk.stale_read", probability=1.0)
    seen, _, effect = under(fault, ("append", "f", b"new"), ("read", "f"), before=FILE)

    assert seen == [3, b"abcdefgh"]
    assert effect == {"reads_outdated": 1}


def test_bits_rot_at_once_and_for_good():
    seen, left, effect = under(trouble("disk.bitrot", bits=2), ("read", "f"), before=FILE)

    assert seen[0] != b"abcdefgh"
    assert left == {"f": seen[0]}
    assert effect == {"files_rotten": ["f"]}


def test_reads_come_from_another_place():
    fault = trouble("disk.misdirected", probability=1.0, calls="reads")
    before = ("append", "f", b"".join(bytes([65 + n]) * SECTOR for n in range(8)))
    seen, _, effect = under(fault, *(("read", "f", SECTOR, 2) for _ in range(9)), before=(before,))

    assert {b"AA", b"HH"} & set(seen)
    assert set(seen) <= {bytes([65 + n]) * 2 for n in range(8)} | {b""}
    assert effect == {"reads_misplaced": 9}


def test_a_file_loses_its_end_at_once_and_for_good():
    seen, left, effect = under(trouble("disk.truncate", bytes=3), ("read", "f"), before=FILE)

    assert seen == [b"abcde"]
    assert left == {"f": b"abcde"}
    assert effect == {"files_cut": ["f"]}


def test_a_file_cannot_lose_more_than_it_has():
    _, left, _ = under(trouble("disk.truncate", bytes=30), ("read", "f"), before=FILE)

    assert left == {"f": b""}


def test_each_disk_is_blank_at_another_place():
    disks = [disk() for _ in range(3)]
    for number, target in enumerate(disks):
        target.append("f", b"abcdefg")
        target.end_sync(target.begin_sync("f"))
        assert target.blank(number, 3) == ("f",)

    assert [target.read("f") for target in disks] == [b"\0\0cdefg", b"ab\0\0efg", b"abcd\0\0\0"]
    assert disk().blank(0, 3) == ()
