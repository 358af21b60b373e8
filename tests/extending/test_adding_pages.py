"""What docs/adding/ says is done: a package outside the repository adds one of everything.

The listings of the pages are its modules, their entry points its metadata, as an installer writes
it; their commands are typed in another folder, in the order of the pages, each a process of its
own. Commands that name an import path run beside the bare package, which nobody installed.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {page.stem: page.read_text() for page in sorted((ROOT / "docs" / "adding").glob("*.md"))}

LISTING = re.compile(r"```python\n# (\S+\.py)\n(.*?)```", re.DOTALL)
ENTRY_POINTS = re.compile(r"```toml\n(.*?)```", re.DOTALL)
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"\$ splitbrain (.*?)(?: +# exit code (\d+))?$", re.MULTILINE)
DIFF = re.compile(r"```diff\n(.*?)```", re.DOTALL)

A_SCREEN = 95
"""Lines of a page, its listing included."""


def commands(page: str) -> list[tuple[str, int]]:
    """What a page says to type, and the exit code that it says comes of it."""
    return [
        (typed, int(code or 0))
        for console in CONSOLE.findall(PAGES[page])
        for typed, code in COMMAND.findall(console)
    ]


def entry_points(page: str) -> dict[str, dict[str, str]]:
    """Entry points by group: name and value."""
    (text,) = ENTRY_POINTS.findall(PAGES[page])
    groups: dict[str, dict[str, str]] = tomllib.loads(text)["project"]["entry-points"]
    return groups


@pytest.fixture(scope="module")
def loose(tmp_path_factory):
    """A folder with the package of all pages, not installed."""
    folder = tmp_path_factory.mktemp("loose")
    for page in PAGES.values():
        for name, text in LISTING.findall(page):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
    (folder / "tally" / "__init__.py").touch()
    return folder


@pytest.fixture(scope="module")
def site(loose, tmp_path_factory):
    """A folder as pip leaves one: the package, and its metadata beside it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "tally").symlink_to(loose / "tally")
    info = folder / "tally-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tally\nVersion: 1.0\n")
    sections = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in named.items())
        for page in PAGES
        for group, named in entry_points(page).items()
    ]
    (info / "entry_points.txt").write_text("\n".join(sections))
    return folder


def typed(command: str, folder: Path, path: Path | None) -> subprocess.CompletedProcess[str]:
    words = [
        match
        for word in shlex.split(command)
        for match in (sorted(glob.glob(word, root_dir=folder)) if "*" in word else [word])
    ]
    python_path = os.pathsep.join(map(str, [ROOT, *([path] if path else [])]))
    return subprocess.run(
        [sys.executable, "-m", "splitbrain", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": python_path},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_what_the_page_says_to_type_does_what_it_says(page, loose, site, tmp_path):
    by_path = re.compile(r"tally\.\w+:\w+")
    for command, code in commands(page):
        bare = by_path.search(command) and "runs/" not in command
        done = typed(command, loose if bare else tmp_path, None if bare else site)

        assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        if command.startswith("list "):
            for named in entry_points(page).values():
                assert all(name in done.stdout for name in named), done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_each_is_added_by_import_path_and_by_name_and_runs(page):
    verbs = [command.split()[0] for command, _ in commands(page)]

    assert {"list", "run"} <= set(verbs)
    assert any(":" in command for command, _ in commands(page))


@pytest.mark.parametrize("page", PAGES)
def test_the_diff_fits_the_file_as_it_is(page):
    (diff,) = DIFF.findall(PAGES[page])
    head, _, body = diff.partition("@@\n")
    name = re.search(r"^\+\+\+ b/(\S+)$", head, re.MULTILINE)
    assert name is not None
    before = "".join(f"{line[1:]}\n" for line in body.splitlines() if line[0] != "+")

    assert before.strip()
    assert before in (ROOT / name[1]).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_screen(page):
    assert len(PAGES[page].splitlines()) <= A_SCREEN
