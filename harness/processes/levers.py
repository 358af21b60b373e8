"""The nemesis' levers on real processes: each returns when what it does is in force."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

import trio

from splitbrain.harness.nemesis.control import Callback, Effect, PowerLossPolicy
from splitbrain.harness.nemesis.rules import DiskRule, LinkRule

if TYPE_CHECKING:
    from splitbrain.harness.processes.world import World

_T = TypeVar("_T")


class Levers:
    """Those of `splitbrain.harness.nemesis.control.Control` that this ground has.

    They are pulled in the nemesis' thread, and what they do is done in the world's.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def _do(self, action: Callable[..., _T], *arguments: Any) -> _T:
        if get_ident() == self._world.thread:
            return action(*arguments)  # what the world itself tells a trigger
        return trio.from_thread.run_sync(action, *arguments)

    def _wait(self, action: Callable[..., Awaitable[_T]], *arguments: Any) -> _T:
        return trio.from_thread.run(action, *arguments)

    @property
    def now(self) -> float:
        """See `Control`."""
        return self._world.now

    @property
    def servers(self) -> tuple[str, ...]:
        """See `Control`."""
        return self._world.servers

    @property
    def clients(self) -> tuple[str, ...]:
        """See `Control`."""
        return tuple(self._world.clients)

    def after(self, delay: float, fn: Callable[..., object], *args: Any) -> None:
        """See `Control`; `fn` is called in the nemesis' thread."""
        errand: Callable[[], object] = partial(fn, *args)
        self._do(self._world.after, delay, self._world.disturb, errand, lambda: None)

    def leader(self) -> str | None:
        """See `Control`."""
        return self._do(self._world.acts.leader)

    def stream(self, *name: int | str) -> random.Random:
        """See `Control`."""
        return self._world.stream(*name)

    def record(self, kind: str, value: Any) -> None:
        """See `Control`."""
        self._do(self._world.on_nemesis, kind, value)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """See `Control`; the callback comes in the nemesis' thread."""
        return self._do(self._world.subscribe, callback)

    def running(self, name: str) -> bool:
        """See `Control`."""
        return self._world.hosts[name].life is not None

    def paused(self, name: str) -> bool:
        """See `Control`."""
        life = self._world.hosts[name].life
        return life is not None and life.paused

    def start(self, name: str) -> None:
        """See `Control`."""
        self._wait(self._world.acts.start, name)

    def kill(self, name: str) -> Effect:
        """SIGKILL; see `Control`."""
        return {"killed": self._wait(self._world.acts.kill, name)}

    def power_loss(self, name: str, policy: PowerLossPolicy) -> Effect:
        """SIGKILL, and what was not synced is gone; see `Control`. Writes are counted in sectors of
        512 bytes."""
        return self._wait(self._world.acts.power_loss, name, policy)

    def terminate(self, name: str, patience: float) -> Effect:
        """SIGTERM; see `splitbrain.harness.nemesis.control.RealProcesses`."""
        return {"killed": self._wait(self._world.acts.terminate, name, patience)}

    def keep_copy(self, name: str) -> None:
        """See `splitbrain.harness.nemesis.control.RealProcesses`."""
        self._wait(self._world.acts.keep_copy, name)

    def replace_data(self, name: str, *, by_copy: bool) -> Effect:
        """See `splitbrain.harness.nemesis.control.RealProcesses`."""
        return {"files_changed": self._wait(self._world.acts.replace_data, name, by_copy)}

    def pause(self, name: str) -> None:
        """SIGSTOP; see `Control`."""
        self._wait(self._world.acts.pause, name)

    def resume(self, name: str) -> None:
        """SIGCONT; see `Control`."""
        self._wait(self._world.acts.resume, name)

    def fill_disk(self, name: str, *, full: bool) -> bool:
        """See `splitbrain.harness.nemesis.control.RealProcesses`."""
        return self._wait(self._world.acts.fill_disk, name, full)

    def jump_clock(self, name: str, seconds: float) -> None:
        """See `Control`."""
        self._wait(self._world.acts.jump_clock, name, seconds)

    def clock_reads(self, name: str) -> int:
        """How many processes of the host have called a clock while it was wrong, counted anew each
        time that it was set; see `Control`."""
        return self._world.hosts[name].asked

    def add_disk_rule(self, rule: DiskRule) -> None:
        """See `Control`; what the rule is to count is counted when it is lifted."""
        self._wait(self._world.acts.slow_disk, rule)

    def remove_disk_rule(self, rule: DiskRule) -> None:
        """See `Control`."""
        self._wait(self._world.acts.fast_disk, rule)

    def add_rule(self, rule: LinkRule) -> None:
        """See `Control`."""
        self._do(self._world.switch.add_rule, rule)

    def remove_rule(self, rule: LinkRule) -> None:
        """See `Control`."""
        self._do(self._world.switch.remove_rule, rule)
