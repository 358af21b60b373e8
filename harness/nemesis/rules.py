"""What the nemesis tells network and disks to do: one `LinkRule` or `DiskRule` for each fault.

The network keeps a list of rules and consults it at every send. A fault owns its rules and no other
fault's, so that faults may overlap in any way: ending one leaves what the others do untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Answer = Callable[[tuple[Any, ...]], tuple[Any, ...] | None]
"""What is answered to a message in its receiver's place; None: it gets the message."""

Link = tuple[str, str]
"""A direction between two hosts: (source, destination)."""


@dataclass(slots=True)
class Healing:
    """Whether everything has been healed, for good; all rules of a nemesis share one."""

    done: bool = False


@dataclass(slots=True, eq=False)
class LinkRule:
    """What happens to messages on some links while the rule is in force.

    Rules are compared by identity. The network counts in ``affected``; nothing else changes while a
    rule is in force: what a fault wants changed it does by lifting one rule and adding another.

    Attributes:
        name: the fault's id; it names the random stream that the rule's dice are thrown with, so
            that removing a fault leaves the others' dice as they were.
        links: the directions it covers, (source, destination).
        block: True drops every message.
        delay: mean of an extra, exponentially distributed delay of each message, in seconds.
        loss: probability that a message is dropped, 0 to 1.
        duplicate: probability that a message is delivered twice, 0 to 1.
        later: mean of an extra, exponentially distributed delay of second copies, in seconds.
        healing: second copies that come later than usual are lost once it is done: they outlive the
            rule, and what is still under way after that would wake what should be at rest.
        bandwidth: bytes a second that each link passes on; 0: any number.
        slices: probability that a segment of a stream is cut in two, 0 to 1; half as often what is
            to be sent waits for what is written next.
        pause: for how long parts wait at most, in seconds.
        words: the first words of the messages that it concerns; none: all of them.
        answer: answers messages in their receiver's place, which never sees them.
        affected: messages that the rule dropped, delayed or duplicated so far, and segments that
            it cut or held back, counted by who sends. A dropped message counts in the rule that
            dropped it, the first in force; one that a rule lets pass untouched doesn't count.
    """

    name: str
    links: frozenset[Link]
    block: bool = False
    delay: float = 0.0
    loss: float = 0.0
    duplicate: float = 0.0
    later: float = 0.0
    bandwidth: float = 0.0
    slices: float = 0.0
    pause: float = 0.0
    words: tuple[str, ...] = ()
    answer: Answer | None = None
    affected: int = 0
    healing: Healing = field(default_factory=Healing)

    def __post_init__(self) -> None:
        for name in ("delay", "later", "pause"):
            if getattr(self, name) < 0:
                raise ValueError(
                    f"rule {self.name}: {name} is {getattr(self, name)}, it can't be negative"
                )
        for name in ("loss", "duplicate", "slices"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"rule {self.name}: {name} is {getattr(self, name)}, a probability is 0 to 1"
                )

    def concerns(self, message: tuple[Any, ...]) -> bool:
        """Whether a message on its links falls under the rule, by its first word."""
        return not self.words or (message[:1] != () and message[0] in self.words)

    def covers(self, source: str, destination: str) -> bool:
        """Whether a message from `source` to `destination` falls under the rule."""
        return (source, destination) in self.links


Trouble = Literal[
    "slow",
    "stall",
    "fsync",
    "fsync-dropped",
    "eio",
    "enospc",
    "short",
    "lost",
    "misdirected",
    "misread",
    "stale",
]
"""What a disk does wrong; the kinds of faults say what each means
(`splitbrain.harness.nemesis.kinds.disk`)."""


@dataclass(slots=True, eq=False)
class DiskRule:
    """What disks of some hosts do wrong while the rule is in force; compared by identity.

    Attributes:
        name: the fault's id; it names the random stream of the rule's dice.
        hosts: the hosts whose disks it concerns.
        trouble: what goes wrong.
        amount: of ``slow``, the mean of an extra, exponentially distributed duration of each fsync,
            in seconds; of ``stall`` nothing; of all others the probability for each call, 0 to 1.
        affected: calls (of ``lost`` and ``misdirected``: writes) that it struck so far, counted by
            the host.
    """

    name: str
    hosts: tuple[str, ...]
    trouble: Trouble
    amount: float = 0.0
    affected: int = 0


@dataclass(slots=True, eq=False)
class ProgramRule:
    """What goes on within programs on some hosts while the rule is in force; compared by identity.

    Attributes:
        name: the fault's id; it names the random streams of the rule's dice.
        hosts: the hosts whose programs it concerns.
        order: how asyncio's ready tasks are chosen: ``random``, ``pct``; empty: as they came.
        pause: for how long who is held back waits at most, in seconds.
        places: the share of rare branches (`splitbrain.buggify`) that are taken at all, 0 to 1.
        share: how often such a branch is taken by who comes by, 0 to 1.
        affected: how often the order was another.
        taken: the branches that were taken.
    """

    name: str
    hosts: tuple[str, ...]
    order: str = ""
    pause: float = 0.0
    places: float = 0.0
    share: float = 0.0
    affected: int = 0
    taken: set[str] = field(default_factory=set)


def links_between(left: Iterable[str], right: Sequence[str]) -> frozenset[Link]:
    """Both directions of every link from one side to the other."""
    return frozenset(link for a in left for b in right if a != b for link in ((a, b), (b, a)))
