"""Objects of JSON that have a key twice: what a reader makes of them is a matter of chance.

Decoders keep the last and say nothing. Then ``{"type":"ok","type":"fail"}`` is a failure to us and
a success to others; so it is refused, as EDN refuses it.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from splitbrain.checkers import kernels
from splitbrain.checkers.history import _text_kernels
from splitbrain.checkers.history.fields import shown


class _RepeatedKey(Exception):
    """An object has this key twice."""


def repeated_key(text: str | bytes) -> str | None:
    """What is wrong with a JSON text that has a key twice in one object; None if none has.

    Malformed texts are left to whoever decodes them.
    """
    try:
        _DECODER.decode(text if isinstance(text, str) else text.decode())
    except _RepeatedKey as error:
        return f"an object has the key {shown(error.args[0])} twice; keep one of them"
    except (ValueError, RecursionError):
        return None
    return None


def may_repeat_keys(data: bytes) -> bool:
    """Whether `repeated_key` must look at a well-formed text; of a short one it always must.

    Args:
        data: JSON, or lines of it.
    """
    if not kernels.worth_compiling(len(data) // 8):
        return True
    text = np.frombuffer(data, dtype=np.uint8)
    begins, ends, opened = (np.zeros(_ROOM, dtype=np.int64) for _ in range(3))
    found: bool = kernels.compiled(_text_kernels).perhaps_repeated(text, begins, ends, opened)
    return found


_ROOM = 256


def _object(pairs: list[tuple[str, Any]]) -> None:
    """What the decoder makes of an object: nothing, once its keys were looked at."""
    keys = {key for key, _ in pairs}
    if len(keys) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _RepeatedKey(key)
            seen.add(key)


# Integers as floats, since Python refuses to read some that are too long.
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=float)
