"""The monitor of registers in which every value that somebody needs is written once.

A value's *cluster* is the operation that writes it with the reads of it. In a linearization
clusters follow each other as wholes, write first. A successful cas from one value to another makes
the second cluster follow the first one immediately: clusters form *chains*. A chain must precede
another if some operation of it completes before some of the other is invoked, that is if its least
completion f is before the other's greatest invocation s. The chain's *zone* is from f to s:
*forward* if f < s, else *backward*. The history is linearizable exactly when

* no read completes before the write of its value is invoked, and no value is cas'ed from twice;
* within a chain, no operation completes before one of an earlier cluster is invoked;
* no two forward zones overlap, and no backward zone lies inside a forward one

(Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 1997, section 4.1, for clusters; for
chains the argument is the same). The order is by a moment of each zone: the start of a forward one,
the first moment outside all forward ones of a backward one.

What is left out: failed operations; indeterminate ones whose value nobody needs (then their cluster
can be taken out of any linearization); so an indeterminate cas happened exactly if its value was
found, by an ok operation or another such cas. A cas from v to v is a read of v. Values that nobody
needs may be written more than once: each write is a cluster by itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.monitors.monitor import (
    FOREVER,
    NONLINEARIZABLE,
    Judgment,
    Monitor,
    Obstacle,
    anomaly,
)
from splitbrain.checkers.linearizability.monitors.zones import Conflict, Zone, ordered
from splitbrain.checkers.linearizability.register_anomalies import certain_reason
from splitbrain.checkers.linearizability.wording import named
from splitbrain.checkers.models import Register
from splitbrain.checkers.models.model import frozen, shown
from splitbrain.checkers.verdict import Anomaly


@dataclass(slots=True)
class _Cluster:
    """An operation that leaves a value (None for the initial one), and what found the value.

    Attributes:
        writer: what wrote the value.
        source: the value that the writer, a cas, found.
        reads: ok reads of the value, in order of invocation.
        successor: the cluster of the cas that replaced it.
    """

    writer: Call | None
    source: Hashable | None = None
    reads: list[Call] = field(default_factory=list)
    successor: _Cluster | None = None

    @property
    def by_cas(self) -> bool:
        """Whether it follows another cluster immediately."""
        return self.writer is not None and self.writer.f == "cas"

    def members(self) -> list[Call]:
        """Its operations as they happen."""
        return self.reads if self.writer is None else [self.writer, *self.reads]


@dataclass(slots=True)
class _Clusters:
    """A register's history by value.

    Attributes:
        model: the register.
        calls: all calls, for sentences.
        by_value: the cluster of each needed value.
        others: clusters of values that nobody needs.
        orphans: operations that found a value which nobody wrote.
    """

    model: Register
    calls: Sequence[Call]
    by_value: dict[Hashable, _Cluster]
    others: list[_Cluster] = field(default_factory=list)
    orphans: list[Call] = field(default_factory=list)


_Access = tuple[Call, Hashable, bool, Hashable, bool]  # finds a value, if so; leaves one, if so


def _accesses(calls: Sequence[Call]) -> Iterable[_Access]:
    """What each call that may have happened finds and leaves; a cas from v to v leaves nothing."""
    for call in calls:
        if call.outcome == "fail":
            continue
        if call.f == "write":
            yield call, None, False, frozen(call.argument), True
        elif call.f == "cas":
            old, new = frozen(call.argument[0]), frozen(call.argument[1])
            if old != new:
                yield call, old, True, new, True
            elif call.outcome == "ok":
                yield call, old, True, None, False
        elif call.outcome == "ok":
            yield call, frozen(call.result), True, None, False


def _prepare(model: Register, calls: Sequence[Call]) -> _Clusters | Obstacle:
    accesses = list(_accesses(calls))
    needed: dict[Hashable, None] = {found: None for _, found, finds, _, _ in accesses if finds}
    writers: dict[Hashable, Call] = {}
    for call, _, _, left, leaves in accesses:
        if not leaves or left not in needed:
            continue
        if left == model.initial:
            return Obstacle(
                call.invoke_index,
                f"it writes {_value(call)}, the initial value, which others found",
            )
        earlier = writers.setdefault(left, call)
        if earlier is not call:
            return Obstacle(
                call.invoke_index,
                f"it writes {_value(call)}, as operation {earlier.invoke_index} does, and others "
                "found that value",
            )
    return _clustered(model, calls, accesses)


def _value(call: Call) -> str:
    return shown(call.argument[1] if call.f == "cas" else call.argument)


def _clustered(model: Register, calls: Sequence[Call], accesses: list[_Access]) -> _Clusters:
    happened = _happened(accesses)
    clusters = _Clusters(model, calls, {model.initial: _Cluster(None)})
    reads: list[tuple[Call, Hashable]] = []
    for call, found, _, left, leaves in accesses:
        if leaves and call.outcome == "info" and call.invoke_index not in happened:
            continue
        if not leaves:
            reads.append((call, found))
        elif left in clusters.by_value:  # nobody needs it: see `_prepare`
            clusters.others.append(_Cluster(call, found))
        else:
            clusters.by_value[left] = _Cluster(call, found)
    for call, found in reads:
        if found in clusters.by_value:
            clusters.by_value[found].reads.append(call)
        else:
            clusters.orphans.append(call)
    return clusters


def _happened(accesses: list[_Access]) -> dict[int, None]:
    """Indeterminate writes and cas whose value was found by something that happened."""
    producers = {
        left: (call, found, finds)
        for call, found, finds, left, leaves in accesses
        if leaves and call.outcome == "info"
    }
    happened: dict[int, None] = {}
    found_values = [
        found for call, found, finds, _, _ in accesses if finds and call.outcome == "ok"
    ]
    while found_values:
        producer = producers.get(found_values.pop())
        if producer is None or producer[0].invoke_index in happened:
            continue
        call, found, finds = producer
        happened[call.invoke_index] = None
        if finds:
            found_values.append(found)
    return happened


def _decide(clusters: _Clusters, key: Any) -> Judgment:
    judgment = _chained(clusters, key)
    if not isinstance(judgment, Anomaly):
        zones = [_zone(chain) for chain in judgment]
        order = ordered(zones)
        if not isinstance(order, Conflict):
            return [
                call.invoke_index
                for i in order
                for cluster in judgment[i]
                for call in cluster.members()
            ]
        first, second = zones[order.first], zones[order.second]
        judgment = _conflict(
            clusters, key, first, second, judgment[order.first], judgment[order.second]
        )
    reason = certain_reason(clusters.model, key, clusters.calls)
    if reason is None:
        return judgment
    return Anomaly(
        reason.kind,
        reason.message,
        anomaly(reason.kind, key, "", reason.calls).operations,
        {"key": key, "window": [call.invoke_index for call in reason.calls]},
    )


def _chained(clusters: _Clusters, key: Any) -> list[list[_Cluster]] | Anomaly:
    """The clusters as chains, each in order, or what is wrong within one of them."""
    everything = [*clusters.by_value.values(), *clusters.others]
    flaw = _linked(clusters, everything, key)
    if flaw is not None:
        return flaw
    chains = []
    for head in everything:
        if head.by_cas:
            continue
        chain, latest = [head], _latest(head)
        while (cluster := chain[-1].successor) is not None:
            least = _least(cluster)
            if latest is not None and _end(least) < latest.invoked:
                return _disorder(clusters, key, [*chain, cluster], least, latest)
            latest = _later(latest, _latest(cluster))
            chain.append(cluster)
        chains.append(chain)
    if sum(map(len, chains)) < len(everything):
        return _circle(clusters, key, everything, chains)
    return chains


def _linked(clusters: _Clusters, everything: list[_Cluster], key: Any) -> Anomaly | None:
    """Give each cluster its successor; what is wrong with a cluster and its writer, if anything."""
    model = clusters.model
    for call in clusters.orphans:
        return _unwritten(clusters, key, call)
    for cluster in everything:
        writer = cluster.writer
        if writer is None:
            continue
        early = min(cluster.reads, key=_end, default=None)
        if early is not None and _end(early) < writer.invoked:
            return _unwritten(clusters, key, early, writer)
        if not cluster.by_cas:
            continue
        source = clusters.by_value.get(cluster.source)
        if source is None:
            return _unwritten(clusters, key, writer)
        if source.writer is not None and _end(writer) < source.writer.invoked:
            return _unwritten(clusters, key, writer, source.writer)
        if source.successor is not None and source.successor.writer is not None:
            rival = source.successor.writer
            sentence = (
                f"{named(model, rival)} and {named(model, writer)} both found "
                f"{shown(writer.argument[0])}, which was there once at most"
            )
            written = [] if source.writer is None else [source.writer]
            return anomaly("lost-update", key, sentence, (rival, writer, *written))
        source.successor = cluster
    return None


def _unwritten(clusters: _Clusters, key: Any, call: Call, writer: Call | None = None) -> Anomaly:
    sentence = f"{named(clusters.model, call)} found a value that nobody can have written before"
    if writer is not None:
        sentence += f": {named(clusters.model, writer)} began only after it had completed"
    return anomaly("unwritten-read", key, sentence, (call, *([] if writer is None else [writer])))


def _end(call: Call) -> int:
    return FOREVER if call.completed is None else call.completed


def _least(cluster: _Cluster) -> Call:
    """The operation of a written cluster that completes first."""
    return min(cluster.members(), key=_end)


def _latest(cluster: _Cluster) -> Call | None:
    """The operation of a cluster that is invoked last; None for an initial value nobody read."""
    return _later(cluster.reads[-1] if cluster.reads else None, cluster.writer)


def _later(one: Call | None, other: Call | None) -> Call | None:
    """The one that was invoked later."""
    if one is None or other is None:
        return one or other
    return one if one.invoked > other.invoked else other


def _disorder(
    clusters: _Clusters, key: Any, chain: list[_Cluster], early: Call, late: Call
) -> Anomaly:
    """An operation of the last cluster completed before one of an earlier one began."""
    model = clusters.model
    sentence = (
        f"{named(model, early)} completed before {named(model, late)} began, but the register "
        "had its later value then, and got it by cas from the earlier one"
    )
    start = next(i for i, cluster in enumerate(chain) if late in cluster.members())
    return anomaly(NONLINEARIZABLE, key, sentence, (early, late, *_writers(chain[start:])))


def _writers(chain: Iterable[_Cluster]) -> list[Call]:
    return [cluster.writer for cluster in chain if cluster.writer is not None]


def _circle(
    clusters: _Clusters, key: Any, everything: list[_Cluster], chains: list[list[_Cluster]]
) -> Anomaly:
    """Several cas each of which found the value that another of them left."""
    reached = {id(cluster): None for chain in chains for cluster in chain}
    cluster = next(cluster for cluster in everything if id(cluster) not in reached)
    circle = [cluster]
    while (following := circle[-1].successor) is not None and following is not cluster:
        circle.append(following)
    assert cluster.writer is not None
    sentence = (
        f"{named(clusters.model, cluster.writer)} and {len(circle) - 1} more each found the value "
        "that another of them left, in a circle, so none can have been first"
    )
    return anomaly(NONLINEARIZABLE, key, sentence, _writers(circle))


def _zone(chain: list[_Cluster]) -> Zone:
    least: Call | None = None
    latest: Call | None = None
    for cluster in chain:
        latest = _later(latest, _latest(cluster))
        ended = _least(cluster) if cluster.writer is not None else None
        if ended is not None and (least is None or _end(ended) < _end(least)):
            least = ended
    initial = chain[0].writer is None
    return Zone(
        -1 if initial or least is None else _end(least),
        -1 if latest is None else latest.invoked,
        None if initial else least,
        latest,
    )


def _conflict(
    clusters: _Clusters,
    key: Any,
    first: Zone,
    second: Zone,
    first_chain: list[_Cluster],
    second_chain: list[_Cluster],
) -> Anomaly:
    """Two chains each of which must precede the other."""
    model = clusters.model
    involved: list[Call] = []
    for zone, chain in ((first, first_chain), (second, second_chain)):
        ends = [call for call in (zone.least, zone.latest) if call is not None]
        places = [i for i, c in enumerate(chain) if any(end in c.members() for end in ends)]
        if zone.least is None:
            places.append(0)
        involved += [*ends, *_writers(chain[min(places) : max(places) + 1])]
    sentence = (
        f"{_preceding(model, first, second)}, and {_preceding(model, second, first)}, so the "
        "value that each of the two concerns must have come before the other"
    )
    return anomaly(NONLINEARIZABLE, key, sentence, involved)


def _preceding(model: Register, one: Zone, other: Zone) -> str:
    assert other.latest is not None
    if one.least is None:
        return f"the initial value was there before {named(model, other.latest)}"
    return f"{named(model, one.least)} completed before {named(model, other.latest)} began"


REGISTER = Monitor(
    name="register",
    algorithm="zones of clusters chained by cas (Gibbons, Korach 1997), O(n log n)",
    preconditions="every value that is read or cas'ed from written at most once, and the initial "
    "value never",
    prepare=_prepare,
    decide=_decide,
)
"""Decides histories of ``register`` and ``cas_register`` (`splitbrain.checkers.models`)."""
