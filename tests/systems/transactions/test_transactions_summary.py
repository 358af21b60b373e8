"""The summary form: its operations, and the weaknesses that it keeps."""

import pytest
import trio

from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.harness.streams import stream
from splitbrain.systems.transactions.summary import LOG, LockManager, LogManager, TransactionManager


@pytest.fixture
def disk():
    return SimulatedDisk(stream(0, "disk"))


@pytest.fixture
def manager(disk):
    return TransactionManager(LogManager(disk))


def commit(manager, *operations):
    transaction = manager.begin_transaction("T1")
    for operation in operations:
        manager.write(transaction, operation)
    trio.run(manager.commit, transaction)


def test_a_committed_transaction_is_done(manager):
    commit(manager, ("write", "x", 1), ("append", "l", 7), ("write", "y", 2), ("delete", "y"))

    assert manager.data == {"x": 1, "l": (7,), "y": None}


def test_a_transaction_reads_what_it_will_write(manager):
    transaction = manager.begin_transaction("T1")
    manager.write(transaction, ("write", "x", 1))

    assert manager.read(transaction, ("read", "x")) == 1
    assert manager.read(transaction, ("scan", "")) == (("x", 1),)
    assert manager.data == {}


def test_a_commit_that_fails_halfway_leaves_what_it_did(manager):
    with pytest.raises(KeyError):
        commit(manager, ("write", "x", 1), ("delete", "nothing"))

    assert manager.data == {"x": 1}


def test_a_commit_is_logged_though_it_fails_and_operations_are_not(manager, disk):
    with pytest.raises(KeyError):
        commit(manager, ("write", "x", 1), ("delete", "nothing"))

    assert disk.read(LOG) == b'["commit","T1"]\n'


def test_nothing_forces_the_log(manager, disk):
    commit(manager, ("write", "x", 1))
    disk.power_loss("drop_unsynced")

    assert not disk.exists(LOG)


def test_the_manager_takes_no_locks(manager):
    commit(manager, ("write", "x", 1))

    assert manager.lock_manager.locks == {}


def test_an_exclusive_lock_keeps_others_out():
    locks = LockManager()

    assert locks.acquire_lock("x", "T1", "exclusive")
    assert not locks.acquire_lock("x", "T2", "shared")
    locks.release_lock("x", "T1")
    assert locks.acquire_lock("x", "T2", "exclusive")


def test_a_second_shared_holder_overwrites_the_first():
    locks = LockManager()
    locks.acquire_lock("x", "T1", "shared")
    locks.acquire_lock("x", "T2", "shared")
    locks.release_lock("x", "T1")

    assert locks.acquire_lock("x", "T3", "exclusive")  # T2 still reads


def test_a_shared_lock_becomes_exclusive_without_a_look_at_others():
    locks = LockManager()
    locks.acquire_lock("x", "T1", "shared")
    locks.acquire_lock("x", "T2", "shared")

    assert locks.acquire_lock("x", "T2", "exclusive")  # T1 still reads


def test_nobody_looks_for_deadlocks():
    locks = LockManager()
    locks.acquire_lock("x", "T1", "exclusive")
    locks.acquire_lock("y", "T2", "exclusive")

    assert not locks.acquire_lock("y", "T1", "exclusive")
    assert not locks.acquire_lock("x", "T2", "exclusive")
