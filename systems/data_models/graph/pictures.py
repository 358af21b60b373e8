"""A picture of a graph: which nodes were there, and when edges were made and went."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point
from splitbrain.harness.pictures.picture import Picture, Seen

STEPS = "steps"
"""What the server notes of each transaction: its steps."""

_LANES = 16


def _nodes(seen: Seen) -> Form | None:
    since: dict[str, int] = {}
    bars: dict[str, list[Bar]] = {}
    points: dict[str, list[Point]] = {}
    for at, event in enumerate(seen.trace.events):
        if event[1:2] != [STEPS]:
            continue
        time = seen.trace.time(at)
        for step in event[3]:
            match step:
                case ["add", str(node)]:
                    since.setdefault(node, time)
                case ["remove", str(node)] if node in since:
                    bars.setdefault(node, []).append(Bar(since.pop(node), time, "there", "a"))
                case ["link", edge, str(one), str(other), *_] if seen.between(time):
                    for end, far in ((one, other), (other, one)):
                        note = f"edge {edge} to {far}"
                        points.setdefault(end, []).append(Point(time, f"to {far}", "plain", note))
    for node, start in since.items():
        bars.setdefault(node, []).append(Bar(start, None, "there", "a"))
    blamed = str([seen.calls[position] for position in seen.blamed])
    names = sorted(bars | points, key=lambda node: (f"'{node}'" not in blamed, node))
    lanes = tuple(
        Lane(
            node,
            tuple(b for b in bars.get(node, ()) if (b.end or seen.end) >= seen.start),
            tuple(points.get(node, ())),
        )
        for node in names
    )
    shown = tuple(lane for lane in lanes if lane.bars or lane.points)[:_LANES]
    return Lanes(shown) if shown else None


NODES = Picture(
    "nodes",
    "Which nodes were there, and their edges",
    "A bar is a node, from when it is added until it is removed; a point is an edge that is made "
    "there, at both of its ends. A point beside a bar is an edge to a node that is not there.",
    _nodes,
)
