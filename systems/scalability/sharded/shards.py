"""Which shard a key is in, and which server a shard is at home on.

The number of shards never changes; servers come and go. Where a shard *is* is written in the map
(`splitbrain.systems.partitioning.database.keymap`), whose ranges are the shards. Where it *should
be* follows from who the members are, alike for all who ask, and a member that comes or goes takes
or leaves its own shards alone (rendezvous hashing).

>>> located("x") in [f"{low}x" for low in LOWS[1:]] + ["00/x"]
True
>>> homes(("n1", "n2")).keys() == homes(("n1", "n2", "n3")).keys()
True
"""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.systems.partitioning.database.keymap import KeyMap
from splitbrain.systems.partitioning.hashing import point
from splitbrain.systems.partitioning.rendezvous import preference
from splitbrain.systems.roles import by_number

SHARDS = 16

LOWS = ("", *(f"{shard:02x}/" for shard in range(1, SHARDS)))
"""Where each shard begins: what it is called in the map."""


def located(key: str) -> str:
    """A key with its shard in front, as servers keep it."""
    return f"{point(key) % SHARDS:02x}/{key}"


def homes(members: Iterable[str], lows: Iterable[str] = LOWS) -> dict[str, str]:
    """By shard, the member that is to have it."""
    names = by_number(members)
    return {low: preference(low, names)[0] for low in lows}


def first_map(servers: Iterable[str], lows: Iterable[str] = LOWS) -> KeyMap:
    """The map before any decision: all servers are members, each shard is at home."""
    return KeyMap(0, tuple(homes(servers, lows).items()), ())
