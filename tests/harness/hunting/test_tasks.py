"""Workers get lost; what they were doing is done again, and what kills them is given up."""

import os
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context

import pytest
from hunted import AtOnce

from splitbrain.harness.hunting.pool import Workers
from splitbrain.harness.hunting.tasks import TRIES, Task, Tasks
from splitbrain.harness.runs.folders import StoreError


class Dying(AtOnce):
    """Its workers die of odd numbers, and everything else that is being done dies with them."""

    def __init__(self):
        self.begun = []
        self.dead = False

    def submit(self, function, /, *arguments, **named):
        if self.dead:
            raise BrokenProcessPool("it is dead")
        self.dead = any(number % 2 for number in arguments[0])
        self.begun.append(arguments[0])
        if not self.dead:
            return super().submit(function, *arguments, **named)
        future = Future()
        future.set_exception(BrokenProcessPool("it died"))
        return future


def work(numbers):
    return [10 * number for number in numbers]


@pytest.fixture
def workers():
    pools = []

    @contextmanager
    def start():
        pools.append(Dying())
        yield pools[-1]

    with Workers(start, 2) as made:
        made.pools = pools
        yield made


def task(workers, numbers, done, lost):
    return Task(
        workers,
        work,
        (numbers,),
        done.extend,
        lambda why: lost.append((numbers, why)),
        lambda: [task(workers, [number], done, lost) for number in numbers],
    )


def test_only_what_kills_its_worker_is_given_up(workers):
    tasks, done, lost = Tasks(), [], []
    for numbers in ([2, 4], [6, 7, 8], [10, 12], [14]):
        tasks.add(task(workers, numbers, done, lost))
    while tasks:
        tasks.step(1.0)

    assert sorted(done) == [20, 40, 60, 80, 100, 120, 140]
    ((numbers, why),) = lost
    assert numbers == [7]
    assert why.startswith(f"its worker was lost {TRIES} times: BrokenProcessPool")
    assert len(workers.pools) == 1 + 1 + TRIES


def test_what_is_suspect_is_done_with_nothing_beside_it(workers):
    tasks, done = Tasks(), []
    tasks.add(task(workers, [1, 2], done, []))
    tasks.step(1.0)
    assert tasks.wary
    tasks.add(task(workers, [4], done, []))
    begun = len(workers.pools[-1].begun)
    tasks.step(1.0)
    assert len(workers.pools[-1].begun) <= begun + 1


def test_what_is_wrong_with_the_work_itself_is_no_loss(workers):
    def full(numbers):
        raise StoreError("no room")

    tasks = Tasks()
    tasks.add(Task(workers, full, ([2],), print, print))
    with pytest.raises(StoreError, match="no room"):
        tasks.step(1.0)


def die(number):
    if number == 3:
        os._exit(9)
    return number


@pytest.mark.nightly
def test_real_processes_that_die_are_replaced():
    def start():
        return ProcessPoolExecutor(2, get_context("spawn"))

    tasks, done, lost = Tasks(), [], []
    with Workers(start, 2) as workers:
        for number in range(6):
            tasks.add(Task(workers, die, (number,), done.append, lost.append))
        while tasks:
            tasks.step(1.0)
    assert sorted(done) == [0, 1, 2, 4, 5]
    assert len(lost) == 1
