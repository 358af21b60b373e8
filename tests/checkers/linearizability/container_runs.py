"""Histories of containers whose elements repeat, and what a search says of their orders."""

from dataclasses import replace

from splitbrain.checkers.history import INFO, INVOKE, OK, History, Operation
from splitbrain.checkers.linearizability import Budget, verify_order
from splitbrain.checkers.linearizability.limits import begun
from splitbrain.checkers.linearizability.problem import problem_of


def decided(search, model, calls, budget=None):
    """Whether the calls are linearizable, an order or the dead end re-checked; None if unknown."""
    problem = problem_of(model, calls)
    outcome = search(model, problem, begun(budget or Budget(), None))
    if outcome.order is not None:
        verify_order(model, calls, [problem.calls[i].invoke_index for i in outcome.order])
    elif outcome.stuck is not None:
        blocked = problem.calls[outcome.stuck.forcing]
        assert not model.step(outcome.stuck.state, blocked)[0]
    return None if outcome.exhausted else outcome.order is not None


def container_run(put, take, last, r, values, operations, *, clients=3, doubt=0.0):
    """A history of a container that works; an operation of which nobody hears may have happened.

    `put` and `take` are its operations; `last` says whether it takes the last element or the first.
    """
    events, idle, busy, inside = [], list(range(clients)), {}, []

    def record(process, kind, f, value):
        events.append(Operation(len(events), len(events), process, kind, f, value))

    while operations or busy:
        if operations and idle and (not busy or r.random() < 0.5):
            process = idle.pop(r.randrange(len(idle)))
            operations -= 1
            f = r.choice((put, take))
            value = r.randrange(values) if f == put else None
            record(process, INVOKE, f, value)
            busy[process] = f, value, False
            continue
        process = r.choice(list(busy))
        f, value, done = busy[process]
        lost = not done and r.random() < doubt
        if not done and not (lost and r.random() < 0.5):
            if f == put:
                inside.append(value)
            else:
                value = inside.pop(-1 if last else 0) if inside else None
            busy[process] = f, value, True
        if done or lost:
            del busy[process]
            record(process, INFO if lost else OK, f, None if lost and f == take else value)
            idle.append(process + clients if lost else process)
    return History.from_operations(events)


def with_another_answer(take, r, history, values):
    """The same with what one `take` gave changed, or exchanged with another's."""
    events = list(history)
    answers = [at for at, event in enumerate(events) if event.type == OK and event.f == take]
    if not answers:
        return history
    first, second = r.choice(answers), r.choice(answers)
    if r.random() < 0.5:
        there = events[first].value
        events[first] = replace(events[first], value=events[second].value)
        events[second] = replace(events[second], value=there)
    else:
        events[first] = replace(events[first], value=r.choice((None, *range(values))))
    return History.from_operations(events)
