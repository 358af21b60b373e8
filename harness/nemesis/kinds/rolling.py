"""All servers change their version one after the other, forwards or back again.

DDIA chapter 4, "Rolling upgrades": for a while old and new code run side by side, on one server's
data and on each other's; and what the new code wrote is still there when the old one is put back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import Kind, Words
from splitbrain.harness.nemesis.kinds.process import strike

ROLLING = 0.7
"""The share of the fault's time over which servers change, one after the other."""


class Rolling:
    """``version.upgrade`` and ``version.rollback``.

    Args:
        context: what performing the fault needs.
        back: whether all begin with the newer version, and go back one after the other.
    """

    def __init__(self, context: Context, *, back: bool) -> None:
        self._context = context
        self._back = back
        versions = context.versions
        newer = [v for v in versions.all if v > (versions.usual or 0)]
        self._version = context.rng.choice(newer) if newer else None
        servers = context.control.servers
        self._order = context.rng.sample(servers, len(servers)) if newer else []
        self._newer: dict[str, None] = {}
        self._restarted: list[str] = []
        self._ended = False

    @property
    def targets(self) -> tuple[str, ...]:
        """All servers; none if there is no newer version."""
        return tuple(self._order)

    @property
    def detail(self) -> Mapping[str, Any]:
        """Which version, and in which order."""
        return {} if self._version is None else {"version": self._version, "order": self._order}

    def begin(self) -> None:
        """Install the newer version, everywhere or on the first; the others follow."""
        if self._back:
            for node in self._order:
                self._install(node)
        step = self._context.fault.duration * ROLLING / max(1, len(self._order))
        for number, node in enumerate(self._order):
            self._context.control.after(step * number, self._change, node)

    def end(self) -> Effect:
        """Whoever has the newer version still gets the usual one."""
        self._ended = True
        for node in list(self._newer):
            self._remove(node)
        return {"restarted": self._restarted}

    def _change(self, node: str) -> None:
        if self._ended:
            return
        if self._back:
            self._remove(node)
        else:
            self._install(node)

    def _install(self, node: str) -> None:
        assert self._version is not None
        self._newer[node] = None
        self._context.versions.install(node, self._context.fault.id, self._version)
        self._restart(node)

    def _remove(self, node: str) -> None:
        self._newer.pop(node, None)
        self._context.versions.remove(node, self._context.fault.id)
        self._restart(node)

    def _restart(self, node: str) -> None:
        context, owner = self._context, self._context.fault.id
        was_running = context.control.running(node)
        context.processes.take_down(node, owner, lambda name: strike(context, name))
        context.processes.bring_back(node, owner)
        self._restarted.extend([node] if was_running else [])


UPGRADE = Kind(
    "version.upgrade",
    "Servers restart with a newer version of their code, one after the other; when the fault ends "
    "all go back at once.",
    lambda context: Rolling(context, back=False),
    Words("a rolling upgrade begins", "all have the usual version"),
    aliases=("rolling-upgrade",),
    targets=("all",),
    weights={"all": 1},
    composite=True,
    by_name=True,
)

ROLLBACK = Kind(
    "version.rollback",
    "All servers restart with a newer version of their code at once, and go back one after the "
    "other, over what that has written.",
    lambda context: Rolling(context, back=True),
    Words("all have a newer version, and roll back", "all have the usual version"),
    aliases=("rolling-back",),
    targets=("all",),
    weights={"all": 1},
    composite=True,
    by_name=True,
)
