"""Queue, lock, counter, log and long fork: right clients pass, wrong ones don't."""

import memory_clients as memory
import memory_transactions as transactional
import pytest
import trio
from workload_runner import plan, run, verdicts

from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID
from splitbrain.harness.client import Definite
from splitbrain.harness.workloads import counter, lock, log, long_fork, queue
from splitbrain.harness.workloads.objects import queues


def fifo(client):
    return queue(client, fifo=True)


def at_least_once(client):
    return queue(client, at_least_once=True)


def fenced(client):
    return lock(client, fenced=True)


@pytest.mark.parametrize(
    ("construct", "client"),
    [
        (queue, memory.QueueClient),
        (queue, memory.UnsortedQueueClient),
        (fifo, memory.QueueClient),
        (at_least_once, memory.RepeatingQueueClient),
        (lock, memory.LockClient),
        (fenced, memory.LockClient),
        (lock, memory.OldTokenClient),
        (counter, memory.CounterClient),
        (log, memory.LogClient),
        (long_fork, transactional.TransactionClient),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_right_client_is_valid(construct, client, seed):
    judged = verdicts(construct(memory.clients(client)), plan(seed=seed))

    assert {verdict.validity for verdict in judged.values()} == {VALID}, judged


@pytest.mark.parametrize(
    ("construct", "client", "kind"),
    [
        (queue, memory.ForgetfulQueueClient, "lost"),
        (queue, memory.RepeatingQueueClient, "duplicated"),
        (fifo, memory.UnsortedQueueClient, "nonlinearizable"),
        (lock, memory.PatientLockClient, "held-twice"),
        (fenced, memory.OldTokenClient, "nonlinearizable"),
        (counter, memory.ForgetfulCounterClient, "nonlinearizable"),
        (log, memory.OverwritingLogClient, "nonlinearizable"),
        (long_fork, transactional.ForkingClient, "long-fork"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_client_is_invalid(construct, client, kind, seed):
    judged = verdicts(construct(memory.clients(client)), plan(seed=seed))

    (verdict,) = [verdict for verdict in judged.values() if verdict.validity is INVALID]
    assert kind in {anomaly.kind for anomaly in verdict.anomalies}, verdict


def test_what_a_dequeue_in_doubt_may_have_taken_is_not_lost():
    judged = verdicts(queue(memory.clients(memory.DoubtfulQueueClient)), plan())

    assert judged["total-queue"].validity is UNKNOWN
    assert "may have taken them" in judged["total-queue"].reason


def test_a_client_releases_the_lock_that_it_acquired_with_its_token():
    calls = run(fenced(memory.clients(memory.LockClient)), plan()).calls()

    assert sum(call.f == "release" for call in calls) > 50
    for call in calls:
        if call.f == "release":
            before = [c for c in calls if c.process == call.process and c.invoked < call.invoked]
            assert before[-1].f == "acquire"
            assert before[-1].result == call.argument


def test_a_queue_is_drained_by_every_server_in_the_end():
    final = queue(memory.QueueClient).final(plan(nodes=2))

    assert [(read.f, read.server) for read in final] == [("drain", "n1"), ("drain", "n2")]


def test_a_drain_that_is_refused_midway_asks_again_and_tells_all_that_it_took():
    answers = iter([1, Definite("locked"), 2, Definite("locked"), None])

    class Refusing:
        async def dequeue(self):
            answer = next(answers)
            if isinstance(answer, Definite):
                raise answer
            return answer

    assert trio.run(queues.perform, Refusing(), "drain", None) == [1, 2]


def test_a_drain_that_gets_nothing_but_refusals_is_refused():
    class Locked:
        async def dequeue(self):
            raise Definite("locked")

    with pytest.raises(Definite):
        trio.run(queues.perform, Locked(), "drain", None)


def test_keys_of_a_long_fork_are_written_once_and_read_in_groups():
    calls = run(long_fork(memory.clients(transactional.TransactionClient), group=3), plan()).calls()
    written = [call.argument[0][1] for call in calls if call.argument[0][0] == "w"]
    reads = [call.argument for call in calls if call.argument[0][0] == "r"]

    assert written == [f"k{i}" for i in range(len(written))]
    assert {len(read) for read in reads} == {3}
