"""A route that is found leads from one end to the other, over edges that were there.

*Property.* ``find_path [start, end]`` gives ``[start, end, nodes]``: the nodes of a way between the
two, both included, or null. Each step of it is an edge, walked either way, that somebody may have
added by then, and that was not certainly gone before anybody asked.

===========  =======================================================================================
elsewhere    a route does not begin at the one node and end at the other
no-edge      a step leads between two nodes that no edge can have linked: nobody had begun to add
             one, or it was refused, or an end of it had been removed since
missed       no route is found, though an edge that was acknowledged linked the two all the time
===========  =======================================================================================

*Source.* DDIA chapter 2, "Property Graphs": a query that follows edges.

*Algorithm.* For each step of each route, the edges between its two nodes. O(steps * edges between
two nodes).

*Left out.* That all steps were there at one moment (`splitbrain.checkers.graphs.paths`), that a
route is a shortest one, and that there is no longer one where none is found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.graphs.edges import LINK, REMOVE
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import ModelError, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME = "routes-lead"

ROUTE = "find_path"


def routes_lead() -> Checker:
    """A checker: routes lead where they should, over edges that were there. See the module."""
    return _RoutesLead()


@dataclass(slots=True)
class _Graph:
    """What may have been added between two nodes, in any order of the two, and removed, by node."""

    links: dict[frozenset[str], list[Call]] = field(default_factory=dict)
    removals: dict[str, list[Call]] = field(default_factory=dict)

    def linked(self, one: str, other: str, route: Call) -> bool:
        """Whether an edge may have been there while somebody looked for a route."""
        assert route.completed is not None
        return any(
            link.invoked < route.completed and not self._gone(link, (one, other), route)
            for link in self.links.get(frozenset((one, other)), ())
        )

    def _gone(self, link: Call, ends: Sequence[str], route: Call) -> bool:
        """Whether an end was removed after the edge was there and before anybody asked."""
        return link.completed is not None and any(
            removal.completed is not None
            and link.completed < removal.invoked
            and removal.completed < route.invoked
            for end in ends
            for removal in self.removals.get(end, ())
        )

    def surely(self, one: str, other: str, route: Call) -> Call | None:
        """An edge that was there from before somebody asked until he was answered, if one was."""
        assert route.completed is not None
        begun = [at.invoked for end in (one, other) for at in self.removals.get(end, ())]
        if any(invoked < route.completed for invoked in begun):
            return None
        links = self.links.get(frozenset((one, other)), ())
        there = (c for c in links if c.completed is not None and c.completed < route.invoked)
        return next(there, None)


@dataclass(frozen=True, slots=True)
class _RoutesLead:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an edge, a removal or a route has another form.
        """
        calls = history.calls()
        graph = _Graph()
        for call in calls:
            if call.f == LINK and call.outcome != FAIL:
                graph.links.setdefault(frozenset(_ends(call)), []).append(call)
            elif call.f == REMOVE and call.outcome != FAIL:
                graph.removals.setdefault(_node(call), []).append(call)
        routes = [_route(call) for call in calls if call.f == ROUTE and call.outcome == OK]
        anomalies = [found for route in routes for found in _judged(graph, *route)]
        steps = sum(len(nodes) - 1 for *_, nodes in routes if nodes)
        coverage = {"routes asked for": len(routes), "steps of routes": steps}
        vain = None if routes else "nobody was answered, so nothing was exercised"
        some = f"steps of routes that may all have been there: {steps}"
        holds = some if steps else "no route was told, and none was owed"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


def _ends(link: Call) -> tuple[str, str]:
    match link.argument:
        case [_, str() as one, str() as other, *_]:
            return one, other
    raise ModelError(link.invoke_index, f"{LINK} {shown(link.argument)}: give [edge, a, b, ...]")


def _node(removal: Call) -> str:
    if isinstance(removal.argument, str):
        return removal.argument
    raise ModelError(removal.invoke_index, f"{REMOVE} {shown(removal.argument)}: give a node")


def _route(call: Call) -> tuple[Call, str, str, Sequence[str] | None]:
    match call.result:
        case [str() as start, str() as end, None]:
            return call, start, end, None
        case [str() as start, str() as end, [*nodes]] if all(isinstance(n, str) for n in nodes):
            return call, start, end, nodes
    said = f"{ROUTE} gave {shown(call.result)}: give [start, end, nodes], or null for nodes"
    raise ModelError(call.invoke_index, said)


def _judged(
    graph: _Graph, call: Call, start: str, end: str, nodes: Sequence[str] | None
) -> Iterator[Anomaly]:
    at = tuple(i for i in (call.invoke_index, call.complete_index) if i is not None)
    if nodes is None:
        link = graph.surely(start, end, call)
        if link is not None and link.complete_index is not None:
            said = f"process {call.process} is given no route from {start} to {end}, which an edge"
            said = f"{said} links that was acknowledged, and neither was removed"
            yield Anomaly("missed", said, (link.invoke_index, link.complete_index, *at))
        return
    told = f"process {call.process} is given the route {shown(list(nodes))}"
    if not nodes or (nodes[0], nodes[-1]) != (start, end):
        yield Anomaly("elsewhere", f"{told} from {start} to {end}", at)
        return
    for one, other in pairwise(nodes):
        if not graph.linked(one, other, call):
            yield Anomaly("no-edge", f"{told}, and no edge links {one} and {other} by then", at)
            return


ENTRY = CheckerEntry(NAME, routes_lead, "a route leads from end to end, over edges that were there")
