"""Runs a workload against clients that answer at once, without a world.

Every operation takes effect the moment it is invoked and completes a little later, so a correct
client gives a history that every checker must accept.
"""

import heapq

import trio
from trio.testing import MockClock

from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.history.operation import INFO, INVOKE, Operation
from splitbrain.harness.client import invoke
from splitbrain.harness.generators import Context, Invocation, time_limit, validate
from splitbrain.harness.plan import Plan
from splitbrain.harness.streams import stream

LATENCY_NS = 60_000_000


def plan(**changes):
    return Plan(**{"system": "memory", "workload": "any", "time_limit": 20.0, **changes})


def run(workload, plan):
    """The history of the plan's load and final reads; client i is the workload's of server i."""
    # Clients that wait a moment between two tries do it in no time.
    return trio.run(_run, workload, plan, clock=MockClock(autojump_threshold=0.0))


async def _run(workload, plan):
    clients = [workload.client(None, plan.servers[i % plan.nodes]) for i in range(plan.clients)]
    history = await _load(workload, plan, clients)
    history.append(Operation(len(history), history[-1].time, NEMESIS, INFO, "phase", "final"))
    for read in workload.final(plan):
        client = clients[0] if read.server is None else workload.client(None, read.server)
        time = history[-1].time + LATENCY_NS
        outcome = await _outcome(workload, client, read.f, read.value)
        for kind, value in ((INVOKE, read.value), (outcome.type, outcome.value)):
            event = Operation(len(history), time, 10**6, kind, read.f, value)
            history.append(event)
    return History.from_operations(history)


def verdicts(workload, plan):
    """The checkers' verdicts by checker's name."""
    history = run(workload, plan)
    return {checker.name: checker.check(history) for checker in workload.checkers}


async def _outcome(workload, client, f, value):
    outcome = await invoke(workload.perform, client, f, value, idempotent=f in workload.idempotent)
    assert not outcome.bug, outcome
    return outcome


async def _load(workload, plan, clients):
    generator = validate(time_limit(plan.time_limit, workload.generator(plan)))
    random = stream(plan.seed, "generator")
    processes = list(range(plan.clients))
    history, busy, heap, time = [], set(), [], 0

    def context():
        free = tuple(client for client in range(plan.clients) if client not in busy)
        return Context(time, free, plan.clients, random)

    def record(client, kind, f, value, error=None):
        event = Operation(len(history), time, processes[client], kind, f, value, error)
        history.append(event)
        return generator and generator.update(context(), event)

    while generator is not None or heap:
        step = None if generator is None else generator.next(context())
        answer, generator = step or (None, None)
        if isinstance(answer, Invocation):
            busy.add(answer.client)
            outcome = await _outcome(workload, clients[answer.client], answer.f, answer.value)
            heapq.heappush(heap, (time + LATENCY_NS, len(history), answer, outcome))
            generator = record(answer.client, INVOKE, answer.f, answer.value)
            continue
        until = None if answer is None else answer.until
        if heap and (until is None or heap[0][0] <= until):
            time, _, done, outcome = heapq.heappop(heap)
            busy.remove(done.client)
            generator = record(done.client, outcome.type, done.f, outcome.value, outcome.error)
            if outcome.type == INFO:
                processes[done.client] += plan.clients
        elif until is not None:
            time = until
    return history
