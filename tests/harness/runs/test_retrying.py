"""A plan of the simulation is prepared for a ground of real time."""

import pytest
from small_register import Client, Durable

from splitbrain.checkers.history import Operation
from splitbrain.harness import Fault, InvalidPlan, Plan
from splitbrain.harness.client import TIMEOUT_S
from splitbrain.harness.ground import ground_named
from splitbrain.harness.plan import PlannedOperation
from splitbrain.harness.plan_options import follows as required
from splitbrain.harness.runs.retrying import LONGER_S, follows, prepared
from splitbrain.harness.runs.running import run
from splitbrain.harness.workloads import register

OPERATIONS = (
    PlannedOperation(0.0, 0, "write", ["x", 1]),
    PlannedOperation(0.2, 1, "cas", ["x", [1, 2]]),
    PlannedOperation(0.2, 2, "cas", ["x", [1, 3]]),
    PlannedOperation(0.4, 0, "read", ["x", None]),
)
PLAN = Plan("", "", nodes=1, clients=3, time_limit=1.0, operations=OPERATIONS)


def events(*told):
    return [Operation(n, n, process, kind, "f") for n, (process, kind) in enumerate(told)]


def test_an_operation_follows_those_that_had_ended_right_before_it_began():
    history = events(
        *((0, "invoke"), (0, "ok"), (1, "invoke"), (2, "invoke"), (1, "info"), (2, "ok")),
        *((0, "invoke"), (0, "ok"), (4, "invoke"), (4, "ok")),
    )
    assert follows(PLAN, history) == [[], [0], [0], [1, 2]]


def test_an_operation_that_was_still_under_way_is_followed_by_nothing():
    history = events((0, "invoke"), (1, "invoke"), (2, "invoke"), (1, "ok"), (2, "ok"))
    assert follows(PLAN, history) == [[], [], [], []]


def test_the_simulation_says_what_follows_what_and_messages_take_as_long():
    experiment = PLAN.using(Durable, register(Client))
    plan = prepared(experiment, "processes", ground_named("processes"))
    assert plan.options["follows"] == [[], [0], [0], [1, 2]]
    assert plan.options["network"] == {}
    assert plan.time_limit == PLAN.time_limit + LONGER_S
    assert plan.options["operation_timeout"] == TIMEOUT_S + LONGER_S
    again = run(plan.with_(ground="simulation").using(Durable, register(Client)))
    assert [event.f for event in again.history if event.type == "invoke"][:4] == [
        "write",
        "cas",
        "cas",
        "read",
    ]


def test_what_was_given_up_in_the_simulation_is_given_up_as_soon():
    gone = Fault("process.kill", 0.1, 2.5, "n1", id="f1")
    cut = PLAN.with_(faults=(gone,), time_limit=3.0).using(Durable, register(Client))
    plan = prepared(cut, "processes", ground_named("processes"))
    assert "operation_timeout" not in plan.options


@pytest.mark.parametrize("given", [[[], [0]], [[], [], [], [4]]])
def test_what_is_about_other_operations_is_refused(given):
    with pytest.raises(InvalidPlan, match="give a list for each of the plan's 4 operations"):
        required(PLAN.with_(options={"follows": given}))
