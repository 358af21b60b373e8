"""Edges are at both ends, and their ends are there.

*Property.* ``scan`` gives ``{node: [[edge, other, ...], ...], ...}``: all nodes with their edges,
as of one moment. ``add_edge [edge, a, b, ...]`` puts an edge between two nodes, ``remove_node
node`` takes a node away with its edges. ``connected_nodes node`` gives ``[node, [other, ...]]``:
the other ends of its edges. Whatever else ``add_edge`` says, a relationship and properties, is what
the edge is, and scans show the same of it.

================  ==================================================================================
one-sided         an edge is at one of its ends alone (or leads elsewhere there, or is another)
dangling          an edge leads to a node that is not there
lost-edge         an edge that was acknowledged is not there later, though nobody had begun to
                  remove one of its ends
altered-edge      a scan shows an edge that is not what it was made
unmade-edge       a scan shows an edge that was refused
================  ==================================================================================

The second is ``no-dangling-edge``, the others are ``symmetric-edges``.

*Source.* DDIA chapter 2, "Property Graphs"; the LDBC ACID test suite (Waudby et al., TPCTC 2020).

*Algorithm.* Each scan, edge by edge, and each answer of neighbours. O(scans * edges).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

SYMMETRIC, NO_DANGLING = "symmetric-edges", "no-dangling-edge"

LINK, REMOVE, SCAN, CONNECTED = "add_edge", "remove_node", "scan", "connected_nodes"


def symmetric_edges() -> Checker:
    """A checker: both ends know of an edge, and it stays. See the module."""
    return _Symmetric()


def no_dangling_edge() -> Checker:
    """A checker: edges lead to nodes that are there. See the module."""
    return _NoDangling()


@dataclass(frozen=True, slots=True)
class _Scan:
    """A scan: by node, the edges at it, each with its other end and what it is."""

    call: Call
    edges: Mapping[Any, Mapping[Any, tuple[str, Any]]]


def _scans(history: History) -> list[_Scan]:
    return [_scan(c) for c in history.calls() if c.f == SCAN and c.outcome == OK]


def _scan(call: Call) -> _Scan:
    try:
        edges = {
            node: {frozen(edge): (_named(other), frozen(what)) for edge, other, *what in at}
            for node, at in call.result.items()
        }
    except (AttributeError, TypeError, ValueError):
        said = f"{SCAN} gave {shown(call.result)}: give {{node: [[edge, other, ...], ...]}}"
        raise ModelError(call.invoke_index, said) from None
    return _Scan(call, edges)


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """The other ends of the edges at a node, as somebody was told."""

    call: Call
    node: str
    others: frozenset[str]


def _neighbours(history: History) -> list[_Neighbours]:
    return [_told(c) for c in history.calls() if c.f == CONNECTED and c.outcome == OK]


def _told(call: Call) -> _Neighbours:
    match call.result:
        case [str() as node, list() | tuple() as others] if all(isinstance(o, str) for o in others):
            return _Neighbours(call, node, frozenset(others))
    said = f"{CONNECTED} gave {shown(call.result)}: give [node, [other, ...]]"
    raise ModelError(call.invoke_index, said)


def _named(node: Any) -> str:
    """The node.

    Raises:
        ValueError: it is no name.
    """
    if not isinstance(node, str):
        raise ValueError(f"{shown(node)} is no node")
    return node


def _indices(*calls: Call) -> tuple[int, ...]:
    found = (index for call in calls for index in (call.invoke_index, call.complete_index))
    return tuple(index for index in found if index is not None)


@dataclass(frozen=True, slots=True)
class _Symmetric:
    name: str = SYMMETRIC

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a scan, an edge that is added or an answer of neighbours has another form.
        """
        scans = _scans(history)
        anomalies = [found for scan in scans for found in _one_sided(scan)]
        neighbours = _neighbours(history)
        anomalies += _lost(history, scans, neighbours)
        anomalies += _altered(history, scans)
        edges = sum(len(at) for scan in scans for at in scan.edges.values())
        told = sum(len(answer.others) for answer in neighbours)
        coverage = {"scans": len(scans), "ends of edges seen": edges, "neighbours told": told}
        vain = None if edges or told else "nobody was shown an edge, so nothing was exercised"
        holds = f"{edges} ends of edges have another"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


def _one_sided(scan: _Scan) -> Iterator[Anomaly]:
    for node, at in scan.edges.items():
        for edge, (other, what) in at.items():
            # One that leads to no node is another anomaly.
            back = scan.edges[other].get(edge) if other in scan.edges else (node, what)
            if back == (node, what):
                continue
            said = f"edge {shown(edge)} leads from {node} to {other}, and {other} has no such edge"
            said = f"{said} back"
            if back is not None and back[0] == node:
                said = f"edge {shown(edge)} is {shown(what)} at {node}"
                said = f"{said} and {shown(back[1])} at {other}"
            yield Anomaly("one-sided", said, _indices(scan.call))


def _altered(history: History, scans: list[_Scan]) -> Iterator[Anomaly]:
    """Edges that are shown, and were refused or made otherwise."""
    made = {
        frozen(call.argument[0]): (call, frozen(call.argument[3:]))
        for call in history.calls()
        if call.f == LINK and isinstance(call.argument, list | tuple) and len(call.argument) >= 3
    }
    for scan in scans:
        for node, at in scan.edges.items():
            for edge, (_, what) in at.items():
                call, said = made.get(edge, (None, what))
                if call is not None and call.outcome == FAIL:
                    why = f"{node} shows edge {shown(edge)}, which was refused"
                    yield Anomaly("unmade-edge", why, _indices(call, scan.call))
                elif call is not None and what != said:
                    shows = f"{node} shows edge {shown(edge)} as {shown(what)}"
                    why = f"{shows}, and it was made {shown(said)}"
                    yield Anomaly("altered-edge", why, _indices(call, scan.call))


def _lost(history: History, scans: list[_Scan], neighbours: list[_Neighbours]) -> Iterator[Anomaly]:
    calls = history.calls()
    removals: dict[Any, list[int]] = {}
    for call in calls:
        if call.f == REMOVE and call.outcome != FAIL:
            removals.setdefault(frozen(call.argument), []).append(call.invoked)
    for call in calls:
        if call.f != LINK or call.outcome != OK:
            continue
        match call.argument:
            case [edge, str() as one, str() as other, *_]:
                ends = (one, other)
            case argument:
                said = f"{LINK} {shown(argument)}: give [edge, a, b, ...]"
                raise ModelError(call.invoke_index, said)
        removed = min((at for end in ends for at in removals.get(frozen(end), ())), default=None)
        looks = [(scan.call, _in_scan(scan, edge, ends)) for scan in scans]
        looks += [(n.call, _is_told(n, ends)) for n in neighbours if n.node in ends]
        for look, there in looks:
            assert call.completed is not None
            assert look.completed is not None
            later = call.completed < look.invoked
            safe = removed is None or look.completed < removed
            if later and safe and not there:
                said = f"edge {shown(edge)} between {ends[0]} and {ends[1]} was acknowledged"
                said = f"{said} and is not there later"
                yield Anomaly("lost-edge", said, _indices(call, look))
                break


def _in_scan(scan: _Scan, edge: Any, ends: tuple[str, str]) -> bool:
    return any(frozen(edge) in scan.edges.get(end, {}) for end in ends)


def _is_told(neighbours: _Neighbours, ends: tuple[str, str]) -> bool:
    other = ends[1] if neighbours.node == ends[0] else ends[0]
    return other in neighbours.others


@dataclass(frozen=True, slots=True)
class _NoDangling:
    name: str = NO_DANGLING

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a scan has another form.
        """
        scans = _scans(history)
        anomalies = [
            Anomaly(
                "dangling",
                f"edge {shown(edge)} of {node} leads to {shown(other)}, which is not there",
                _indices(scan.call),
            )
            for scan in scans
            for node, at in scan.edges.items()
            for edge, (other, _) in at.items()
            if other not in scan.edges
        ]
        edges = sum(len(at) for scan in scans for at in scan.edges.values())
        coverage = {"scans": len(scans), "ends of edges seen": edges}
        vain = None if edges else "no scan shows an edge, so nothing was exercised"
        holds = f"{edges} ends of edges lead to nodes that are there"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


ENTRY = CheckerEntry(SYMMETRIC, symmetric_edges, "both ends of an edge know of it, and it stays")
DANGLING_ENTRY = CheckerEntry(NO_DANGLING, no_dangling_edge, "edges lead to nodes that are there")
