"""What `hunt` and `nightly` share: how hunts are ended, watched, and told."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from splitbrain.harness.commands.common.exits import EXIT_INVALID, EXIT_UNKNOWN, EXIT_VALID

if TYPE_CHECKING:
    from splitbrain.harness.hunting.counting import Counts
    from splitbrain.harness.hunting.hunt import Hunt, Stop
    from splitbrain.harness.hunting.memory import Group

HEARTBEAT_SECONDS = 30.0
"""How often a hunt says something where no terminal watches it."""

_file = click.Path(path_type=Path, dir_okay=False)
markdown_option = click.option("--markdown", type=_file, help="Results for CI.")
junit_option = click.option("--junit", type=_file, help="As JUnit XML.")
jsonl_option = click.option("--jsonl", type=_file, help="As JSON lines.")
memory_option = click.option(
    "--memory",
    type=_file,
    help="The file that remembers failures and seeds.  [default: hunt.db in --runs]",
)


def reference_systems() -> tuple[str, ...]:
    """The names of the systems that are hunted in if none is named."""
    from splitbrain.systems import registry

    return tuple(s.name for s in registry.SYSTEMS.values() if s.form == "reference")


@contextmanager
def stoppable(stop: Stop) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the hunt; the second one ends the program."""

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.asked = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def watched() -> Iterator[Callable[[Hunt], None]]:
    """What tells of a hunt while it goes on: a line on a terminal, elsewhere one now and then."""
    from splitbrain.harness.hosttime import seconds
    from splitbrain.harness.hunting.telling import summary
    from splitbrain.harness.progress import ProgressLine

    spoken = seconds()
    with ProgressLine(sys.stderr) as line:

        def told(hunt: Hunt) -> None:
            nonlocal spoken
            text = f"{len(hunt.groups)} failures; {summary(hunt.count)}"
            line.show(text)
            if not sys.stderr.isatty() and seconds() - spoken >= HEARTBEAT_SECONDS:
                spoken = seconds()
                click.echo(f"hunting: {text}", err=True)

        yield told


def finish(
    count: Counts,
    groups: Sequence[Group],
    *,
    cells: Sequence[str],
    markdown: Path | None,
    junit: Path | None,
    jsonl: Path | None,
) -> NoReturn:
    """Tell what came of it, in every form that was asked for, and end with its exit code.

    Args:
        count: what was done.
        groups: the failures.
        cells: what was hunted in: each is a test case for JUnit.
        markdown, junit, jsonl: files to write.
    """
    from splitbrain.harness.commands.common.output import width
    from splitbrain.harness.hunting import telling
    from splitbrain.harness.hunting.memory import FIXED
    from splitbrain.reports import write_report
    from splitbrain.reports.overview.page import write_index

    for folder in (Path(group.folder) for group in groups if group.folder):
        if folder.is_dir() and not (folder / "report.html").exists():
            write_report(folder)
    for runs in {Path(group.folder).parent for group in groups if group.folder}:
        if runs.is_dir():
            write_index(runs)
    click.echo(telling.terminal(count, groups, width()))
    for path, text in (
        (markdown, telling.markdown(count, groups)),
        (junit, telling.junit(count, groups, cells)),
        (jsonl, telling.json_lines(count, groups)),
    ):
        if path is not None:
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
    if any(group.state != FIXED for group in groups):
        sys.exit(EXIT_INVALID)
    sys.exit(EXIT_VALID if count.valid and not count.in_vain() else EXIT_UNKNOWN)
