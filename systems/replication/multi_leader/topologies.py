"""Who asks whom for changes (DDIA chapter 5, figure 5-8).

Each leader *pulls*: it tells those upstream of it what it has seen, and they send what it lacks.
Nothing goes round in circles, since nobody is sent what it says it has. Upstream of a leader that
does not answer are others, so a topology says whom to ask from who is silent::

    all to all   everybody, for its own changes     of a silent one the others tell what they have
    ring         the one before                     if it is silent, the one before that as well
    star         the first server; it asks all      if it is silent, the next one stands in for it
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

Leaders = tuple[str, ...] | None
"""Whose changes to ask for; None: everybody's."""

Upstream = dict[str, Leaders]
"""Whom to ask, and for what."""


class AllToAll:
    """Every leader tells every other of its own changes."""

    def upstream(self, me: str, servers: Sequence[str], silent: Collection[str]) -> Upstream:
        """Whom `me` asks for what, if some are silent."""
        lost = tuple(sorted(silent))
        return {peer: tuple({peer: 0, **dict.fromkeys(lost)}) for peer in servers if peer != me}


class Ring:
    """Every leader tells the one behind it, also what it has heard itself."""

    def upstream(self, me: str, servers: Sequence[str], silent: Collection[str]) -> Upstream:
        """The nearest before `me` that is not silent, and all between, for they may return."""
        asked: Upstream = {}
        at = servers.index(me)
        for back in range(1, len(servers)):
            peer = servers[at - back]
            asked[peer] = None
            if peer not in silent:
                break
        return asked


class Star:
    """A hub hears from everybody, and tells everybody."""

    def upstream(self, me: str, servers: Sequence[str], silent: Collection[str]) -> Upstream:
        """The first server that is not silent is the hub; those before it may return."""
        asked: Upstream = {}
        for peer in servers:
            if peer == me:
                return {**asked, **dict.fromkeys(p for p in servers if p != me)}
            asked[peer] = None
            if peer not in silent:
                break
        return asked


Topology = AllToAll | Ring | Star
