"""Who had heard what, as a picture: for replicas that tell each other what they have seen.

A replica's messages say how many updates of each origin it has seen: ``("pull", vector, ...)`` of
a leader that asks for more, ``("gossip", (vector, ...))`` of one that tells all it has. What a
replica had not heard of it cannot show: the cause of most that clients wonder at where every
replica takes writes (DDIA chapter 5, figures 5-8 and 5-9).
"""

from __future__ import annotations

from collections import Counter

from splitbrain.checkers.history import Call
from splitbrain.harness.pictures.forms import Cell, Form, Grid, Row
from splitbrain.harness.pictures.picture import Picture, Seen

OPERATIONS = 4


def _grid(seen: Seen) -> Form | None:
    servers = seen.plan.servers
    rows: list[Row] = []
    for position in list(seen.blamed)[-OPERATIONS:]:
        call = seen.calls[position]
        at = seen.end if call.end is None else call.end
        heard = {server: _heard(seen, server, at) for server in servers}
        if not any(heard.values()):
            continue
        rows.append(
            Row(f"client {call.process % seen.plan.clients} {call.f}, {_asked(seen, call)}")
        )
        most = {origin: max(each[origin] for each in heard.values()) for origin in servers}
        for server in servers:
            cells = (_cell(server, o, heard[server][o], most[o]) for o in servers)
            rows.append(Row(server, tuple(cells)))
    return Grid(tuple(f"of {server}" for server in servers), tuple(rows)) if rows else None


def _heard(seen: Seen, server: str, at: int) -> Counter[str]:
    """How many updates of each server one had heard of, as it said last by then."""
    latest: dict[str, int] = {}
    for message in seen.trace.messages.values():
        if message.source != server or seen.trace.time(message.sent) > at:
            continue
        match list(message.body):
            case ["pull", vector, _]:
                latest = dict(vector)
            case ["gossip", [vector, *_]]:
                latest = dict(vector)
            case ["delta", [vector, *_], *_]:
                latest |= dict(vector)
    heard: Counter[str] = Counter()
    for actor, number in latest.items():
        heard[str(actor).partition("/")[0]] += int(number)
    return heard


def _asked(seen: Seen, call: Call) -> str:
    """Which server was asked last, and when the operation was over."""
    client = f"c{call.process % seen.plan.clients + 1}"
    until = seen.end if call.end is None else call.end
    asked = [
        message.destination
        for message in seen.trace.messages.values()
        if message.source == client
        if message.body[:1] == ["request"] and call.start <= seen.trace.time(message.sent) <= until
    ]
    return f"asked of {asked[-1] if asked else 'nobody'}, until {until / 1e9:.3f} s"


def _cell(server: str, origin: str, heard: int, most: int) -> Cell:
    if heard == most:
        return Cell(str(heard), "good", f"{server} had heard of all {most} updates of {origin}")
    return Cell(
        str(heard), "bad", f"{server} had heard of {heard} of the {most} updates of {origin}"
    )


HEARD = Picture(
    "heard",
    "Who had heard what",
    "For each blamed operation, how many updates of each server (the columns) each server (the "
    "rows) had heard of by its end: red where somebody had heard of more.",
    _grid,
)
