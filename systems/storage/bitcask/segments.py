"""Segments: files of records that are only appended to, and hints that spare reading them.

A segment is a file of frames (`splitbrain.systems.storage.frames`), a batch each. When it is full
it is closed and gets a hint file: where each key's newest value in it is, with the frame's length,
so that a start need not read the values::

    hint  = frame of [length of the segment, [[key, frame, length, place, checksum], ...]]

The place is that in the batch, -1 if the key was deleted; the checksum is the frame's, so that no
other frame is taken for it. A hint that is missing, torn, damaged, or of another length than its
segment is not believed: the segment is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from splitbrain.harness.node import Disk
from splitbrain.systems.storage.batches import decoded
from splitbrain.systems.storage.engine import Batch, Damaged
from splitbrain.systems.storage.files import read_all
from splitbrain.systems.storage.frames import frame_at, read_frames
from splitbrain.systems.storage.wal import whole
from splitbrain.systems.storage.witnessed_log import LogContents, read_log

DELETED = -1

_Hint = tuple[int, list[tuple[bytes, int, int, int, int]]]
_hint = msgspec.msgpack.Decoder(_Hint).decode


class Place(NamedTuple):
    """Where a value is.

    Attributes:
        segment: the segment's number.
        start: where its frame begins.
        length: how long the frame is.
        position: which write of the batch it is; `DELETED` if the key is deleted.
        checksum: the frame's.
    """

    segment: int
    start: int
    length: int
    position: int
    checksum: int


def data_name(number: int) -> str:
    """The file of a segment."""
    return f"{number:06}.data"


def hint_name(number: int) -> str:
    """The file of its hint."""
    return f"{number:06}.hint"


def numbers(disk: Disk) -> list[int]:
    """The segments that are there, the oldest first."""
    return [int(name[:-5]) for name in disk.list() if name.endswith(".data")]


def contents(disk: Disk, number: int) -> LogContents:
    """The frames of a segment.

    Raises:
        Damaged: they are not what was written.
    """
    return read_log(disk, data_name(number))


def closed_contents(disk: Disk, number: int) -> LogContents:
    """The frames of a segment that was closed, and so was durable to its end.

    Raises:
        Damaged: they are not what was written.
    """
    path, found = data_name(number), contents(disk, number)
    if found.chain.end < disk.size(path):
        raise Damaged(f"{path}: frame {found.chain.sequence + 1} is damaged, though it was durable")
    return found


def places(number: int, found: LogContents) -> Iterator[tuple[bytes, Place]]:
    """Where each write of a segment is, in order.

    Raises:
        Damaged: a record is no batch.
    """
    for frame in found.records:
        for position, (key, value) in enumerate(decoded(frame.payload)):
            place = DELETED if value is None else position
            yield key, Place(number, frame.start, frame.end - frame.start, place, frame.checksum)


def read_batch(disk: Disk, place: Place) -> Batch:
    """The batch that holds a value.

    Raises:
        Damaged: it is not what was written.
    """
    path = data_name(place.segment)
    data = read_all(disk, path, place.start, place.length)
    frame = frame_at(data, 0)
    if frame is None or frame.checksum != place.checksum:
        raise Damaged(f"{path}: the frame at byte {place.start:,} is damaged")
    return decoded(frame.payload)


def hint_of(number: int, size: int, newest: dict[bytes, Place]) -> bytes:
    """A hint file: the newest places of a segment of so many bytes."""
    entries = [(key, *place[1:]) for key, place in newest.items() if place.segment == number]
    return whole([msgspec.msgpack.encode((size, entries))])[1]


def hinted(disk: Disk, number: int) -> dict[bytes, Place] | None:
    """The newest places of a segment, from its hint; None if there is none to believe."""
    path = hint_name(number)
    if not disk.exists(path):
        return None
    try:
        frames = read_frames(read_all(disk, path), path).frames
        size, entries = _hint(frames[0].payload)
    except (Damaged, IndexError, msgspec.MsgspecError):
        return None
    if size != disk.size(data_name(number)):
        return None
    return {key: Place(number, *where) for key, *where in entries}
