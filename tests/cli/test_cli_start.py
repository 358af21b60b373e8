"""A command imports what it needs: help is there at once, and judging a file loads no simulator."""

import json
import subprocess
import sys

import pytest

from splitbrain.harness.commands.cli import COMMANDS, main

LOADED = """
import sys
from splitbrain.harness.commands.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


def loaded(*words, **options):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, **options
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_help_loads_neither_the_simulator_nor_the_checkers_libraries():
    assert not loaded("--help") & {"trio", "numpy", "numba", "jinja2", "msgspec", "tabulate"}


def test_judging_a_small_file_loads_no_simulator_no_compiler_and_no_page(tmp_path):
    said = [("invoke", "write", 1), ("ok", "write", 1), ("invoke", "read", None), ("ok", "read", 1)]
    lines = [
        json.dumps({"process": 0, "type": kind, "f": f, "value": value}) for kind, f, value in said
    ]
    file = tmp_path / "history.jsonl"
    file.write_text("\n".join(lines))
    assert not loaded("check", str(file), "-m", "register") & {"trio", "numba", "jinja2"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_with_the_sentence_that_its_own_help_begins_with(name):
    command = main.get_command(None, name)
    assert COMMANDS[name] == command.get_short_help_str(1000)
