"""What a host's disk does wrong, as long as rules of the nemesis say so."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from math import log
from random import Random
from typing import TYPE_CHECKING

from splitbrain.harness.nemesis.rules import DiskRule, Trouble
from splitbrain.harness.simulation.platter import SECTOR, Fate, Write

if TYPE_CHECKING:
    from splitbrain.harness.simulation.incarnation import Incarnation
    from splitbrain.harness.simulation.world import World


class DiskRules:
    """The rules in force on one host, and their dice.

    Attributes:
        any: whether there are any, so that a healthy disk costs nothing.
    """

    def __init__(self, world: World, name: str) -> None:
        self.any = False
        self._world = world
        self._name = name
        self._rules: dict[DiskRule, Random] = {}
        self._latency: Callable[[], float] | None = None
        self._held_up: list[Callable[[], None]] = []

    def add(self, rule: DiskRule) -> None:
        """Let `rule` act."""
        self._rules[rule] = self._world.stream("rule", rule.name, self._name)
        self.any = True

    def remove(self, rule: DiskRule) -> None:
        """Lift a rule: who was held up looks again."""
        del self._rules[rule]
        self.any = bool(self._rules)
        held_up, self._held_up = self._held_up, []
        for due in held_up:
            self._world.heap.after(0.0, due)

    def fsync_latency(self) -> float:
        """Seconds that the next fsync takes."""
        draw = self._latency
        if draw is None:
            draw = self._latency = self._world.stream("fsync", self._name).random
        seconds = self._world.fsync_latency * (0.5 + draw())
        if not self.any:
            return seconds
        for rule, dice in self._of("slow"):
            rule.affected += 1
            seconds -= log(1.0 - dice.random()) * rule.amount  # exponential, of that mean
        return seconds

    async def works(self, incarnation: Incarnation) -> None:
        """Wait while a rule holds fsyncs up."""
        counted: set[DiskRule] = set()  # asked for membership only
        while stalls := self._of("stall"):
            for rule, _ in stalls:
                if rule not in counted:
                    counted.add(rule)
                    rule.affected += 1
            await incarnation.wait_for(self._held_up.append)

    def _of(self, trouble: Trouble) -> list[tuple[DiskRule, Random]]:
        return [(rule, dice) for rule, dice in self._rules.items() if rule.trouble == trouble]

    def strikes(self, trouble: Trouble) -> Random | None:
        """The dice of the first rule that makes this call go wrong; None if none does."""
        for rule, dice in self._of(trouble):
            if dice.random() < rule.amount:
                rule.affected += 1
                return dice
        return None

    def fail(self, trouble: Trouble, path: str, code: int = errno.EIO) -> None:
        """Let the call fail, if a rule says so.

        Raises:
            OSError: one does.
        """
        if self.strikes(trouble) is not None:
            raise OSError(code, os.strerror(code), path)

    def shortened(self, length: int) -> int:
        """How many of so many bytes are read or written; at least one, if there are any."""
        if length > 1 and (dice := self.strikes("short")) is not None:
            return dice.randrange(1, length)
        return length

    @property
    def fate(self) -> Fate | None:
        """What becomes of writes on their way to the platter; None if nothing happens to them."""
        return self._fate if self._of("lost") or self._of("misdirected") else None

    def _fate(self, write: Write, size: int) -> Write | None:
        if self.strikes("lost") is not None:
            return None
        if (dice := self.strikes("misdirected")) is not None:
            return Write(astray(write.offset, size, dice), write.data)
        return write


def astray(offset: int, size: int, dice: Random) -> int:
    """Where a call goes that should go to `offset` in a file of so many bytes, whole sectors away;
    or it goes there by chance."""
    return dice.randrange(size // SECTOR + 2) * SECTOR + offset % SECTOR
