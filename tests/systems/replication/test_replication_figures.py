"""Figures 5-3 to 5-14 of *Designing Data-Intensive Applications* as scripts.

Each file of tests/golden/replication is a figure: paragraphs of commands, each with ``---`` and
what came of it. Run with UPDATE_GOLDEN=1 to rewrite that; commit a change only if you understand
it.

    system NAME WORKLOAD NODES [BUG]       what is run, on so many servers; a client for each
    setting NAME VALUE                     one of the system's own
    fault KIND at SECONDS for SECONDS TARGET [OPTION=VALUE]
    SECONDS CLIENT F VALUE                 an operation; VALUE is JSON; clients are c1, c2, ...

Told are the operations in the order in which they began, what each gave, and the verdict.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.registry import experiment

FIGURES = Path(__file__).parents[2] / "golden" / "replication"
EXPECTED = ("5-3", "5-4", "5-5", "5-6", "5-7", "5-8", "5-9", "5-10", "5-11", "5-12", "5-13", "5-14")


def planned(lines) -> Plan:
    """The plan that a paragraph's commands describe."""
    first, faults, operations, settings = None, [], [], {}
    for line in lines:
        match line.split(maxsplit=3):
            case ["system", *_]:
                first = line.split()[1:]
            case ["setting", name, value]:
                settings[name] = json.loads(value)
            case ["fault", kind, "at", rest]:
                at, _, duration, target, *options = rest.split()
                faults.append(
                    Fault(
                        kind,
                        float(at),
                        float(duration),
                        target,
                        dict(option.split("=") for option in options),
                        id=f"fault-{len(faults) + 1}",
                    )
                )
            case [at, client, f, value]:
                number = int(client.removeprefix("c")) - 1
                operations.append(PlannedOperation(float(at), number, f, json.loads(value)))
    system, workload, nodes, *bug = first
    return Plan(
        system,
        workload,
        bug=bug[0] if bug else None,
        seed=1,
        nodes=int(nodes),
        clients=int(nodes),
        time_limit=6.0,
        faults=tuple(faults),
        operations=tuple(operations),
        options={"system": settings} if settings else {},
    )


def told(plan: Plan) -> list[str]:
    """What came of a run: its planned operations, and what its checkers found."""
    result = run(experiment(plan))
    last = max(operation.at for operation in plan.operations) + 0.5
    lines = []
    for call in result.history.calls():
        if call.start / 1e9 < last:
            given = f" -> {json.dumps(call.result)}" if call.f in ("read", "get") else ""
            outcome = given if call.outcome == "ok" else f" {call.outcome}"
            asked = "" if call.argument is None else f" {json.dumps(call.argument)}"
            lines.append(f"c{call.process % plan.clients + 1} {call.f}{asked}{outcome}")
    wrong = [v for v in result.verdicts if v.validity.value == "invalid"]
    return [*lines, *(f"{v.signature}: {v.anomalies[0].message}" for v in wrong[:1])] + (
        [] if wrong else [result.validity.value]
    )


def performed(text: str) -> str:
    """The script with what comes of it."""
    out = []
    for block in text.strip().split("\n\n"):
        script = block.partition("---")[0].strip().splitlines()
        commands = [line for line in script if not line.startswith("#")]
        out.append("\n".join([*script, "---", *told(planned(commands))] if commands else script))
    return "\n\n".join(out) + "\n"


@pytest.mark.parametrize("figure", EXPECTED)
def test_figure(figure):
    path = FIGURES / f"figure-{figure}.txt"
    result = performed(path.read_text())
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(result)
    assert result == path.read_text()


def test_there_is_a_script_for_each_figure_and_no_other():
    assert {path.name for path in FIGURES.iterdir()} == {f"figure-{n}.txt" for n in EXPECTED}
