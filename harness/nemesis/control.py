"""The levers that the nemesis pulls: what a world must offer to be disturbed.

The simulated world satisfies `Control`; so does the fake in the tests. All times are true virtual
seconds, the world's own, whatever the nodes' clocks say.

Everything here is called from the world's own loop, between steps of nodes; so are the callbacks
given to `subscribe`, for a node can't be killed in the middle of its step.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from splitbrain.harness.nemesis.rules import DiskRule, LinkRule, ProgramRule

PowerLossPolicy = Literal["drop_unsynced", "keep_prefix", "any_subset"]
"""What a power loss leaves of writes that were not fsynced: none, the first few, or any of them."""

POWER_LOSS_POLICIES: tuple[PowerLossPolicy, ...] = get_args(PowerLossPolicy)

Effect = Mapping[str, Any]
"""What a fault was seen to do: counts and lists by name, JSON-able. Zero and empty mean nothing."""

Callback = Callable[[str, str, Any], None]
"""Called with an event's kind (``"leader"``), the node's name, its details (``{"term": 3}``)."""


class Processes(Protocol):
    """Levers on processes of servers; of clients too, but for `power_loss`."""

    def running(self, name: str) -> bool:
        """Whether the server's process exists (a paused one does)."""
        ...

    def paused(self, name: str) -> bool:
        """Whether the server's process is paused."""
        ...

    def kill(self, name: str) -> Effect:
        """End the process, if there is one, paused or not; its page cache survives."""
        ...

    def power_loss(self, name: str, policy: PowerLossPolicy) -> Effect:
        """Switch the machine off: its process, if any, ends and unsynced writes are lost.

        Also loses the page cache that an already dead process left behind. The effect has at least
        ``writes_lost``.
        """
        ...

    def start(self, name: str) -> None:
        """Start a process on a server that has none; it isn't paused."""
        ...

    def pause(self, name: str) -> None:
        """Stop scheduling a running process; messages to it wait."""
        ...

    def resume(self, name: str) -> None:
        """Let a paused process go on."""
        ...


class Clocks(Protocol):
    """Levers on hosts' clocks; a clock belongs to the host and survives its process."""

    def set_clock_rate(self, name: str, rate: float) -> None:
        """Make both clocks of a host advance `rate` seconds a true second from now on."""
        ...

    def jump_clock(self, name: str, seconds: float) -> None:
        """Move a host's wall clock, forwards or (negative) backwards."""
        ...

    def set_wall_rate(self, name: str, rate: float) -> None:
        """Make a host's wall clock alone advance `rate` seconds in each of its monotonic clock from
        now on (0: it stands still); at 1 it is set to what it would show without such rates."""
        ...

    def clock_reads(self, name: str) -> int:
        """How often the host has read a clock or armed a timer since the start of the run."""
        ...


class Links(Protocol):
    """Levers on the network."""

    def add_rule(self, rule: LinkRule) -> None:
        """Put a rule in force."""
        ...

    def remove_rule(self, rule: LinkRule) -> None:
        """Lift this very rule."""
        ...


class Disks(Protocol):
    """Levers on servers' disks."""

    def add_disk_rule(self, rule: DiskRule) -> None:
        """Put a rule in force for calls that begin, and fsyncs that would end, from now on."""
        ...

    def remove_disk_rule(self, rule: DiskRule) -> None:
        """Lift this very rule; fsyncs that it alone held up end now."""
        ...

    def holds_unsynced(self, name: str) -> bool:
        """Whether a server has written anything that is not durable."""
        ...

    def has_data(self, name: str) -> bool:
        """Whether anything is durable on a server's disk."""
        ...

    def rot_disk(self, name: str, bits: int, random: random.Random) -> Effect:
        """Flip so many bits of what is durable on a server's disk, at places drawn from `random`.

        The effect has ``files_rotten``, the names of files.
        """
        ...

    def cut_disk(self, name: str, size: int, random: random.Random) -> Effect:
        """Cut so many bytes off what is durable of a file that is drawn from `random`.

        The effect has ``files_cut``, the names of files.
        """
        ...

    def blank_disk(self, name: str, part: int, parts: int) -> Effect:
        """Of what is durable of each file let one of so many equal parts be zero bytes.

        The effect has ``files_blanked``, the names of files.
        """
        ...


@runtime_checkable
class RealProcesses(Protocol):
    """Levers that only a ground of real processes has (`Kind.real`)."""

    def terminate(self, name: str, patience: float) -> Effect:
        """SIGTERM; after so many seconds SIGKILL.

        The effect has ``killed``, whether it came to that.
        """
        ...

    def keep_copy(self, name: str) -> None:
        """Keep a copy of a server's data directory as it is now, while the server stands still."""
        ...

    def replace_data(self, name: str, *, by_copy: bool) -> Effect:
        """Empty the data directory of a server that is down, and put the kept copy there, if
        `by_copy`.

        The effect has ``files_changed``: how many files are gone, or are no longer what they were.
        """
        ...

    def fill_disk(self, name: str, *, full: bool) -> bool:
        """Take all free room from a server's disk, or give it back; whether there was none before
        this."""
        ...


@runtime_checkable
class Insides(Protocol):
    """Levers on what only some programs have: connections, tasks of asyncio, rare branches
    (`Kind.inside`)."""

    def reset_connections(self, name: str, share: float, random: random.Random) -> Sequence[int]:
        """Reset each established connection of a host with probability `share`.

        Both ends are told so. Returns the connections' numbers.
        """
        ...

    def add_program_rule(self, rule: ProgramRule) -> None:
        """Let `rule` act on the programs of its hosts, in this life and the next ones."""
        ...

    def remove_program_rule(self, rule: ProgramRule) -> None:
        """Lift a rule."""
        ...


class Control(Processes, Clocks, Links, Disks, Protocol):
    """Everything the nemesis may do to a world, and see of it."""

    @property
    def now(self) -> float:
        """True virtual seconds since the start of the run."""
        ...

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers' names, in order."""
        ...

    @property
    def clients(self) -> tuple[str, ...]:
        """The client hosts' names, in order."""
        ...

    def after(self, delay: float, fn: Callable[..., object], *args: Any) -> object:
        """Call ``fn(*args)`` in `delay` seconds, from the world's own loop (never at once)."""
        ...

    def leader(self) -> str | None:
        """The running server that announced itself leader of the highest term; None if none did."""
        ...

    def stream(self, *name: int | str) -> random.Random:
        """The random stream of this name under the plan's seed; afresh at each call."""
        ...

    def record(self, kind: str, value: Any) -> None:
        """Write an event of process ``nemesis`` into the history."""
        ...

    def watch(self, event: str, callback: Callback) -> Callable[[], None]:
        """Hear of a sort of event of the servers' and clients' machines; returns how to stop.

        Sorts are ``send``, ``receive``, ``write``, ``fsync-begin``, ``fsync-end``. The callback
        comes at once, in the middle of a node's step, and may do no more than count and `after`.
        """
        ...

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Hear of nodes' announcements and trace events; returns how to stop hearing of them.

        The callback comes at the time of the event but after the node's step; one that is under way
        already still comes after unsubscribing.
        """
        ...
