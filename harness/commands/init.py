"""`splitbrain init`: a first test of an existing program, an example, and a nightly workflow."""

from __future__ import annotations

import ast
from pathlib import Path

import click

_TEST = '''"""{module} in simulation: crashes, partitions, and what clients see of them.

    pytest {test}
    splitbrain run {test} --faults {faults}
    splitbrain hunt {test} --faults {faults} --minutes 10

Without --faults a hunt tries all, also those that the program is not said to survive below.
"""

from splitbrain import {imports}

SERVER = program(
    "{module}:{main}",
    library="{library}",
    env={{"NAME": "{{name}}", "PEERS": "{{peers}}"}},  # all that os.environ has
)
NODES = 1


{decorator}class Client:
    """What the workload calls, done by your program's own client.

    A method that returns has done it. One that raises splitbrain.Definite has certainly not done
    it; after anything else nobody knows.
    """

    def __init__(self, node, server):
        self.server = server  # a name that can be connected to: n1, n2, ...

    async def read(self, key):
        raise NotImplementedError("ask {module} for the value of a key; None if it has none")

    async def write(self, key, value):
        raise NotImplementedError("have {module} set a key to a whole number")


SYSTEM = System(
    name="{name}",
    title="{module}, as it is",
    server=SERVER,
    client=Client,
    workloads=("register",),
    claims=Claims({claims}),  # what it is to survive
    nodes=NODES,
    sizes=range(NODES, NODES + 1),  # of how many servers hunts make it
)


@simulate(nodes=NODES, runs=20, faults=faults.swarm("{faults}"))
def test_register(plan):
    return plan.using(SERVER, workloads.register(Client))
'''

_SOURCES = "src"
"""The folder of sources that packages are installed from; in its own right it is none."""

_FAULTS = ("process.pause", "net", "client")
"""What a program survives that keeps nothing in files."""

_USED = ("faults", "program", "simulate", "workloads")

_WORKFLOW = """name: simulation
on:
  schedule: [{{cron: "17 3 * * *"}}]
  workflow_dispatch:
jobs:
  hunt:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - run: pip install {project}splitbrain
      - run: >-
          splitbrain hunt {test} --faults {faults}
          --minutes 30 --runs nightly --markdown "$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@v4
        if: failure()
        with: {{name: failures, path: nightly}}
"""


_EXAMPLE = '''"""An example of a whole test: a small store over asyncio's streams, and its client.

It passes. Let the faults be "kill,pause,net", too, and see what is lost with the process.
"""

import asyncio

from splitbrain import asyncio_client, faults, program, simulate, workloads


async def main():
    values = {}

    async def serve(reader, writer):
        while line := await reader.readline():
            name, key, *value = line.decode().split()
            if name == "write":
                values[key] = value[0]
            writer.write(f"{values.get(key, '-')}\\n".encode())
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, port=7000)
    await server.serve_forever()


@asyncio_client
class StoreClient:
    def __init__(self, node, server):
        self.server = server

    async def ask(self, *words):
        reader, writer = await asyncio.open_connection(self.server, 7000)
        try:
            writer.write(" ".join(map(str, words)).encode() + b"\\n")
            return (await reader.readuntil()).decode().strip()
        finally:
            writer.close()

    async def read(self, key):
        answer = await self.ask("read", key)
        return None if answer == "-" else int(answer)

    async def write(self, key, value):
        await self.ask("write", key, value)


@simulate(nodes=1, runs=5, faults=faults.swarm("pause,net"))
def test_store(plan):
    return plan.using(program(main, library="asyncio"), workloads.register(StoreClient))
'''


@click.command(name="init")
@click.argument("program", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--main", "-m", "main", default="main", show_default=True, help="Its async function.")
def command(program: Path, main: str) -> None:
    """Write a first test of PROGRAM (a Python file below this folder), an example of a whole one,
    and a nightly workflow.

    What is there already is left as it is.
    """
    from splitbrain.harness.plan import InvalidPlan

    module, library = _look_at(program, main)
    test = Path("tests") / f"test_{program.stem}_in_simulation.py"
    workflow = Path(".github") / "workflows" / "simulation.yml"
    on_asyncio = library == "asyncio"
    texts = {
        test: _TEST.format(
            module=module,
            main=main,
            test=test,
            library=library,
            name=program.stem.replace("_", "-"),
            faults=",".join(_FAULTS),
            claims=str(_FAULTS).replace("'", '"'),
            imports=", ".join(["Claims", "System", *["asyncio_client"] * on_asyncio, *_USED]),
            decorator="@asyncio_client\n" if on_asyncio else "",
        ),
        Path("tests") / "test_example_in_simulation.py": _EXAMPLE,
        workflow: _WORKFLOW.format(
            test=test, faults=",".join(_FAULTS), project=_installed_from(Path())
        ),
    }
    if test.exists():
        raise InvalidPlan(f"{test} is there already: it is left as it is")
    for path, text in texts.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            click.echo(f"{path}: written")
    if _is_installed(program.resolve().relative_to(Path.cwd())):
        click.echo(f"{module} is imported as installed: pip install -e .")
    click.echo(f"Fill in the client's two methods in {test}, then: pytest {test}")


def _installed_from(folder: Path) -> str:
    """What pip is to install there beside us: the project, what it requires, or nothing."""
    if any((folder / name).exists() for name in ("pyproject.toml", "setup.py")):
        return "-e . "
    return "-r requirements.txt " if (folder / "requirements.txt").exists() else ""


def _look_at(program: Path, main: str) -> tuple[str, str]:
    """The module's name, and the library that it is written for.

    Raises:
        InvalidPlan: it is no such program.
    """
    from splitbrain.harness.commands.common.sources import parsed_module, refuse_shadowed
    from splitbrain.harness.plan import InvalidPlan

    tree, module = parsed_module(program)
    if not _is_installed(module):
        refuse_shadowed(str(program), module)
    mains = [one.name for one in tree.body if isinstance(one, ast.AsyncFunctionDef)]
    if main not in mains:
        known = f"its async functions are {', '.join(mains)}" if mains else "it has none"
        raise InvalidPlan(
            f"{program} has no async function {main!r}: {known} (--main){_served(tree)}"
        )
    imported = {
        name.partition(".")[0]
        for one in ast.walk(tree)
        if isinstance(one, ast.Import | ast.ImportFrom)
        for name in _modules(one)
    }
    parts = module.parts[1:] if _is_installed(module) else module.parts
    return ".".join(parts), "trio" if "trio" in imported else "asyncio"


def _served(tree: ast.Module) -> str:
    """How a program that has uvicorn make its loop is served by an async function instead."""
    calls = (one.func for one in ast.walk(tree) if isinstance(one, ast.Call))
    if not any(ast.unparse(called) == "uvicorn.run" for called in calls):
        return ""
    return (
        "; in place of uvicorn.run(app, ...), have one: "
        "async def main(): await uvicorn.Server(uvicorn.Config(app, ...)).serve()"
    )


def _is_installed(program: Path) -> bool:
    """Whether it is imported by the name that it is installed under, not by that of its folders."""
    return program.parts[0] == _SOURCES and not (Path(_SOURCES) / "__init__.py").exists()


def _modules(statement: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(statement, ast.ImportFrom):
        return [statement.module or ""] if not statement.level else []
    return [alias.name for alias in statement.names]
