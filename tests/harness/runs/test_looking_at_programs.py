"""Looking into a replay of unmodified programs, of asyncio and of trio: names, tasks, debugger,
questions to the trace, the first divergence."""

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from splitbrain.harness import Plan, run
from splitbrain.harness.commands.cli import main
from splitbrain.harness.runs.looking import Look, Watched
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.systems import registry

JOBS = Plan("examples.job_queue.system:SYSTEM", "queue", nodes=1, seed=1, time_limit=0.6)
LOCK = Plan("examples.lock_service.system:SYSTEM", "lock", nodes=1, seed=1, time_limit=0.6)
PLANS = {"asyncio": JOBS, "trio": LOCK}


def looked(plan, watches=(), **eyes):
    lines = []
    look = Look(lines.append, [Watched(text) for text in watches], **eyes)
    return lines, run(registry.experiment(plan), look=look)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    for name, plan in PLANS.items():
        (folder / name).mkdir()
        run_in_folder(registry.experiment(plan), folder / name)
    return folder


def told(lines, path):
    return [re.search(rf"{path} = (.*?)(?: \(was|   after)", line)[1] for line in lines]


def test_a_name_in_a_function_of_a_task_is_watched():
    lines, result = looked(JOBS, ["n1: queue.jobs", "n1: PORT"])
    jobs = told([line for line in lines if "queue.jobs" in line], "queue.jobs")

    assert [line for line in lines if "PORT" in line][-1].endswith('after 0.000000 boot "n1" 0')
    assert jobs[0] == "deque([])"
    assert "deque(['0'])" in jobs
    syncs = [event for event in result.trace.events if event[1] == "fsync"]
    assert len(jobs) - 1 <= len(syncs)


def test_an_object_that_only_a_method_of_it_holds_is_watched():
    lines, _ = looked(LOCK, ["n1: lock.held"])

    assert {"True", "False"} <= set(told(lines, "lock.held"))


@pytest.mark.parametrize("name", PLANS)
def test_a_moment_shows_what_the_module_and_its_tasks_hold_and_where_they_wait(name):
    lines, _ = looked(PLANS[name], at=0.4)
    text = "\n".join(lines)

    assert re.search(r"^n1: examples\.\w+\.service$", text, re.MULTILINE)
    assert re.search(r"^    PORT = 7\d00$", text, re.MULTILINE)
    assert re.search(r"^    task \S+ waits at service\.py:\d+ in \w+$", text, re.MULTILINE)
    held = {"asyncio": r"^    queue\.jobs = deque\(", "trio": r"^    lock\.token = \d+$"}
    assert re.search(held[name], text, re.MULTILINE)
    assert "splitbrain" not in text


@pytest.mark.parametrize("name", PLANS)
def test_a_look_into_a_program_changes_nothing(name):
    plan = PLANS[name]
    _, result = looked(plan, ["*: queue.jobs", "*: lock", "*: nothing"], at=0.3, event=40)

    assert result.trace.digest() == run(registry.experiment(plan)).trace.digest()


@pytest.mark.parametrize("name", PLANS)
def test_the_debugger_opens_in_the_programs_own_code(recorded, name):
    asked = ["replay", str(recorded / name), "--pdb", "n1@0.2s"]
    done = subprocess.run(
        [sys.executable, "-m", "splitbrain", *asked],
        input="p reader if 'reader' in dir() else self\nc\n",
        capture_output=True,
        text=True,
    )

    assert re.search(r"^> .*/service\.py\(\d+\)\w+\(\)$", done.stdout, re.MULTILINE), done.stdout
    assert "same trace, byte for byte" in done.stdout


@pytest.mark.parametrize("name", PLANS)
def test_a_trace_is_asked_and_two_are_compared(recorded, name):
    folder = str(recorded / name)
    knew = CliRunner().invoke(main, ["trace", folder, "--knew", "n1@0.3s"])
    heard = CliRunner().invoke(main, ["trace", folder, "send", "c1", "--heard", "n1"])
    other = CliRunner().invoke(main, ["diff", folder, str(recorded / "asyncio")])

    assert re.search(r"^  n1: +\d+ +0\.[12]", knew.output, re.MULTILINE)
    assert re.search(r'^  c\d: +\d+ +0\.\d+ send "c\d" "n1"', knew.output, re.MULTILINE)
    assert "n1 hears of it:" in heard.output
    assert ("then they part:" in other.output) == (name == "trio")
