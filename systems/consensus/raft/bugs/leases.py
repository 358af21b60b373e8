"""Planted bugs of leases: they, counted by another clock than the monotonic one."""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.consensus.raft.core import Raft
from splitbrain.systems.consensus.raft.effects import Effect, Stored
from splitbrain.systems.consensus.raft.phases import Leadership
from splitbrain.systems.consensus.raft.rules import Rules
from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.state import Server, Settings


class CountsTicks(Rules):
    """Counts a lease in ticks, of which none comes while a server stands still.

    Attributes:
        ticked: when the last tick came.
        lost: how long no tick had come when one did, beyond what is usual; and when that was.
    """

    def __init__(self) -> None:
        self.ticked = 0.0
        self.lost: list[tuple[float, float]] = []

    def tick(self, now: float, usual: float) -> None:
        """A tick came."""
        if now - self.ticked > usual:
            self.lost.append((now, now - self.ticked - usual))
        self.ticked = now

    def may_read_at_once(self, server: Server, office: Leadership) -> bool:
        """As if no time had passed in which no tick came."""
        timer, usual = server.timer, server.settings.heartbeat
        vouched = {peer: progress.vouched_at for peer, progress in office.progress.items()}
        since = server.members.reached({**vouched, server.name: timer.now})
        missing = max(0.0, timer.now - self.ticked - usual)
        missing += sum(lost for at, lost in self.lost if at > since)
        timer.now -= missing
        may = super().may_read_at_once(server, office)
        timer.now += missing
        return may


class TicksCounted(Raft):
    """A core whose rules hear of ticks."""

    def tick(self, now: float) -> list[Effect]:
        """See `Raft.tick`."""
        rules = self.server.rules
        assert isinstance(rules, CountsTicks)
        rules.tick(now, self.server.settings.heartbeat)
        return super().tick(now)


class TimeOfDay(Rules):
    """Keeps the end of a lease as a time of day.

    Attributes:
        clock: the wall clock.
    """

    clock: Callable[[], float]

    def __init__(self) -> None:
        self.office: Leadership | None = None
        self.ends = 0.0

    def may_read_at_once(self, server: Server, office: Leadership) -> bool:
        """Until the wall clock shows that time, which it may do much later."""
        if self.office is not office:
            self.office, self.ends = office, 0.0
        if super().may_read_at_once(server, office):
            vouched = {peer: p.vouched_at for peer, p in office.progress.items()}
            since = server.members.reached({**vouched, server.name: server.timer.now})
            left = since + server.settings.lease - server.timer.now
            self.ends = self.clock() + left
        return self.clock() < self.ends


class WallClockLeases(RaftKV):
    """A server whose leases end by its wall clock."""

    rules = TimeOfDay

    def make_core(self, stored: Stored) -> Raft:
        """With the wall clock at hand."""
        core = super().make_core(stored)
        rules = core.server.rules
        assert isinstance(rules, TimeOfDay)
        rules.clock = self.node.clock.time
        return core


_STALE = ("stale-answer", "stale-read", "nonlinearizable", "leader-lease")
_LEASED = Settings(lease=0.2)

BUGS_OF_LEASES: tuple[Bug, ...] = (
    Bug(
        id="CON-21",
        title="a lease is counted in ticks: after a pause a leader that is none reads what is old",
        server=planted(RaftKV, rules=CountsTicks, core_class=TicksCounted, settings=_LEASED),
        workload="register",
        faults=("lease.outlived", "process.pause", "net.partition"),
        nodes=3,
        seeds=40,
        shows=_STALE,
        source="etcd #20418 (stale reads after a pause); DDIA chapter 8, Process Pauses",
    ),
    Bug(
        id="CLK-05",
        title="a lease ends by the wall clock, and lasts longer when that is set back",
        server=planted(WallClockLeases, settings=_LEASED),
        workload="register",
        faults=(
            *("clock.bump", "clock.backward", "scenario.rollback", "net.partition"),
            "lease.outlived",
        ),
        nodes=3,
        seeds=80,
        shows=_STALE,
        source="DDIA chapter 8, Monotonic Versus Time-of-Day Clocks; Jepsen: YugaByte 1.1.9",
    ),
)
