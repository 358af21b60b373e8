"""Where a stream is cut into segments: now and then anyway, and mostly under `net.slicer`.

TCP keeps bytes and their order, and nothing of who wrote which at once. A slicer on a link cuts
what is written into parts that come apart, and lets what is to be sent wait for what is written
next, so that both come as one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splitbrain.harness.simulation.world import World

SPLIT = 0.125
"""How many segments are cut in two without any fault."""

SPLIT_PAUSE_S = 0.005
"""How much later the second part leaves then, at most."""


class Cutting:
    """How one end of a connection cuts what it sends.

    Args:
        world: the world, whose rules of links say whether there is a slicer.
        names: the end's host and the other one.
        number: the connection's.
    """

    def __init__(self, world: World, names: tuple[str, str], number: int) -> None:
        self._world, self._names, self._number = world, names, number

    def held(self) -> float | None:
        """For how long what is to be sent waits for what is written next; None: it leaves now."""
        sliced = self._world.network.slicer(*self._names)
        if sliced is None:
            return None
        rule, draw = sliced
        if draw() >= rule.slices / 2:  # so it leaves in the end, even if each segment is cut
            return None
        rule.affected += 1
        return rule.pause * draw()

    def size(self, most: int) -> int:
        """How many of so many bytes the next segment takes."""
        sliced = self._world.network.slicer(*self._names)
        share, draw = (SPLIT, self._usual) if sliced is None else (sliced[0].slices, sliced[1])
        if most <= 1 or draw() >= share:
            return most
        if sliced is not None:
            sliced[0].affected += 1
        return 1 + int(draw() * (most - 1))

    def pause(self) -> float:
        """How much later what was cut off leaves, in seconds."""
        sliced = self._world.network.slicer(*self._names)
        if sliced is None:
            return SPLIT_PAUSE_S * self._usual()
        rule, draw = sliced
        return rule.pause * draw()

    @cached_property
    def _usual(self) -> Callable[[], float]:
        return self._world.stream("tcp", *self._names, self._number).random
