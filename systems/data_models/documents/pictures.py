"""A picture of documents: their versions over time."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen

DOCUMENT = "document"
"""What a server notes of each change: collection, id, and the version now; 0 if it is gone."""

_LANES, _BARS = 12, 30


def _versions(seen: Seen) -> Form | None:
    changes: dict[str, list[tuple[int, int]]] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "document", _, str(collection), str(identity), int(version)]:
                name = f"{collection}/{identity}"
                changes.setdefault(name, []).append((seen.trace.time(at), version))
    lanes = [_lane(name, of_it, seen) for name, of_it in changes.items()]
    shown = sorted((lane for lane in lanes if lane.bars), key=lambda lane: -len(lane.bars))
    return Lanes(tuple(shown[:_LANES])) if shown else None


def _lane(name: str, changes: list[tuple[int, int]], seen: Seen) -> Lane:
    ends: list[int | None] = [*(time for time, _ in changes[1:]), None]
    bars = (
        Bar(time, end, f"v{version}", tone_of(version), f"version {version}")
        for (time, version), end in zip(changes, ends, strict=True)
        if version and time <= seen.end and (end or seen.end) >= seen.start
    )
    return Lane(name, tuple(bars)[-_BARS:])


DOCUMENT_VERSIONS = Picture(
    "document-versions",
    "Documents and their versions",
    "A bar is a version of a document, from the change that made it to the next one; those that "
    "changed most come first. A gap is a document that was deleted.",
    _versions,
)
