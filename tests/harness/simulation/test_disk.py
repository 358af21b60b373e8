"""What a crash leaves on a disk."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SECTOR, SimulatedDisk


def disk(seed: int = 0) -> SimulatedDisk:
    return SimulatedDisk(random.Random(seed))


def sync(target: SimulatedDisk, path: str) -> None:
    target.end_sync(target.begin_sync(path))


def test_reads_see_what_was_written_whether_synced_or_not():
    target = disk()
    target.append("log", b"abc")
    target.write("log", 1, b"X")
    target.write("log", 5, b"end")
    target.truncate("log", 7)

    assert target.read("log") == b"aXc\0\0en"
    assert target.read("log", 1, 2) == b"Xc"
    assert target.size("log") == 7


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match="wal"):
        disk().read("wal")


def test_the_page_cache_survives_a_kill():
    target = disk()
    target.append("log", b"abc")
    target.kill()

    assert target.read("log") == b"abc"


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
def test_what_was_synced_survives_every_power_loss(policy):
    for seed in range(50):
        target = disk(seed)
        target.append("log", b"abc")
        sync(target, "log")
        target.append("log", b"def")
        target.power_loss(policy)

        assert target.read("log")[:3] == b"abc"


def test_dropping_unsynced_data_drops_all_of_it():
    target = disk()
    target.append("log", b"abc")
    sync(target, "log")
    target.append("log", b"def")
    target.append("other", b"never synced, not even its name")

    losses = target.power_loss("drop_unsynced")

    assert (target.read("log"), target.list()) == (b"abc", ["log"])
    assert (losses.writes, losses.names) == (2, 1)


def test_a_sync_covers_what_was_written_before_it_began():
    target = disk()
    target.append("log", b"before")
    pending = target.begin_sync("log")
    target.append("log", b" after")
    target.end_sync(pending)
    target.power_loss("drop_unsynced")

    assert target.read("log") == b"before"


@pytest.mark.parametrize("crash", ["kill", "power_loss"])
def test_a_sync_under_way_when_the_crash_comes_never_ends(crash):
    target = disk()
    target.append("log", b"")
    sync(target, "log")
    target.append("log", b"abc")
    pending = target.begin_sync("log")
    if crash == "kill":
        target.kill()
    else:
        target.power_loss("drop_unsynced")
    target.end_sync(pending)
    target.power_loss("drop_unsynced")

    assert target.read("log") == b""


def test_keeping_a_prefix_never_keeps_a_later_write_without_the_earlier():
    outcomes = set()
    for seed in range(200):
        target = disk(seed)
        target.append("log", b"")
        sync(target, "log")
        for byte in b"abcd":
            target.append("log", bytes([byte]))
        target.power_loss("keep_prefix")
        outcomes.add(target.read("log"))

    assert outcomes == {b"", b"a", b"ab", b"abc", b"abcd"}


def test_any_subset_can_keep_a_later_write_without_the_earlier():
    outcomes = set()
    for seed in range(300):
        target = disk(seed)
        target.append("log", b"")
        sync(target, "log")
        target.write("log", 0, b"a")
        target.write("log", 1, b"b")
        target.power_loss("any_subset")
        outcomes.add(target.read("log"))

    assert outcomes >= {b"", b"a", b"\0b", b"ab"}


def test_a_torn_write_keeps_whole_sectors():
    torn = 0
    for seed in range(200):
        target = disk(seed)
        target.append("page", b"o" * 4 * SECTOR)
        sync(target, "page")
        target.write("page", 0, b"n" * 4 * SECTOR)
        losses = target.power_loss("any_subset")
        content = target.read("page")
        sectors = [content[i : i + SECTOR] for i in range(0, len(content), SECTOR)]

        assert all(len(set(sector)) == 1 for sector in sectors)
        torn += losses.torn and len(set(sectors)) == 2
    assert torn


def test_a_rename_is_durable_only_after_the_directory_is_synced():
    """Pillai et al., OSDI 2014: the classic way to lose a file that was written carefully."""
    target = disk()
    target.append("new", b"2")
    sync(target, "new")
    target.rename("new", "current")
    target.power_loss("drop_unsynced")
    assert target.list() == ["new"]

    target.rename("new", "current")
    target.end_sync(target.begin_sync_dir())
    target.power_loss("drop_unsynced")
    assert target.list() == ["current"]


def test_a_removed_file_can_come_back():
    target = disk()
    target.append("log", b"abc")
    sync(target, "log")
    target.remove("log")
    assert target.list() == []
    target.power_loss("drop_unsynced")
    assert target.read("log") == b"abc"


def replace_atomically(target: SimulatedDisk, content: bytes, *, file: bool, folder: bool) -> None:
    target.write("tmp", 0, content)
    if file:
        sync(target, "tmp")
    target.rename("tmp", "config")
    if folder:
        target.end_sync(target.begin_sync_dir())


@given(st.integers(0, 2**32), st.sampled_from(POWER_LOSS_POLICIES))
def test_write_sync_rename_sync_dir_is_atomic_and_durable(seed, policy):
    target = disk(seed)
    replace_atomically(target, b"old" * 400, file=True, folder=True)
    replace_atomically(target, b"new" * 400, file=True, folder=True)
    target.power_loss(policy)

    assert target.read("config") == b"new" * 400


@pytest.mark.parametrize(("file", "folder"), [(False, True), (True, False)])
def test_leaving_out_either_sync_fails_sometimes(file, folder):
    failures = 0
    for seed in range(100):
        target = disk(seed)
        replace_atomically(target, b"old" * 400, file=True, folder=True)
        replace_atomically(target, b"new" * 400, file=file, folder=folder)
        target.power_loss("any_subset")
        failures += target.read("config") != b"new" * 400

    assert failures


def away(target: SimulatedDisk, how: str) -> None:
    if how == "rename":
        target.rename("wal", "wal.1")
    else:
        target.remove("wal")


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
@pytest.mark.parametrize("how", ["rename", "remove"])
@pytest.mark.parametrize("folder", [False, True])
def test_a_new_file_under_the_name_of_one_that_went_away_is_kept_once_synced(policy, how, folder):
    """A log is rotated: what came earlier in the directory's journal is durable with it."""
    for seed in range(50):
        target = disk(seed)
        target.append("wal", b"old")
        sync(target, "wal")
        away(target, how)
        target.append("wal", b"new")
        sync(target, "wal")
        if folder:
            target.end_sync(target.begin_sync_dir())
        target.power_loss(policy)

        assert target.read("wal") == b"new"
        assert target.list() == ["wal", "wal.1"][: 1 + (how == "rename")]


def test_of_two_syncs_under_way_neither_covers_what_was_written_after_both_began():
    target = disk()
    target.append("log", b"before")
    one, other = target.begin_sync("log"), target.begin_sync("log")
    target.end_sync(one)
    target.append("log", b" after")
    target.end_sync(other)
    target.power_loss("drop_unsynced")

    assert target.read("log") == b"before"


def test_writing_nothing_beyond_the_end_does_not_extend_a_file():
    target = disk()
    target.write("log", 100, b"")

    assert (target.list(), target.size("log")) == (["log"], 0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda d: d.write("log", -5, b"x"), ValueError, "write.*'log'.*offset.*-5"),
        (lambda d: d.write("log", 1.5, b"x"), TypeError, "write.*'log'.*offset.*1.5"),
        (lambda d: d.read("log", -1), ValueError, "read.*'log'.*offset.*-1"),
        (lambda d: d.read("log", 0, -1), ValueError, "read.*'log'.*length.*-1"),
        (lambda d: d.truncate("log", -1), ValueError, "truncate.*'log'.*size.*-1"),
        (lambda d: d.write("log", 0, "text"), TypeError, "write.*'log'.*bytes, not str: 'text'"),
        (lambda d: d.append("log", 5), TypeError, "append.*'log'.*bytes, not int: 5"),
        (lambda d: d.append("", b""), TypeError, "append.*name.*''"),
        (lambda d: d.rename("log", 7), TypeError, "rename.*name.*7"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(call, error, text):
    target = disk()
    target.append("log", b"abc")

    with pytest.raises(error, match=text):
        call(target)
    assert (target.list(), target.read("log")) == (["log"], b"abc")
