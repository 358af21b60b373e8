"""Programs at the command line: `splitbrain init`, and systems that are named by their file."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from splitbrain.harness.commands.cli import main

PROGRAM = """
import asyncio

values = {}


async def main():
    async def serve(reader, writer):
        while line := await reader.readline():
            match line.decode().split():
                case ["set", key, value]:
                    values[key] = value
                case ["get", key]:
                    pass
            writer.write(f"{values.get(key, '')}\\n".encode())
        writer.close()

    await (await asyncio.start_server(serve, port=7000)).serve_forever()
"""

CLIENT = """
    async def ask(self, line):
        import asyncio

        reader, writer = await asyncio.open_connection(self.server, 7000)
        try:
            writer.write(f"{line}\\n".encode())
            return (await reader.readuntil()).decode().strip()
        finally:
            writer.close()

    async def read(self, key):
        value = await self.ask(f"get {key}")
        return int(value) if value else None

    async def write(self, key, value):
        await self.ask(f"set {key} {value}")

"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    for name in ("linestore", "tests", "tests.test_linestore_in_simulation"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "linestore.py").write_text(PROGRAM)
    return tmp_path


def call(*words):
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


SMALL = ["-c", "2", "-t", "1s", "-f", "none"]


def test_init_writes_a_test_that_says_what_is_left_to_do_and_then_runs(project):
    result = call("init", "linestore.py")
    assert result.exit_code == 0
    assert "Fill in the client's two methods" in result.stdout
    assert "splitbrain hunt" in (project / ".github/workflows/simulation.yml").read_text()
    test = project / "tests" / "test_linestore_in_simulation.py"

    left = call("run", test.relative_to(project), *SMALL)
    assert left.exit_code == 3
    assert "ask linestore for the value of a key" in " ".join(left.stdout.split())

    text = test.read_text()
    begin, end = text.index("    async def read"), text.index("SYSTEM = System")
    test.write_text(f"{text[:begin].rstrip()}\n{CLIENT}\n{text[end:]}")
    command = [sys.executable, "-m", "splitbrain", "run", str(test.relative_to(project)), *SMALL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_init_writes_hunts_with_the_faults_that_it_claims_to_survive(project):
    call("init", "linestore.py")
    workflow = (project / ".github/workflows/simulation.yml").read_text()
    text = (project / "tests" / "test_linestore_in_simulation.py").read_text()
    assert " --faults process.pause,net,client\n" in workflow
    assert 'Claims(("process.pause", "net", "client"))' in text
    assert 'faults.swarm("process.pause,net,client")' in text


def test_what_init_writes_is_hunted_with_as_many_servers_as_the_program_is_made_for(project):
    call("init", "linestore.py")
    result = call("run", "tests/test_linestore_in_simulation.py", "-n", "2")
    assert result.exit_code == 2
    assert "a single server (--nodes 1)" in result.stderr


@pytest.mark.parametrize(
    ("there", "installed"),
    [
        ((), "pip install splitbrain"),
        (("requirements.txt",), "pip install -r requirements.txt splitbrain"),
        (("pyproject.toml", "requirements.txt"), "pip install -e . splitbrain"),
    ],
)
def test_its_workflow_installs_what_there_is_of_a_project(project, there, installed):
    for name in there:
        (project / name).touch()
    call("init", "linestore.py")
    workflow = (project / ".github/workflows/simulation.yml").read_text()
    assert f"- run: {installed}\n" in workflow


def test_a_package_below_src_has_the_name_that_it_is_installed_under(project):
    program = project / "src" / "orders" / "app.py"
    program.parent.mkdir(parents=True)
    program.write_text("from trio import serve_tcp\n\n\nasync def main():\n    pass\n")
    result = call("init", program)
    text = (project / "tests" / "test_app_in_simulation.py").read_text()
    assert '"orders.app:main"' in text
    assert 'library="trio"' in text
    assert "orders.app is imported as installed: pip install -e ." in result.stdout


def test_the_example_that_init_writes_is_a_test_that_passes(project):
    call("init", "linestore.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    example = "tests/test_example_in_simulation.py"
    done = subprocess.run([*command, example], cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_init_leaves_what_is_there(project):
    call("init", "linestore.py")
    result = call("init", "linestore.py")
    assert result.exit_code == 2
    assert "is there already" in result.stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["init", "nothing.py"], "No such file"),
        (
            ["init", "linestore.py", "-m", "start"],
            "has no async function 'start': its async functions are main",
        ),
        (["init", "service.py"], "has none (--main); in place of uvicorn.run(app, ...), have one:"),
        (["init", "broken.py"], "broken.py:1:"),
        (["init", "/etc/hostname.py"], "No such file"),
        (
            ["run", "linestore.py"],
            "linestore.py has no SYSTEM: if it is a program, 'splitbrain init",
        ),
        (["run", "nothing.py"], "nothing.py: No such file"),
        (["run", "queue.py"], "queue.py: 'import queue' gives another module of that name ("),
        (["init", "queue.py"], "queue.py: 'import queue' gives another module of that name ("),
        (["run", "broken.py"], "broken.py:1:"),
        (["run", "latin.py"], "latin.py:1: (unicode error)"),
        (["init", "latin.py"], "latin.py:1: (unicode error)"),
        (["hunt", "linestore.py"], "linestore.py has no SYSTEM"),
        (["run", "linestore.py:main"], "linestore:main is a function, not a System"),
        (["run", "pair.py:SECOND"], "pair:SECOND is a int, not a System"),
    ],
)
def test_what_is_no_program_or_no_system_is_told_in_a_sentence(project, words, problem):
    (project / "broken.py").write_text("def (:\n")
    (project / "latin.py").write_bytes(b"SYSTEM = '\xfc'\n")
    (project / "queue.py").write_text("SYSTEM = 1\n")
    (project / "service.py").write_text("import uvicorn\nuvicorn.run(None, port=8000)\n")
    (project / "pair.py").write_text("FIRST, (SECOND, *REST) = 1, (2, 3)\n")
    result = call(*words)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert len(result.stderr.splitlines()) == 1
