"""Endless operations that are drawn one by one: what most workloads of transactions need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from splitbrain.harness.generators import PENDING, Context, Invocation, Step
from splitbrain.harness.generators.base import Unmoved

Draw = Callable[[Context, int, int], Invocation]
"""The operation for a client, given how many were drawn before."""


@dataclass(frozen=True, slots=True)
class Drawn(Unmoved):
    """Endless operations, each by a random free client.

    Attributes:
        draw: makes the operation.
        number: how many were drawn.
    """

    draw: Draw
    number: int = 0

    def next(self, context: Context) -> Step | None:
        """An operation if any client is free."""
        if not context.free:
            return PENDING, self
        client = context.random.choice(context.free)
        return self.draw(context, client, self.number), Drawn(self.draw, self.number + 1)
