"""The servers' directories, as the keeper has them: small, slow, replaced, or without power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from random import Random

from splitbrain.harness.nemesis.control import PowerLossPolicy
from splitbrain.harness.processes.files import backups, rooms
from splitbrain.harness.processes.files.durable import Durable
from splitbrain.harness.processes.files.syncs import Syncs

_SYNCED = ".synced"


@dataclass(slots=True)
class Needs:
    """What a run needs of the kernel, besides processes.

    Attributes:
        small_disks: each server's directory is a small disk of its own, which can be full.
        slow_disks: what waits for the disk can be made to wait for longer.
        power_losses: what was synced is known, so that the rest can be lost.
        networks: each server has a network of its own.
    """

    small_disks: bool = False
    slow_disks: bool = False
    power_losses: bool = False
    networks: bool = False


class Disks:
    """The directories of all servers.

    Args:
        folder: the run's, where each server has a directory of its name.
        servers: the servers' names.
        needs: what the run needs.

    Attributes:
        syncs: by server, the calls that wait for its disk; empty if nobody asks about them.
        small: whether each directory is a disk of its own.
    """

    def __init__(self, folder: Path, servers: Sequence[str], needs: Needs) -> None:
        self._folder, self._servers = folder, servers
        self.small = needs.small_disks
        self._durable: dict[str, Durable] = {}
        self.syncs: dict[str, Syncs] = {}
        for name in servers if needs.power_losses else ():
            self._durable[name] = Durable(folder / name, folder / _SYNCED / name)
            self.syncs[name] = Syncs(self._durable[name].synced)
        for name in servers if needs.slow_disks else ():
            self.syncs.setdefault(name, Syncs())

    def mount(self) -> None:
        """Mount the small disks, if there are to be any.

        Raises:
            OSError: this process may not.
        """
        for name in self._servers if self.small else ():
            rooms.mount_disk(self._folder / name)

    def unmount(self) -> None:
        """Take the small disks away."""
        for name in self._servers if self.small else ():
            with suppress(OSError):  # it was not mounted yet
                rooms.unmount_disk(self._folder / name)

    @property
    def next(self) -> float:
        """Seconds until a call that waits may go on."""
        return min((calls.next for calls in self.syncs.values()), default=inf)

    def go_on(self) -> None:
        """Let the calls go on that have waited for long enough."""
        for calls in self.syncs.values():
            calls.go_on()

    def keep_copy(self, name: str) -> None:
        """Keep a copy of a server's directory, while nobody changes it."""
        backups.keep_copy(self._folder, name)

    def replace(self, name: str, *, by_copy: bool) -> int:
        """Empty a server's directory, or put the copy there; how many files are changed."""
        changed = backups.replace(self._folder, name, by_copy=by_copy)
        if name in self._durable:
            self._durable[name].take_all()
        return changed

    def fill(self, name: str, *, full: bool) -> bool:
        """Take all free room, or give it back; whether there was none before."""
        return rooms.fill_disk(self._folder / name, full=full)

    def lose(self, name: str, policy: PowerLossPolicy, seed: int) -> Mapping[str, int] | str:
        """Put back what was durable in the directory of a server that is down; how much is lost, or
        why that is not known."""
        durable = self._durable[name]
        if durable.unseen is not None:
            return f"{name} cannot lose its power: {durable.unseen}"
        return durable.lose(policy, Random(seed))
