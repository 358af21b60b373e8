"""Every single lie of a disk in a short run: what it costs is reported, and an old state is read
only where no engine could know better, because a crash might have left the same files."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from engines import ENGINES
from lying_disk import Lie, LyingDisk, told, written

CUTS = (1, 28, 60, 90, 200, 600, 2000)
FIRST_READS = 24


@cache
def honest(name, settled):
    """A disk on which all went well."""
    disk = LyingDisk()
    written(name, disk, settled=settled)
    disk.note()
    return disk


def lies(disk):
    """Each write lost, or misdirected to one of three sectors; each read stale; each file cut."""
    writes = range(1, disk.writes + 1)
    yield from (Lie("lost", (number,)) for number in writes)
    yield from (Lie("misdirected", (n,), sector) for n in writes for sector in (0, 1, 3))
    yield from (Lie("stale", (number,)) for number in range(1, FIRST_READS))
    yield Lie("stale", tuple(range(1, 1000)))
    yield from (Lie("cut", name, size) for name in disk.disk.list() for size in CUTS)


def check_settled(name, every):
    outcomes = {lie: told(name, lie, settled=True)[0] for lie in every}

    assert [lie for lie, outcome in outcomes.items() if outcome in ("old", "wrong")] == []
    assert Counter(outcomes.values())["reported"] > 2


def check_unsettled(name, every):
    """The disk's last write is of the store's last one."""
    disk = honest(name, False)
    last = Lie("lost", (disk.writes,))
    outcomes = {lie: told(name, lie, settled=False) for lie in (*every, last) if lie.kind != "cut"}

    assert [lie for lie, (outcome, _) in outcomes.items() if outcome == "wrong"] == []
    old = {lie: files for lie, (outcome, files) in outcomes.items() if outcome == "old"}
    assert last in old
    unlike = (lie for lie, files in old.items() if files not in disk.legal)
    assert [lie for lie in unlike if lie.kind != "stale"] == []


@pytest.mark.parametrize("name", ENGINES)
def test_no_lie_hides_anything_once_the_store_has_settled(name):
    check_settled(name, [*lies(honest(name, True))][::4])


@pytest.mark.parametrize("name", ENGINES)
def test_before_that_an_old_state_is_read_only_where_a_crash_might_have_left_the_same(name):
    check_unsettled(name, [*lies(honest(name, False))][::4])


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_so_it_is_with_every_lie(name):
    check_settled(name, lies(honest(name, True)))
    check_unsettled(name, lies(honest(name, False)))


@pytest.mark.parametrize("name", ENGINES)
def test_a_disk_that_loses_all_since_the_last_write_is_one_that_crashed_before_it(name):
    """Marks, witness and second root, too: the line that no engine on one disk gets across."""
    first, disk = honest(name, False).writes, honest(name, True)
    since = Lie("lost", tuple(range(first, disk.writes + 1)))
    outcome, files = told(name, since, settled=True)

    assert outcome == "old"
    assert files in disk.legal
    for kept in since.which:
        lost = tuple(number for number in since.which if number != kept)
        assert told(name, Lie("lost", lost), settled=True)[0] in ("reported", "right")
