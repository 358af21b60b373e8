"""A picture of a load balancer: what each backend had under way, over time."""

from __future__ import annotations

from splitbrain.checkers.calls.balancing import ANSWERED, DROPPED, SENT
from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen

_BARS = 60


def _requests(seen: Seen) -> Form | None:
    bars: dict[str, list[Bar]] = {name: [] for name in seen.plan.servers[1:]}
    drops: dict[str, list[Point]] = {}
    sent: dict[int, tuple[str, int]] = {}
    for event in seen.history:
        if event.f == SENT:
            sent[event.value["number"]] = event.value["to"], event.time
        elif event.f == ANSWERED and event.value["number"] in sent:
            backend, start = sent.pop(event.value["number"])
            if seen.between(start):
                done = event.value["ok"]
                tone: Tone = "good" if done else "bad"
                bar = Bar(start, event.time, "done" if done else "failed", tone)
                bars.setdefault(backend, []).append(bar)
        elif event.f == DROPPED and seen.between(event.time):
            drops.setdefault(str(event.process), []).append(Point(event.time, "dropped", "bad"))
    for backend, start in sent.values():
        if seen.between(start):
            bars.setdefault(backend, []).append(Bar(start, None, "no answer", "doubt"))
    lanes = (Lane(b, tuple(mine[-_BARS:]), tuple(drops.get(b, ()))) for b, mine in bars.items())
    return Lanes(tuple(lanes)) if any(bars.values()) else None


REQUESTS = Picture(
    "requests",
    "What the balancer sent to each backend",
    "A bar is a request, from when the balancer sends it until it has an answer or waits no more: "
    "red if it failed. A point is a request that a restart dropped.",
    _requests,
)
