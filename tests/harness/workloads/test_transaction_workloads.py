"""Workloads of transactions: right clients pass, wrong ones don't, and what is asked of each."""

from collections import Counter

import memory_clients as memory
import memory_transactions as transactional
import pytest
import trio
from workload_runner import plan, run

from splitbrain.checkers.invariants.liveness import progress
from splitbrain.checkers.invariants.reads import every_read
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID
from splitbrain.harness.client import Definite
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.workloads import (
    bank,
    booking,
    doctors,
    list_append,
    rw_register,
    workload_for,
)
from splitbrain.harness.workloads.transactions.bookings import never_booked_twice

WORKLOADS = (list_append, rw_register, bank, doctors, booking)
APPEND, REGISTER = "list-append(strong-serializable)", "rw-register(strong-serializable)"


def verdicts(workload, plan):
    """The verdicts of the workload's checkers, and whether all was answered in the end."""
    history = run(workload, plan)
    return {judge.name: judge.check(history) for judge in (*workload.checkers, progress())}


def kinds(judged):
    return {anomaly.kind for verdict in judged.values() for anomaly in verdict.anomalies}


@pytest.mark.parametrize("construct", WORKLOADS)
@pytest.mark.parametrize("seed", range(3))
def test_a_right_client_is_valid(construct, seed):
    judged = verdicts(construct(memory.clients(transactional.TransactionClient)), plan(seed=seed))

    assert {verdict.validity for verdict in judged.values()} == {VALID}


@pytest.mark.parametrize(
    ("construct", "client", "checker", "kind"),
    [
        (list_append, transactional.DirtyTransactionClient, APPEND, "G1a"),
        (rw_register, transactional.DirtyTransactionClient, REGISTER, "G1a"),
        (list_append, transactional.ForgetfulTransactionClient, APPEND, "G-single"),
        (bank, transactional.LeakyBankClient, "bank", "wrong-total"),
        (doctors, transactional.CarelessDoctorsClient, "doctors", "write-skew"),
        (booking, transactional.OverbookingClient, "never-booked-twice", "phantom"),
        (bank, transactional.StubbornClient, "progress", "no-progress"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_a_wrong_client_is_invalid(construct, client, checker, kind, seed):
    judged = verdicts(construct(memory.clients(client)), plan(seed=seed))

    assert [name for name, verdict in judged.items() if verdict.validity is INVALID] == [checker]
    assert kind in kinds(judged)


def test_a_room_that_is_booked_twice_names_both_bookings():
    history = run(booking(memory.clients(transactional.OverbookingClient)), plan())
    anomaly = never_booked_twice().check(history).anomalies[0]

    calls = {call.invoke_index: call for call in history.calls()}
    named = [calls[index] for index in anomaly.operations if index in calls]
    assert [call.f for call in named] == ["read", "book", "book"]
    read, one, other = named
    assert one.argument[1] in read.result[1]
    assert other.argument[1] in read.result[1]
    (start, end, _), (after, until, _) = one.argument[1], other.argument[1]
    assert start < until
    assert after < end


def test_transactions_have_one_to_length_micro_operations_on_all_keys():
    workload = list_append(memory.clients(transactional.TransactionClient), keys=3, length=5)
    values = [call.argument for call in run(workload, plan()).calls()][:-3]

    assert {len(value) for value in values} == {1, 2, 3, 4, 5}
    assert {key for value in values for _, key, _ in value} == {"x", "y", "z"}


@pytest.mark.parametrize(("skew", "least", "most"), [(0, 0.2, 0.3), (1, 0.42, 0.54), (10, 0.99, 1)])
def test_skew_gives_one_key_more_than_its_part(skew, least, most):
    workload = list_append(memory.clients(transactional.TransactionClient), skew=skew)
    load = [call for call in run(workload, plan()).calls() if call.process < 10**6]
    keys = [key for call in load for _, key, _ in call.argument]

    assert least < keys.count("x") / len(keys) <= most


@pytest.mark.parametrize(("construct", "write"), [(list_append, "append"), (rw_register, "w")])
def test_no_two_writes_of_a_key_write_the_same(construct, write):
    history = run(construct(memory.clients(transactional.TransactionClient)), plan())
    written = [(k, v) for call in history.calls() for f, k, v in call.argument if f == write]

    assert len(set(written)) == len(written) > 200


def test_the_share_of_reads_is_as_asked_for():
    workload = list_append(memory.clients(transactional.TransactionClient), read=0.2)
    load = [call for call in run(workload, plan()).calls() if call.process < 10**6]
    count = Counter(f for call in load for f, _, _ in call.argument)

    assert 0.15 < count["r"] / count.total() < 0.25


def test_everything_is_read_in_the_end_by_every_server():
    final = list_append(transactional.TransactionClient, keys=2).final(plan(nodes=2))

    assert [(read.f, read.value, read.server) for read in final] == [
        ("txn", [["r", "x", None], ["r", "y", None]], "n1"),
        ("txn", [["r", "x", None], ["r", "y", None]], "n2"),
    ]


def test_many_keys_are_read_in_the_end_by_several_transactions():
    final = list_append(transactional.TransactionClient, keys=20).final(plan(nodes=1))

    read = [[key for _, key, _ in question.value] for question in final]
    assert [len(keys) for keys in read] == [4, 4, 4, 4, 4]
    assert len({key for keys in read for key in keys}) == 20


def test_transactions_are_judged_by_the_level_that_is_claimed():
    client = transactional.TransactionClient

    assert list_append(client, consistency="SI").checkers[0].name == (
        "list-append(snapshot-isolation)"
    )
    assert list_append(client).checkers[0].name == APPEND
    with pytest.raises(InvalidPlan, match="no consistency model 'serialisable': did you mean"):
        rw_register(client, consistency="serialisable")


def test_a_registered_system_s_claim_is_what_its_workloads_are_judged_by():
    drawn = workload_for(
        plan(workload="list-append"), transactional.TransactionClient, consistency="PL-2"
    )

    assert drawn.checkers[0].name == "list-append(read-committed)"


def done(client, f, value, construct=list_append):
    made = memory.clients(client)
    return trio.run(construct(made).perform, made(None, "n1"), f, value)


def test_micro_operations_of_the_other_workload_are_refused():
    with pytest.raises(ValueError, match="list-append has no micro-operation 'w'"):
        done(transactional.TransactionClient, "txn", [["w", "x", 1]])
    with pytest.raises(ValueError, match="rw-register has no micro-operation 'append'"):
        done(transactional.TransactionClient, "txn", [["append", "x", 1]], rw_register)


def test_a_client_that_answers_something_else_is_a_mistake_of_the_client():
    class Odd(transactional.TransactionClient):
        async def transaction(self, micro_operations):
            return []

    with pytest.raises(TypeError, match="transaction returned"):
        done(Odd, "txn", [["r", "x", None]])


@pytest.mark.parametrize(
    ("construct", "f", "value"),
    [
        (bank, "transfer", {"from": "a1", "to": "a2", "amount": 9, "opening": 5}),
        (doctors, "leave", ["shift1", "carol"]),
    ],
)
def test_what_could_not_be_done_certainly_did_not_happen(construct, f, value):
    with pytest.raises(Definite):
        done(transactional.TransactionClient, f, value, construct)


def test_a_plans_options_change_the_total_of_a_bank():
    named = plan(workload="bank", options={"accounts": 3, "opening": 7})
    workload = workload_for(named, memory.clients(transactional.TransactionClient))

    assert [verdict.validity for verdict in verdicts(workload, named).values()] == [VALID, VALID]
    with pytest.raises(InvalidPlan, match="'accounts' is 3, but workload bank was made for 5"):
        bank(transactional.TransactionClient).generator(named)


def test_without_reads_or_changes_an_invariant_was_not_exercised():
    history = run(bank(memory.clients(transactional.TransactionClient), read=1.0), plan())

    assert every_read("bank", "wrong-total", lambda value: None).check(history).validity is UNKNOWN
    assert every_read("x", "y", lambda value: None, f="nothing").check(history).validity is UNKNOWN


def test_without_final_operations_progress_is_unknown():
    history = run(bank(memory.clients(transactional.TransactionClient)), plan())
    load = type(history).from_operations(e for e in history if e.process not in (10**6, "nemesis"))

    assert progress().check(history).validity is VALID
    assert progress().check(load).validity is UNKNOWN
