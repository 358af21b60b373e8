"""The log in memory and on disk: records in, the same log out, whatever a crash left behind."""

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from splitbrain.systems.replication.leader_follower import wal
from splitbrain.systems.replication.leader_follower.log import (
    Adopt,
    Durable,
    Entry,
    Extend,
    Log,
    Promise,
    Snapshot,
)
from splitbrain.systems.replication.leader_follower.machine import Machine


def entries(*epochs):
    return tuple(Entry(e, 2**62 + i, i, ("write", "k", (e, i))) for i, e in enumerate(epochs))


RECORDS = [
    Promise(1),
    Adopt(1, 0, ()),
    Extend(entries(1, 1, 1)),
    Promise(5),
    Adopt(5, 2, entries(4)),
    Extend(entries(5)),
]


def shape(log):
    return [entry.epoch for entry in log.entries], log.label, log.history


def test_records_lead_to_the_log_they_describe():
    durable = Durable.replay(RECORDS)
    assert durable.epoch == 5
    assert shape(durable.log) == ([1, 1, 4, 5], 5, ((1, 2), (4, 3), (5, 4)))


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        (0, ()),
        (1, ((1, 1),)),
        (2, ((1, 2),)),
        (3, ((1, 2), (3, 3))),
        (4, ((1, 2), (3, 4))),
        (5, ((1, 2), (3, 4), (6, 5))),
    ],
)
def test_the_shape_of_a_log_that_was_cut(keep, expected):
    log = Log()
    log.extend(entries(1, 1, 3, 3, 6))
    log.adopt(7, keep, ())
    assert (len(log), log.history) == (keep, expected)


@given(st.integers(0, 7))
def test_a_log_that_begins_with_a_snapshot_says_the_rest_as_before(length):
    log, whole = Log(), Log()
    for each in (log, whole):
        each.extend(entries(1, 1, 3, 3, 3, 6, 6))
    log.begin_with(("state",), length)

    assert (len(log), log.history) == (len(whole), whole.history)
    for start in range(length, 8):
        assert log.suffix(start) == whole.suffix(start)
        assert log.suffix(start, 1) == whole.suffix(start, 1)
    assert [log.from_place(n)[0] for n in range(8)] == [max(n, length) for n in range(8)]
    other = Log()
    other.extend(entries(9))
    other.adopt(6, log.base.length, log.suffix(length), log.base)
    assert (len(other), other.history, other.suffix(length)) == (
        len(whole),
        whole.history,
        whole.suffix(length),
    )


def test_a_log_written_anew_is_the_same_log():
    state = ((("x", 1),), (7,), ((1, (None, 5)),), 3, ((2, (1, None)),))
    anew = [Adopt(5, 2, entries(4, 5), Snapshot(2, ((1, 2),), state)), Promise(6)]
    decoded, _ = wal.decode(wal.encode(anew))
    durable = Durable.replay(decoded)

    assert decoded == anew
    assert (durable.epoch, durable.log.label, len(durable.log)) == (6, 5, 4)
    assert durable.log.history == ((1, 2), (4, 3), (5, 4))
    assert Machine.of(durable.log.base.state).state() == state


def test_what_is_encoded_is_decoded_again():
    data = wal.encode(RECORDS)
    assert wal.decode(data) == (RECORDS, len(data))


@given(st.integers(0, 5), st.data())
def test_a_tail_cut_short_is_left_out(whole, data):
    begin = wal.encode(RECORDS[:whole])
    frame = wal.encode(RECORDS[whole : whole + 1])
    cut = data.draw(st.integers(0, len(frame) - 1))
    assert wal.decode(begin + frame[:cut]) == (RECORDS[:whole], len(begin))


@given(st.integers(0, 5), st.data())
def test_nothing_after_a_damaged_frame_counts(whole, data):
    begin = wal.encode(RECORDS[:whole])
    frame = bytearray(wal.encode(RECORDS[whole : whole + 1]))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert wal.decode(begin + bytes(frame) + wal.encode(RECORDS)) == (RECORDS[:whole], len(begin))


@pytest.mark.parametrize("length", [1, 8, 100])
def test_zero_bytes_are_no_frames(length):
    data = wal.encode(RECORDS)
    assert wal.decode(data + bytes(length)) == (RECORDS, len(data))


def test_a_frame_of_another_program_is_an_error_that_says_so():
    import msgspec

    body = msgspec.msgpack.encode(["checkpoint", 3])
    frame = wal._HEADER.pack(len(body), wal.zlib.crc32(body)) + body
    with pytest.raises(ValueError, match="'checkpoint'"):
        wal.decode(frame)


class SyncedDisk:
    """A disk that remembers what was durable when."""

    def __init__(self, files):
        self.files = dict(files)
        self.calls = []

    def exists(self, path):
        return path in self.files

    def size(self, path):
        return len(self.files[path])

    def read(self, path):
        return self.files[path]

    def append(self, path, data):
        self.files[path] = self.files.get(path, b"") + data

    def truncate(self, path, size):
        self.calls.append(f"truncate {size}")
        self.files[path] = self.files[path][:size]

    async def fsync(self, path):
        self.calls.append("fsync")

    async def fsync_dir(self):
        self.calls.append("fsync_dir")


def test_recovery_cuts_a_torn_tail_and_syncs_before_anything_is_promised():
    whole = wal.encode(RECORDS)
    disk = SyncedDisk({wal.PATH: whole + b"torn"})
    assert trio.run(wal.recover, disk) == RECORDS
    assert disk.files[wal.PATH] == whole
    assert disk.calls == [f"truncate {len(whole)}", "fsync", "fsync_dir"]


def test_recovery_of_an_empty_disk_makes_the_file_durable():
    disk = SyncedDisk({})
    assert trio.run(wal.recover, disk) == []
    assert disk.files == {wal.PATH: b""}
    assert disk.calls == ["fsync", "fsync_dir"]
