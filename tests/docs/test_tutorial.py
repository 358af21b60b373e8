"""The tutorial does what it says: its listings are run, and fail and pass where it says so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
LISTING = re.compile(r"```python\n# (\S+?)(:[^\n]*)?\n(.*?)```", re.DOTALL)
METHOD = r"    (?:async )?def {name}\(.*?(?=\n\n    (?:async )?def |\n\n\n)"


def listings() -> list[tuple[str, bool, str]]:
    """File, whether it is a change, and text of each listing, in order."""
    found = LISTING.findall(TUTORIAL.read_text())
    return [(file, bool(change), text) for file, change, text in found]


def shown(text: str) -> list[str]:
    """The lines of stories that the tutorial shows, in order, each without its margin."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return [line for line in lines if re.match(r"(INVALID|necessary:|\* |[\d.]+ s) ?", line)]


def apply(folder: Path, file: str, change: bool, text: str) -> None:
    path = folder / file
    if not change:
        path.write_text(text)
        return
    content = path.read_text()
    if text.startswith("@"):
        content = re.sub(r"@simulate\(.*?\)\n(?=def)", text, content, flags=re.DOTALL)
    for method in re.split(r"\n\n(?=    (?:async )?def )", text.rstrip("\n")):
        name = re.search(r"def (\w+)", method)
        if name is not None:
            pattern = METHOD.format(name=name[1])
            old = re.search(pattern, content, re.DOTALL)
            assert old is not None, name[1]
            content = content.replace(old[0], method)
    assert content != path.read_text(), "the change changes nothing"
    path.write_text(content)


def pytest_in(folder: Path) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout


@pytest.mark.slow
def test_the_program_that_is_there_fails_as_it_says(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for file, change, text in listings()[:2]:
        apply(tmp_path, file, change, text)
    code, output = pytest_in(tmp_path)
    assert code == 1
    told = {line.strip() for line in output.splitlines()}
    page = TUTORIAL.read_text().split("## 2. A server and a client")[0]
    assert len(shown(page)) == 8
    assert set(shown(page)) <= told


@pytest.mark.slow
def test_each_step_of_the_tutorial_ends_as_it_says(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    before, steps = listings()[:2], listings()[2:]
    assert [file for file, _, _ in before] == ["store.py", "test_store.py"]
    assert [file for file, _, _ in steps] == [
        *("my_service.py", "test_kv.py"),
        "my_service.py",
        "test_kv.py",
        "my_service.py",
    ]
    for file, change, text in steps[:2]:
        apply(tmp_path, file, change, text)
    code, output = pytest_in(tmp_path)
    assert code == 1
    told = {line.strip() for line in output.splitlines()}
    _, rest = TUTORIAL.read_text().split("## 2. A server and a client")
    first, second = rest.split("## 3. Write it to a file")
    assert len(shown(first)) == 11
    assert set(shown(first)) <= told

    apply(tmp_path, *steps[2])
    assert pytest_in(tmp_path)[0] == 0

    apply(tmp_path, *steps[3])
    code, output = pytest_in(tmp_path)
    assert code == 1
    told = {line.strip() for line in output.splitlines()}
    assert len(shown(second)) == 9
    assert set(shown(second)) <= told

    apply(tmp_path, *steps[4])
    assert pytest_in(tmp_path)[0] == 0
