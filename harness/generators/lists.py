"""The operations that a plan lists: `listed`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from splitbrain.harness.generators.base import (
    PENDING,
    Context,
    Generator,
    Invocation,
    Pending,
    Step,
    Unmoved,
)
from splitbrain.harness.plan import InvalidPlan, PlannedOperation


def listed(
    operations: Sequence[PlannedOperation], clients: int, follows: Sequence[Sequence[int]] = ()
) -> Generator:
    """These operations, each by its client at its time, or as soon after as that client is free and
    the operations that it `follows` have ended.

    A client's operations happen in the order of their times; those of equal times as listed.

    Raises:
        InvalidPlan: an operation names a client that the plan doesn't have, or a negative time.
    """
    queues: list[list[tuple[int, int, Invocation]]] = [[] for _ in range(clients)]
    for position, operation in enumerate(operations):
        if not 0 <= operation.client < clients:
            raise InvalidPlan(
                f"operations[{position}] is by client {operation.client}, but the plan has "
                f"{clients} clients, numbered from 0: change either"
            )
        if not 0 <= operation.at < float("inf"):
            raise InvalidPlan(
                f"operations[{position}] is at {operation.at} s: give a number of seconds from 0 up"
            )
        at = round(operation.at * 1e9)
        invocation = Invocation(at, operation.client, operation.f, operation.value)
        queues[operation.client].append((at, position, invocation))
    ordered = tuple(tuple(sorted(queue, key=lambda entry: entry[:2])) for queue in queues)
    places = {
        position: (client, place)
        for client, queue in enumerate(ordered)
        for place, (_, position, _) in enumerate(queue)
    }
    after = {
        number: tuple(places[other] for other in row) for number, row in enumerate(follows) if row
    }
    return Listed(ordered, (0,) * clients, after)


@dataclass(frozen=True, slots=True)
class Listed(Unmoved):
    """See `listed`.

    Attributes:
        queues: each client's operations as (nanoseconds, position in the plan, invocation).
        done: how many of each are invoked.
        after: by position in the plan: the client and the place in its queue of each operation that
            must have ended.
    """

    queues: tuple[tuple[tuple[int, int, Invocation], ...], ...]
    done: tuple[int, ...]
    after: Mapping[int, tuple[tuple[int, int], ...]]

    def next(self, context: Context) -> Step | None:
        """The earliest operation whose client is free."""
        heads = [
            queue[done]
            for queue, done in zip(self.queues, self.done, strict=True)
            if done < len(queue)
        ]
        if not heads:
            return None
        free = [
            head
            for head in heads
            if head[2].client in context.free and self._preceded(head[1], context)
        ]
        if not free:
            return PENDING, self
        at, _, invocation = min(free, key=lambda head: head[:2])
        if context.time < at:
            return Pending(at), self
        done = list(self.done)
        done[invocation.client] += 1
        return replace(invocation, time=context.time), Listed(self.queues, tuple(done), self.after)

    def _preceded(self, position: int, context: Context) -> bool:
        """Whether all that an operation follows has ended."""
        return all(
            self.done[client] - (client not in context.free) > place
            for client, place in self.after.get(position, ())
        )
