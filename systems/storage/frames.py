"""Frames: records in a file that tell a torn tail from damage.

Layout (little endian)::

    frame    = length:u32 checksum:u32 sequence:u64 synced:u64 previous:u32 payload
    checksum = CRC-32 of the rest of the frame
    previous = checksum of the frame before; of the first frame, `START`
    sequence = 1, 2, 3, ... in the file
    synced   = the last frame that was known to be durable when this one was written

Each frame can be told from garbage by itself, and from a frame of another file, or of another place
in this one, by its sequence and the checksum before it.

A crash may tear what was written since the last sync: the file then ends at the first bad frame,
though good ones may lie behind it, for disks reorder. If one of these says that the bad one was
durable already, no crash did that: the file is damaged, and whoever reads it must say so rather
than go on with what is left (Alagappan et al., "Protocol-Aware Recovery for Consensus-Based
Storage", FAST 2018, section 3.3.3). Damage to the last frames, behind which nobody noted that they
were durable, cannot be told from a tear; so a mark, a frame without payload, is written when there
is nothing else to write. Nor does a crash put the frame that is missing at another place.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from zlib import crc32

from splitbrain.systems.storage.engine import Damaged

HEADER = struct.Struct("<IIQQI")
_PLACE = struct.Struct("<QQI")
_NUMBER = struct.Struct("<I")
START = 0x53504C42

_CHECKED = 64
"""Bytes that are summed up in the search for a good frame behind a bad one, for each byte there."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A good frame.

    Attributes:
        sequence: its number in the file.
        synced: the last frame that was durable when it was written.
        payload: the record; empty in a mark.
        start: where it begins in the file.
        end: where it ends.
        checksum: what the next frame has as ``previous``.
    """

    sequence: int
    synced: int
    payload: bytes
    start: int
    end: int
    checksum: int


@dataclass(slots=True)
class Chain:
    """Where a file of frames goes on.

    Attributes:
        end: where the next frame begins.
        sequence: the last frame's number.
        synced: the last frame that is durable.
        checksum: the last frame's.
    """

    end: int = 0
    sequence: int = 0
    synced: int = 0
    checksum: int = START

    def frame(self, payload: bytes) -> bytes:
        """The next frame; `add` says that it was written."""
        rest = _PLACE.pack(self.sequence + 1, self.synced, self.checksum) + payload
        return _sealed(len(payload), rest)

    def add(self, frame: bytes) -> None:
        """The frame that `frame` made is in the file."""
        self.end += len(frame)
        self.sequence += 1
        self.checksum = _NUMBER.unpack_from(frame, 4)[0]


def _sealed(length: int, rest: bytes) -> bytes:
    size = _NUMBER.pack(length)
    return size + _NUMBER.pack(crc32(rest, crc32(size))) + rest


def frame_at(data: bytes, position: int) -> Frame | None:
    """The good frame at this position, whatever is before it; None if there is none."""
    if position + HEADER.size > len(data):
        return None
    length, checksum, sequence, synced, _ = HEADER.unpack_from(data, position)
    end = position + HEADER.size + length
    if end > len(data):
        return None
    rest = data[position + 8 : end]
    if crc32(rest, crc32(data[position : position + 4])) != checksum:
        return None
    payload = rest[HEADER.size - 8 :]
    return Frame(sequence, synced, payload, position, end, checksum)


def previous_of(data: bytes, frame: Frame) -> int:
    """The checksum that a frame says was before it."""
    return int(HEADER.unpack_from(data, frame.start)[4])


@dataclass(slots=True)
class Contents:
    """What a file of frames holds.

    Attributes:
        frames: the good ones from the beginning, in order.
        chain: where it goes on.
    """

    frames: list[Frame] = field(default_factory=list)
    chain: Chain = field(default_factory=Chain)


def read_frames(data: bytes, path: str) -> Contents:
    """The frames of a file up to its end, or to where a crash tore it.

    Raises:
        Damaged: something else than a crash did that.
    """
    contents = Contents()
    chain = contents.chain
    while (frame := frame_at(data, chain.end)) is not None:
        if frame.sequence != chain.sequence + 1 or previous_of(data, frame) != chain.checksum:
            break
        contents.frames.append(frame)
        chain.end, chain.sequence, chain.checksum = frame.end, frame.sequence, frame.checksum
    if chain.end < len(data):
        _check_torn(data, chain, path)
    return contents


def _check_torn(data: bytes, chain: Chain, path: str) -> None:
    """Look for a frame behind the first bad one that says that this one was durable, or that is
    this one, and not in its place.

    Raises:
        Damaged: there is one; or there is too much to look at that seems to be one.
    """
    left = _CHECKED * (len(data) - chain.end)
    follows = (chain.sequence + 1, chain.checksum)
    for position in range(chain.end, len(data) - HEADER.size + 1):
        length, _, sequence, synced, previous = HEADER.unpack_from(data, position)
        fits = position + HEADER.size + length <= len(data)
        tells = sequence > synced > chain.sequence or (sequence, previous) == follows
        if not fits or not tells:
            continue
        left -= length
        if left < 0 or frame_at(data, position) is not None:
            raise Damaged(
                f"{path}: frame {chain.sequence + 1} at byte {chain.end:,} is damaged, though it "
                "was durable: restore the file from a copy"
            )
