"""Programs of one's own by their command line, on real processes."""

import sys
from pathlib import Path

import pytest
import trio

from splitbrain import Fault, InvalidPlan, Plan, address, command, program, run, workloads
from splitbrain.checkers.verdict import INVALID, VALID
from splitbrain.harness.programs.readiness import http, line, listening
from splitbrain.harness.runs.running import check_plan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the ground needs Linux")

SERVER = [sys.executable, str(Path(__file__).parent / "echo_server.py"), "{port}"]
PLAN = Plan("", "echo", nodes=2, clients=2, time_limit=1.0, ground="processes")
KILL = Fault("process.kill", 0.3, 0.2, "n1", id="f1")
CUT = Fault("net.partition", 0.2, 0.3, "one", id="f1")


class Client:
    """Sends a text over a connection of its own."""

    def __init__(self, node, server):
        self.address = address(node, server)

    async def echo(self, text):
        async with await trio.open_tcp_stream(*self.address) as stream:
            await stream.send_all(text.encode())
            await stream.send_eof()
            return b"".join([data async for data in stream]).decode()


def ran(*arguments, faults=(), **options):
    server = command([*SERVER, *arguments], env={"ME": "{name}"}, **options)
    return run(PLAN.with_(faults=faults).using(server, workloads.echo(Client)))


def told(result, *kinds):
    return [event for event in result.trace.events if event[1] in kinds]


@pytest.mark.nightly
def test_a_program_is_killed_and_started_again_and_what_it_writes_is_kept_with_its_time():
    result = ran(faults=(KILL,))
    assert result.validity is VALID, [v.reason for v in result.verdicts]
    lives = told(result, "boot", "kill", "ready", "stdout")
    assert [event[1] for event in lives if event[2] == "n1"].count("ready") == 2
    written = [event[3] for event in lives if event[1] == "stdout"]
    assert {text.partition(" listens in ")[0] for text in written} == {"n1", "n2"}
    assert {Path(text.partition(" in ")[2]).name for text in written} == {"n1", "n2"}


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("how", "ready"), [("", listening()), ("http", http("/health")), ("", line("n[12] listens"))]
)
def test_the_run_begins_when_all_are_ready(how, ready):
    result = ran(how, ready=ready)
    assert result.validity is VALID, [v.reason for v in result.verdicts]
    assert [event[2] for event in told(result, "ready")].count("n1") == 1


@pytest.mark.nightly
def test_a_program_that_ends_has_died_and_its_last_words_are_told():
    result = ran("exits", ready=line("never"))
    assert result.validity is INVALID
    errors = [event.value["error"] for event in result.history.events("died")]
    assert all("ended with exit code 3; it wrote last:" in error for error in errors)
    assert any("the disk is on fire" in error for error in errors)


@pytest.mark.nightly
def test_a_partition_cuts_clients_and_servers_apart_as_links_say():
    cut = Fault("client.partition", 0.2, 0.5, "c1", id="f1")
    result = ran(faults=(cut,))
    assert result.validity is VALID, [v.reason for v in result.verdicts]
    (stop,) = [e for e in result.history.events("client.partition") if e.value["phase"] == "stop"]
    assert stop.value["observed"]


def test_a_command_is_for_real_processes():
    server = command([*SERVER], env={"ME": "{name}"})
    assert server.ports == ("8000",)
    with pytest.raises(
        InvalidPlan, match="runs on the ground processes or namespaces, not on simulation"
    ):
        check_plan(PLAN.with_(ground="simulation").using(server, workloads.echo(Client)))


def test_nothing_is_delivered_twice_over_tcp():
    twice = Fault("net.duplicate", 0.1, 0.5, "all", id="f1")
    server = command([*SERVER], env={"ME": "{name}"})
    with pytest.raises(InvalidPlan, match="which does nothing to real conn"):
        check_plan(PLAN.with_(faults=(twice,)).using(server, workloads.echo(Client)))


@pytest.mark.parametrize(
    ("words", "says"),
    [("", "there is no program '' to run"), ("./nowhere --port {port}", "no program './nowhere'")],
)
def test_what_cannot_be_started_is_refused(words, says):
    with pytest.raises(InvalidPlan, match=says):
        command(words)


def test_a_line_that_is_no_regular_expression_is_refused():
    with pytest.raises(InvalidPlan, match=r"line\('\('\): missing \)"):
        line("(")


def test_a_program_names_its_ports_in_arguments_and_environment():
    made = program("trio_store:main", "{port:7001}", library="trio", env={"P": "{addresses:7002}"})
    assert made.ports == ("7001", "7002")
