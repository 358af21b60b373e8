"""A failure as a test file: its small plan as plain Python, to be kept among one's tests.

The file fails as long as the failure is there, and is the regression test once that is mended. It
needs no recording, and, since the plan says what happens and when, mostly no seed.
"""

from __future__ import annotations

import functools
import math
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.harness.plan import Fault, Plan, PlannedOperation
from splitbrain.harness.runs.running import Run

FILE = "test_failure.py"
"""Its name, beside the plan in the folder of the small run."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the experiment of a plan comes from, as Python.

    Attributes:
        experiment: an expression that makes it of ``PLAN``.
        module: what has to be imported for that.
        folder: where it is found, unless it is installed.
    """

    experiment: str
    module: str
    folder: Path | None = None


REGISTERED = Origin("registry.experiment(PLAN)", "splitbrain.systems.registry")
"""Of a system that the command line runs by its name."""


def origin_of(make: Callable[..., object]) -> Origin | None:
    """Where a simulated test's function, perhaps with arguments bound, comes from.

    None if no file can name it: it is inside another function or a class, in the program itself, or
    has arguments that are no plain data (fixtures, say).
    """
    bound = make.keywords if isinstance(make, functools.partial) else {}
    function: Any = make.func if isinstance(make, functools.partial) else make
    module, name = str(function.__module__), str(function.__qualname__)
    file = getattr(sys.modules.get(module), "__file__", None)
    if not name.isidentifier() or module == "__main__" or file is None:
        return None
    if not all(_plain(value) for value in bound.values()):
        return None
    arguments = "".join(f", {argument}={value!r}" for argument, value in bound.items())
    folder = Path(file).resolve().parents[module.count(".")]
    return Origin(f"{module}.{name}.experiment(PLAN{arguments})", module, folder)


def _plain(value: object) -> bool:
    """Whether a value is what its repr says."""
    if isinstance(value, list | tuple):
        return all(_plain(part) for part in value)
    if isinstance(value, dict):
        return all(_plain(part) for entry in value.items() for part in entry)
    return value is None or type(value) in (bool, int, str) or _finite(value)


def _finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def failure_test(failing: Run, origin: Origin, folder: Path) -> str:
    """The text of the test file for a failing run.

    Args:
        failing: the run.
        origin: where its experiment comes from.
        folder: where the file will be.
    """
    found = failing.verdicts[0]
    name = re.sub(r"\W+", "_", failing.signature).strip("_").lower()
    return f'''"""{_sentence(f"{failing.signature}: {found.reason}")}

It fails as long as this failure is there, and is the regression test once that is mended: rename it
and keep it among your tests.
"""

{_imports(failing.plan, origin, folder)}

PLAN = {_plan(failing.plan)}


def test_{name}():
    result = run({origin.experiment})
    assert not result.signature, result.verdicts[0].reason
'''


def _sentence(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'").strip()


def _imports(plan: Plan, origin: Origin, folder: Path) -> str:
    used = ["Fault"] if plan.faults else []
    used += ["Plan"] + (["PlannedOperation"] if plan.operations else []) + ["run"]
    door = f"from splitbrain import {', '.join(used)}"
    if any(fault.when is not None for fault in plan.faults):
        door += "\nfrom splitbrain.harness.plan import When"
    if origin.folder is None:
        package, _, module = origin.module.rpartition(".")
        return f"{door}\nfrom {package} import {module}"
    where = os.path.relpath(origin.folder, folder.resolve())
    return f"""import sys
from pathlib import Path

{door}

sys.path.insert(0, str((Path(__file__).parent / {where!r}).resolve()))  # where the next one is

import {origin.module}"""


def _plan(plan: Plan) -> str:
    """The plan as a call that makes it, without what is so by default."""
    fields = Plan.__dataclass_fields__
    lines = []
    for name in fields:
        value = getattr(plan, name)
        if name in ("system", "workload") or value != fields[name].default:
            if name == "options" and not value:
                continue
            lines.append(f"    {name}={_value(name, value)},")
    return "\n".join(["Plan(", *lines, ")"])


def _value(name: str, value: Any) -> str:
    if name == "faults":
        return _listed([_fault(fault) for fault in value])
    if name == "operations":
        return _listed([_operation(operation) for operation in value])
    return _data(value)


def _listed(entries: list[str]) -> str:
    return "\n".join(["(", *(f"        {entry}," for entry in entries), "    )"])


def _fault(fault: Fault) -> str:
    told = [repr(fault.kind), f"at={fault.at!r}"]
    told += [f"duration={fault.duration!r}"] if fault.duration else []
    told.append(f"target={fault.target!r}")
    told += [f"options={_data(dict(fault.options))}"] if fault.options else []
    told += [f"id={fault.id!r}"] if fault.id else []
    if (when := fault.when) is not None:
        every = ", every=True" if when.every else ""
        message = "" if when.message is None else f", message={when.message!r}"
        told.append(f"when=When({when.event!r}, {when.node!r}, {when.count}{every}{message})")
    return f"Fault({', '.join(told)})"


def _operation(operation: PlannedOperation) -> str:
    told = [f"at={operation.at!r}", f"client={operation.client}", f"f={operation.f!r}"]
    told += [f"value={_data(operation.value)}"] if operation.value is not None else []
    return f"PlannedOperation({', '.join(told)})"


def _data(value: Any) -> str:
    """A value as ``plan.json`` would give it back."""
    return repr(msgspec.json.decode(msgspec.json.encode(value)))
