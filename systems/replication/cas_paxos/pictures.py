"""Homes of rows before and after a change of the members, and majorities that need not meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from splitbrain.harness.pictures.forms import Cell, Form, Grid, Row, Tone
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.replication.cas_paxos.acceptor import Members
from splitbrain.systems.replication.cas_paxos.invariants import follows

_ROWS = 4

Accepted = Mapping[str, Mapping[str, str]]
"""By row and server, what the server has accepted of it."""


def _drawn(seen: Seen) -> Form | None:
    versions, accepted = _told(seen)
    pair = _pair(versions)
    if pair is None:
        return None
    before, after = pair
    servers = seen.plan.servers
    rows = []
    for row in sorted(accepted, key=lambda row: _parted(before, after, row) is None)[:_ROWS]:
        rows += list(_of_row(servers, before, after, row, accepted[row]))
    return Grid(tuple(servers), tuple(rows)) if rows else None


def _told(seen: Seen) -> tuple[Mapping[int, Members], Accepted]:
    """What servers showed by the failure: versions of the members, and what they have of rows."""
    versions: dict[int, Members] = {}
    accepted: dict[str, dict[str, str]] = {}
    for at, event in enumerate(seen.trace.events):
        if seen.trace.time(at) > seen.end:
            break
        match event:
            case [_, "state", str(), "members", str(said)]:
                version, _, names = said.partition(": ")
                old, _, new = names.partition(" to ")
                lists = tuple(old.split()), tuple((new or old).split())
                versions[int(version)] = Members(int(version), *lists)
            case [_, "state", str(host), str(row), str(said)]:
                accepted.setdefault(row, {})[host] = said
    return versions, accepted


def _pair(versions: Mapping[int, Members]) -> tuple[Members, Members] | None:
    """A version and the next: those that may not come after each other, else the last."""
    pairs = [(versions[v - 1], after) for v, after in versions.items() if v - 1 in versions]
    wrong = [pair for pair in pairs if not follows(*pair)]
    chosen = wrong or pairs
    return chosen[-1] if chosen else None


def _parted(before: Members, after: Members, row: str) -> tuple[set[str], set[str]] | None:
    """A majority of a row's homes by the old list and one by the new that share nobody."""
    old, new = before.homes(row)[0], after.homes(row)[1]
    for one in combinations(old, len(old) // 2 + 1):
        for other in combinations(new, len(new) // 2 + 1):
            if not set(one) & set(other):
                return set(one), set(other)
    return None


def _of_row(
    servers: tuple[str, ...], before: Members, after: Members, row: str, has: Mapping[str, str]
) -> Iterator[Row]:
    parted = _parted(before, after, row)
    yield Row(f"{row}{': two majorities that need not meet' if parted else ''}")
    yield Row("accepted", tuple(Cell(has.get(server, ""), "plain") for server in servers))
    one, other = parted or (set[str](), set[str]())
    sides: tuple[tuple[Members, tuple[str, ...], set[str], Tone], ...] = (
        (before, before.homes(row)[0], one, "good"),
        (after, after.homes(row)[1], other, "bad"),
    )
    for members, homes, counts, tone in sides:
        cells = [_home(server, homes, counts, tone) for server in servers]
        yield Row(f"homes by members {members.version}", tuple(cells))


def _home(server: str, homes: tuple[str, ...], counts: set[str], tone: Tone) -> Cell:
    if server not in homes:
        return Cell()
    if server in counts:
        return Cell("home, counts", tone, f"{server} is of a majority of these homes")
    return Cell("home", "faint", f"{server} is a home")


HOMES = Picture(
    "homes",
    "Homes of rows before and after a change",
    "For each row what servers have accepted of it, and its homes by the members before a change "
    "and after it. Where a majority of the first (green) and one of the second (red) share nobody, "
    "the second can decide without having heard of what the first has.",
    _drawn,
)
