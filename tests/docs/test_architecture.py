"""docs/architecture.md draws the house as it stands: what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()
FLOORS = ("checkers", "harness", "systems", "reports", "splitbrain")


def paths():
    """Every file and folder that the page names in backticks, with the folder it is in."""
    found = []
    for line in PAGE.splitlines():
        folder = ""
        for name in re.findall(r"`([\w*/]+(?:/|\.py))`", line):
            if name.partition("/")[0] in FLOORS:
                folder = name if name.endswith("/") else name.rpartition("/")[0]
                found.append((name, ""))
            elif folder:
                found.append((name, folder))
    return sorted(set(found))


@pytest.mark.parametrize(("name", "folder"), paths())
def test_what_it_names_is_there(name, folder):
    assert list(ROOT.glob(str(Path(folder) / name))), f"{folder} {name}"


def test_the_drawing_shows_every_wing_of_the_checkers_and_every_shelf_of_systems():
    drawing = PAGE.partition("## Entries")[0]
    for floor in ("checkers", "systems"):
        for folder in (ROOT / floor).iterdir():
            if folder.is_dir() and (folder / "__init__.py").exists():
                assert folder.name in drawing, folder


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)[^)]*\)", PAGE))
def test_its_links_lead_somewhere(link):
    assert (ROOT / "docs" / link).exists()
