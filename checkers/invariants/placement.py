"""What a placement of keys on nodes owes: few keys move, and no node has much more than its share.

*Properties.* Given which node has each key before and after nodes came or went:

* *minimal movement*: a key moves only if its node went, or to a node that came;
* *balance*: the greatest load, as a multiple of the mean over all nodes.

*Source.* Karger et al., "Consistent Hashing and Random Trees", STOC 1997, section 2: monotonicity
and balance; DDIA chapter 6, "How not to do it: hash mod N".

*Algorithm.* Linear in the keys.

*Left out.* That all routers agree, and that no write is lost meanwhile: that takes a history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping


def needless_moves(
    before: Mapping[str, str], after: Mapping[str, str], changed: Collection[str]
) -> list[str]:
    """The keys that moved between nodes that stayed, sorted.

    Args:
        before: by key, its node; the same keys as `after`.
        after: likewise, once the nodes had changed.
        changed: the nodes that came or went.

    Raises:
        ValueError: some key has a node in one of the two alone.
    """
    if odd := sorted(before.keys() ^ after.keys()):
        raise ValueError(f"key {odd[0]!r} has a node before or after alone")
    return sorted(
        key
        for key, node in before.items()
        if after[key] != node and node not in changed and after[key] not in changed
    )


def imbalance(owners: Mapping[str, str], nodes: Collection[str]) -> float:
    """The greatest load of a node as a multiple of the mean: 1 is perfectly even.

    Args:
        owners: by key, its node.
        nodes: all nodes, also those that have no key.

    Raises:
        ValueError: there are no keys, or a key is on a node that isn't there.
    """
    loads = Counter(owners.values())
    if not owners or not loads.keys() <= set(nodes):
        strange = sorted(loads.keys() - set(nodes))
        raise ValueError(f"no node is called {strange[0]!r}" if strange else "there are no keys")
    return max(loads.values()) * len(set(nodes)) / len(owners)
