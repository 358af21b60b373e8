"""A plan of the simulation, prepared to be tried on a ground of real time.

In the simulation a request is over in milliseconds of virtual time; a real server that has just
started may need a tenth of a second for its first. If operations came at the plan's times alone,
what had followed an acknowledged write there would overtake it here. So each operation that a plan
lists waits for those that it came after (the option ``follows``), messages take as long as in the
simulation, and where no operation was given up there, none is given up for a server that needs a
second or two to start again.
"""

from __future__ import annotations

from collections.abc import Iterable

from splitbrain.checkers.history import INVOKE, Operation
from splitbrain.checkers.vocabulary import TIMED_OUT
from splitbrain.harness.ground import Ground
from splitbrain.harness.plan import Plan
from splitbrain.harness.plan_options import operation_timeout
from splitbrain.harness.runs.running import run
from splitbrain.harness.workloads.workload import Experiment

LONGER_S = 5.0
"""How much longer than virtual time the operations of a plan may take."""


def prepared(experiment: Experiment, name: str, ground: Ground) -> Plan:
    """The plan of a simulated experiment, for another ground.

    It is run in the simulation once more, to see which operation came after which.

    Args:
        experiment: the plan, and what it runs.
        name: what the ground is called.
        ground: the other ground.
    """
    plan = experiment.plan
    options = dict(plan.options)
    if "network" in ground.options:
        options.setdefault("network", {})
    time_limit = plan.time_limit
    if plan.operations is not None:
        history = run(experiment, tracing=False).history
        options["follows"] = follows(plan, history)
        if not any((event.error or "").startswith(TIMED_OUT) for event in history):
            options["operation_timeout"] = operation_timeout(plan) + LONGER_S
        time_limit += LONGER_S
    return plan.with_(ground=name, options=options, time_limit=time_limit)


def follows(plan: Plan, history: Iterable[Operation]) -> list[list[int]]:
    """For each operation of the plan, which ones it came directly after in a run: they had ended
    before it began, and none of the others had begun after one and ended before it."""
    assert plan.operations is not None
    places = _places(plan)
    began: dict[int, int] = {}
    ended: dict[int, int] = {}
    open_: dict[int, int] = {}  # by client: its operation that is under way
    for event in history:
        if not isinstance(event.process, int):
            continue
        client = event.process % plan.clients
        if event.type == INVOKE:
            if not places[client]:
                continue  # a final read
            open_[client] = places[client].pop(0)
            began[open_[client]] = event.index
        elif client in open_:
            ended[open_.pop(client)] = event.index
    return [_directly_before(number, began, ended) for number in range(len(plan.operations))]


def _places(plan: Plan) -> list[list[int]]:
    """Each client's operations, in the order in which it invokes them."""
    found: list[list[int]] = [[] for _ in range(plan.clients)]
    for number, operation in sorted(enumerate(plan.operations or ()), key=lambda pair: pair[1].at):
        found[operation.client].append(number)
    return found


def _directly_before(number: int, began: dict[int, int], ended: dict[int, int]) -> list[int]:
    if number not in began:
        return []
    before = [other for other, end in ended.items() if end < began[number]]
    latest = max((began[other] for other in before), default=0)
    return sorted(other for other in before if ended[other] > latest)
