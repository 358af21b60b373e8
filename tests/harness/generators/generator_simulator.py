"""A world without a system, for testing generators alone: every operation takes the same time.

As in Jepsen's ``generator.test``: what clients invoke and complete follows from the generator and
the outcomes that the test decides, so a whole history is one value to compare with.
"""

import heapq
from random import Random

from splitbrain.checkers.history.operation import INFO, INVOKE, OK, Operation
from splitbrain.harness.generators import Context, Invocation, lift, validate

LATENCY = 10

# In the heap, for polls: after all that happens at the same time.
LAST = 10**9


def simulate(
    source,
    *,
    clients=3,
    latency=LATENCY,
    outcome=lambda invocation: OK,
    seed=0,
    most=10_000,
    extra_polls=(),
):
    """The history of running the generator to its end, or until `most` operations are invoked.

    Args:
        source: the generator.
        clients: how many clients.
        latency: nanoseconds each operation takes.
        outcome: the type of an invocation's completion.
        seed: of the generator's stream.
        most: when to give up.
        extra_polls: times at which to ask the generator though nothing happened.
    """
    generator = validate(lift(source))
    random = Random(seed)
    processes = list(range(clients))
    busy: set[int] = set()
    heap = [(time, LAST, None) for time in extra_polls]
    heapq.heapify(heap)
    history: list[Operation] = []
    time = count = 0

    def context():
        free = tuple(client for client in range(clients) if client not in busy)
        return Context(time, free, clients, random)

    def record(client, kind, f, value):
        nonlocal generator
        event = Operation(len(history), time, processes[client], kind, f, value)
        history.append(event)
        if generator is not None:
            generator = generator.update(context(), event)

    while generator is not None or busy:
        step = None if generator is None else generator.next(context())
        if step is None:
            generator, until = None, None
        else:
            answer, generator = step
            if isinstance(answer, Invocation):
                busy.add(answer.client)
                heapq.heappush(heap, (time + latency, len(history), answer))
                record(answer.client, INVOKE, answer.f, answer.value)
                count += 1
                if count == most:
                    generator = None
                continue
            until = answer.until
        if heap and (until is None or heap[0][0] <= until):
            time, _, completed = heapq.heappop(heap)
            if completed is not None:
                busy.remove(completed.client)
                kind = outcome(completed)
                record(completed.client, kind, completed.f, completed.value)
                if kind == INFO:
                    processes[completed.client] += clients
        elif until is not None:
            time = until
    return history


def invocations(history):
    return [event for event in history if event.type == INVOKE]


def told(history):
    """Invocations in short: (time, client process, f, value)."""
    return [(event.time, event.process, event.f, event.value) for event in invocations(history)]


def values(history):
    return [event.value for event in invocations(history)]


def ops(*arguments, f="write"):
    """A list of operations with these values."""
    return [{"f": f, "value": argument} for argument in arguments]
