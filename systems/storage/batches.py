"""Batches as bytes: MessagePack of a list of keys and values."""

from __future__ import annotations

import msgspec

from splitbrain.systems.storage.engine import Batch, Damaged

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[bytes, bytes | None]]).decode


def encoded(batch: Batch) -> bytes:
    """A batch as bytes."""
    return _encode(batch)


def decoded(data: bytes) -> list[tuple[bytes, bytes | None]]:
    """The batch that `encoded` made bytes of.

    Raises:
        Damaged: these are others.
    """
    try:
        return _decode(data)
    except msgspec.MsgspecError as error:
        raise Damaged(f"a record is no batch of writes: {error}") from None
