"""What nodes print and log is in the trace, where it would have gone, and nowhere after the run."""

import dataclasses
import logging
import re
import sys
import traceback

import pytest

from splitbrain.harness import Plan, run
from splitbrain.systems import registry
from splitbrain.systems.replication.abd.server import QuorumServer

PLAN = Plan("abd", "register", seed=1, time_limit=0.3, nodes=3)


class Chatty(QuorumServer):
    """Prints, in pieces, and logs when it starts."""

    async def run(self):
        print("I am", end=" ")
        print(self.node.name)
        logging.getLogger("quorum").warning("up %s", self.node.name)
        await super().run()


def printed(result):
    return [event[1:] for event in result.trace.events if event[1] in ("stdout", "stderr")]


@pytest.fixture
def result(capsys):
    made = dataclasses.replace(registry.experiment(PLAN), server=Chatty)
    return run(made)


def test_whole_lines_have_the_time_and_the_node(result):
    assert [line for line in printed(result) if line[0] == "stdout"] == [
        ("stdout", name, f"I am {name}") for name in PLAN.servers
    ]
    assert [line[1] for line in printed(result) if line[0] == "stderr"] == [*PLAN.servers]
    assert all("up n" in line[2] for line in printed(result) if line[0] == "stderr")


def test_it_is_printed_too_and_the_streams_are_as_before(capsys):
    before = sys.stdout, sys.stderr, list(logging.getLogger().handlers)
    run(dataclasses.replace(registry.experiment(PLAN), server=Chatty))

    assert (sys.stdout, sys.stderr, list(logging.getLogger().handlers)) == before
    assert capsys.readouterr().out.splitlines() == [f"I am {name}" for name in PLAN.servers]


class Complaining(QuorumServer):
    """Tells of an error, and goes on."""

    async def run(self):
        try:
            raise OSError("no such luck")
        except OSError:
            traceback.print_exc()
        await super().run()


def test_the_folder_of_a_program_is_no_part_of_its_trace():
    result = run(dataclasses.replace(registry.experiment(PLAN), server=Complaining))

    (_, frame, *_), *_ = ([e for e in printed(result) if e[1] == name] for name in PLAN.servers)
    assert re.fullmatch(r' *File "test_output.py", line [0-9]+, in run', frame[2])


def test_without_a_word_the_trace_is_as_it_was():
    assert printed(run(registry.experiment(PLAN))) == []


def test_a_handler_that_was_there_before_writes_into_the_trace_once_and_as_before_afterwards(
    capsys,
):
    stream = sys.stderr
    handler = logging.StreamHandler()
    logging.getLogger().addHandler(handler)
    try:
        result = run(dataclasses.replace(registry.experiment(PLAN), server=Chatty))
    finally:
        logging.getLogger().removeHandler(handler)

    assert [line[2] for line in printed(result) if line[0] == "stderr"] == [
        f"up {name}" for name in PLAN.servers
    ]
    assert handler.stream is stream
    assert capsys.readouterr().err.splitlines() == [f"up {name}" for name in PLAN.servers]
