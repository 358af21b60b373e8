"""The levels of the tree over time: which tables there are, and what becomes of a tombstone."""

from __future__ import annotations

from dataclasses import dataclass, field

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, Point, Tone
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.storage.pictures import CRASHES

_BARS = 60


@dataclass(slots=True)
class _Table:
    """A table: what it spans, whose tombstones it has, and where it has been since when."""

    first: str = ""
    last: str = ""
    dead: tuple[str, ...] = ()
    level: int = -1
    since: int = 0


@dataclass(slots=True)
class _Life:
    """What a picture is made of so far."""

    key: str
    tables: dict[int, _Table] = field(default_factory=dict)
    bars: dict[int, list[Bar]] = field(default_factory=dict)
    tombstone: list[Bar] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    def end(self, number: int, time: int | None) -> None:
        """A table leaves its level, or is there to the end."""
        table = self.tables[number]
        has = self.key in table.dead
        tone: Tone = "doubt" if has else "a" if table.level == 0 else "c"
        note = f"table {number}: {table.first} to {table.last}"
        note += f", tombstones of {', '.join(table.dead[:8])}" if table.dead else ""
        text = f"{number}{'†' if table.dead else ''} {table.first}..{table.last}"
        bar = Bar(table.since, time, text, tone, note)
        self.bars.setdefault(table.level, []).append(bar)
        if has:
            told = f"the tombstone is in table {number}, on level {table.level}"
            self.tombstone.append(Bar(table.since, time, f"in {number}", "doubt", told))
        table.level = -1


def _levels(seen: Seen) -> Form | None:
    named = seen.anomaly.details.get("key") if seen.anomaly else None
    life = _Life(str(named) if named is not None else "")
    for at, event in enumerate(seen.trace.events):
        time = seen.trace.time(at)
        if time > seen.end:
            break
        match event:
            case [_, "table", _, int(number), str(first), str(last), list(dead)]:
                life.tables[number] = _Table(first, last, tuple(map(str, dead)))
            case [_, "levels", _, list(levels)]:
                _moved(life, levels, time)
            case [_, "deleted", _, str(key)] if key == life.key:
                life.points.append(Point(time, "deleted", "doubt", f"{key} is deleted: in memory"))
            case [_, kind, str(host), *_] if kind in CRASHES and host in seen.plan.servers:
                life.points.append(Point(time, str(kind), "bad"))
    for number, table in life.tables.items():
        if table.level >= 0:
            life.end(number, None)
    if not life.bars:
        return None
    lanes = [
        Lane(f"level {level}", tuple(bars[-_BARS:])) for level, bars in sorted(life.bars.items())
    ]
    name = f"tombstone of {life.key}" if life.key else "crashes"
    return Lanes((*lanes, Lane(name, tuple(life.tombstone[-_BARS:]), tuple(life.points))))


def _moved(life: _Life, levels: list[list[int]], time: int) -> None:
    """Another version: tables came, went, or moved."""
    now = {number: level for level, numbers in enumerate(levels) for number in numbers}
    for number, table in life.tables.items():
        if table.level >= 0 and now.get(number) != table.level:
            life.end(number, time)
    for number, level in now.items():
        table = life.tables.setdefault(number, _Table())
        if table.level < 0:
            table.level, table.since = level, time


LEVELS = Picture(
    "levels",
    "Levels of the tree",
    "Each bar is a table with its number and keys, from when a version names it until none does; † "
    "has tombstones. Below: the life of the blamed key's tombstone, from table to table. Where "
    "it ends while a deeper level still has the key, the key comes back.",
    _levels,
)
