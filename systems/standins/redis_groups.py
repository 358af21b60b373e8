"""Groups of consumers of a stream of a stand-in for Redis: what each has been given and not yet
acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field

Identity = tuple[int, int]
"""An entry's id: milliseconds, and a number."""


@dataclass(slots=True)
class Pending:
    """An entry that was given out.

    Attributes:
        consumer: to whom, the last time.
        given: when, in milliseconds.
        times: how often.
    """

    consumer: bytes
    given: int
    times: int = 1


@dataclass(slots=True)
class Group:
    """A group of consumers.

    Attributes:
        last: the last id that was given to any of them for the first time.
        pending: what was given out and not acknowledged, by id.
        consumers: those that have asked, and when they last did.
    """

    last: Identity
    pending: dict[Identity, Pending] = field(default_factory=dict)
    consumers: dict[bytes, int] = field(default_factory=dict)

    def give(self, identity: Identity, consumer: bytes, now: int) -> None:
        """Note that an entry is given to a consumer, again or for the first time."""
        before = self.pending.get(identity)
        self.pending[identity] = Pending(consumer, now, 1 if before is None else before.times + 1)

    def owned(self, consumer: bytes | None, idle: int, now: int) -> dict[Identity, Pending]:
        """What is pending at a consumer (None: at any), and was given out so long ago at least, by
        id."""
        return {
            identity: pending
            for identity, pending in sorted(self.pending.items())
            if consumer in (None, pending.consumer) and now - pending.given >= idle
        }
