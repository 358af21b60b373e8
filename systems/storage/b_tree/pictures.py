"""The file's pages round a crash: what each commit wrote, and what the next start found."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from splitbrain.harness.pictures.forms import Cell, Form, Grid, Row, Tone
from splitbrain.harness.pictures.picture import Picture, Seen
from splitbrain.systems.storage.b_tree.pages import METAS
from splitbrain.systems.storage.pictures import crash_told, last_crash

COMMITS = 3
_TONES: dict[str, Tone] = {"leaf": "c", "branch": "a"}


@dataclass(slots=True)
class _File:
    """The pages as the server knows them: kind and generation of each that is in the tree."""

    pages: dict[int, tuple[str, int]] = field(default_factory=dict)
    root: int = 0
    generation: int = 0


def _map(seen: Seen) -> Form | None:
    crash = last_crash(seen)
    if crash is None:
        return None
    server = seen.trace.events[crash][2]
    file, rows = _File(), []
    width = METAS
    for at, event in enumerate(seen.trace.events):
        if seen.trace.time(at) > seen.end or event[2:3] != [server]:
            continue
        told = f"at {seen.trace.time(at) / 1e9:.3f} s: "
        match event:
            case [_, "pages", _, int(generation), list(written), list(dropped)]:
                changed = {int(page) for page, _ in written}
                file.pages = {p: n for p, n in file.pages.items() if p not in dropped}
                file.pages |= {int(page): (str(kind), generation) for page, kind in written}
                rows.append((at, f"{told}commit {generation} writes", _cells(file, changed)))
            case [_, "root", _, int(generation), int(root)]:
                file.root, file.generation = root, generation
                rows.append((at, f"{told}commit {generation} counts, root {root}", ()))
            case [_, "tree", _, int(generation), int(root), list(pages)]:
                known = {int(page): (str(kind), int(of)) for page, kind, of in pages}
                lost = set(file.pages) - set(known) if file.generation > generation else set()
                file = _File(known, root, generation)
                title = f"{told}opened at commit {generation}, root {root}"
                rows.append((at, title, _cells(file, set(), lost)))
            case [_, "not-opened", _, problem]:
                rows.append((at, f"{told}not opened: {problem}", ()))
        width = max(width, *file.pages, 0) if file.pages else width
    before = [row for row in rows if row[0] < crash][-2 * COMMITS :]
    after = [row for row in rows if row[0] > crash][:2]
    if not before:
        return None
    time = seen.trace.time(crash) / 1e9
    middle = (crash, f"at {time:.3f} s: {crash_told(seen.trace.events[crash])}", ())
    shown: list[Row] = []
    for _, title, cells in (*before, middle, *after):
        shown.append(Row(title))
        if cells:
            shown.append(Row("pages", cells))
    return Grid(tuple(map(str, range(width + 1))), tuple(shown))


def _cells(file: _File, written: Set[int], lost: Set[int] = frozenset()) -> tuple[Cell, ...]:
    """One cell a page: what it holds, and whether that was just written, or is gone."""
    cells = []
    for page in range(max([METAS - 1, *file.pages, *lost]) + 1):
        if page < METAS:
            cells.append(Cell("meta", "faint", f"page {page} tells where the root is"))
        elif page in lost:
            cells.append(Cell("gone", "bad", f"page {page} was in the tree before the crash"))
        elif page in file.pages:
            kind, generation = file.pages[page]
            tone = "lead" if page in written else _TONES.get(kind, "plain")
            cells.append(Cell(f"{kind} {generation}", tone, f"page {page}, of commit {generation}"))
        else:
            cells.append(Cell())
    return tuple(cells)


PAGES = Picture(
    "pages",
    "Pages of the file round the crash",
    "One column a page; each holds a leaf or a branch and the commit that wrote it, gold where a "
    "commit is just writing it. A commit counts once a meta page tells of its root.",
    _map,
)
