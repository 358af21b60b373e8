"""What every engine promises, and what sets them apart, a step at a time."""

import pytest
from engine_driver import ENGINES, Driver

DONE = ("done", None)
COMMITTED = ("committed",)


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def drive(request):
    return Driver(request.param)


def test_a_transaction_reads_its_own_writes(drive):
    assert drive.all("T1 write x 1; T1 read x; T1 append l 1; T1 append l 2; T1 read l") == [
        DONE,
        ("done", 1),
        DONE,
        DONE,
        ("done", (1, 2)),
    ]


def test_what_is_committed_is_seen_by_those_who_begin_later(drive):
    drive.all("T1 write x 1; T1 write y 2; T1 commit")

    assert drive.all("T2 read x; T2 read y; T2 read z; T2 commit") == [
        ("done", 1),
        ("done", 2),
        DONE,
        COMMITTED,
    ]


def test_what_is_deleted_is_gone(drive):
    drive.all("T1 write p/1 1; T1 write p/2 2; T1 commit; T2 delete p/1; T2 commit")

    assert drive.all("T3 read p/1; T3 scan p/") == [DONE, ("done", (("p/2", 2),))]


def test_a_scan_finds_own_and_committed_rows_sorted(drive):
    drive.all("T1 write p/2 2; T1 write q/1 9; T1 commit; T2 write p/1 1")

    assert drive.step("T2 scan p/") == ("done", (("p/1", 1), ("p/2", 2)))


def test_what_is_rolled_back_never_was(drive):
    drive.all("T1 write x 1; T1 commit; T2 write x 2; T2 append l 1; T2 delete x")

    assert drive.step("T2 rollback") == ("aborted", "asked for")
    assert drive.all("T3 read x; T3 read l") == [("done", 1), DONE]


def test_a_commit_is_answered_when_it_is_durable(drive):
    drive.forcing = False

    assert drive.all("T1 write x 1; T1 commit") == [DONE, None]
    assert drive.engine.busy("T1")
    drive.force()
    assert drive.answers["T1"] == COMMITTED
    assert "T1" in drive.engine.committed


def test_what_is_not_durable_is_not_seen(drive):
    drive.forcing = False
    drive.all("T1 write x 1; T1 commit")

    assert drive.step("T2 read x") in (None, DONE)  # waits, or sees what was before


def test_what_is_no_operation_rolls_back(drive):
    answer = drive.step("T1 increment x")

    assert answer[0] == "aborted"
    assert "('increment', 'x') is no operation" in answer[1]


def test_after_a_crash_what_was_committed_is_there_and_nothing_else(drive):
    drive.all("T1 write x 1; T1 append l 1; T1 commit; T2 append l 2; T2 write y 2")
    again = Driver(
        type(drive.engine) if not hasattr(drive.engine, "locks") else ENGINES["2PL"], drive.log
    )

    assert again.all("T3 read x; T3 read l; T3 read y") == [("done", 1), ("done", (1,)), DONE]
    assert set(again.engine.committed) == {"T1"}


# Two-phase locking


@pytest.fixture
def locking():
    return Driver(ENGINES["2PL"])


def test_a_reader_waits_for_a_writer_and_sees_its_commit(locking):
    locking.all("T1 write x 1")

    assert locking.step("T2 read x") is None
    assert locking.engine.busy("T2")
    locking.step("T1 commit")
    assert locking.answers["T2"] == ("done", 1)


def test_a_writer_waits_for_a_reader(locking):
    locking.all("T1 read x; T2 write x 1")

    assert "T2" not in locking.answers or locking.answers["T2"] != DONE
    locking.step("T1 commit")
    assert locking.answers["T2"] == DONE


def test_an_insert_waits_for_whoever_searched_there(locking):
    locking.step("T1 scan p/")

    assert locking.step("T2 write p/1 1") is None
    assert locking.step("T3 write q/1 1") == DONE


def test_of_two_who_wait_for_each_other_the_younger_is_rolled_back(locking):
    locking.all("T1 write x 1; T2 write y 2; T1 write y 1")

    assert locking.step("T2 write x 2") == ("aborted", "deadlock")
    assert locking.answers["T1"] == DONE
    assert locking.step("T1 commit") == COMMITTED
    assert locking.all("T3 read x; T3 read y") == [("done", 1), ("done", 1)]


def test_locks_stay_until_the_commit_is_durable(locking):
    locking.all("T1 write x 1")
    locking.forcing = False
    locking.step("T1 commit")

    assert locking.step("T2 read x") is None
    locking.force()
    assert locking.answers["T2"] == ("done", 1)


def test_a_vote_survives_a_crash_with_its_locks(locking):
    locking.all("T1 write x 1; T1 commit; n2.T2 write x 2; n2.T2 append l 1")
    locking.engine.prepare("n2.T2", "n2")
    locking.settle()
    assert locking.answers["n2.T2"] == ("prepared",)
    again = Driver(ENGINES["2PL"], locking.log)

    assert again.engine.in_doubt == {"n2.T2": "n2"}
    assert again.step("T3 read x") is None
    again("n2.T2", "commit")
    assert again.answers["T3"] == ("done", 2)


def test_a_vote_can_be_rolled_back_after_a_crash_and_stays_so(locking):
    locking.all("T1 write x 1; T1 commit; n2.T2 write x 2")
    locking.engine.prepare("n2.T2", "n2")
    locking.settle()
    again = Driver(ENGINES["2PL"], locking.log)
    again("n2.T2", "rollback")
    third = Driver(ENGINES["2PL"], again.log)

    assert third.engine.in_doubt == {}
    assert third.step("T3 read x") == ("done", 1)


# Snapshot isolation


@pytest.fixture
def snapshot():
    return Driver(ENGINES["SI"])


def test_a_snapshot_does_not_change(snapshot):
    snapshot.all("T1 write x 1; T1 write p/1 1; T1 commit; T2 read y")
    snapshot.all("T3 write x 3; T3 write p/2 3; T3 commit")

    assert snapshot.all("T2 read x; T2 scan p/") == [("done", 1), ("done", (("p/1", 1),))]


def test_the_first_committer_wins(snapshot):
    snapshot.all("T1 write x 1; T2 write x 2")

    assert snapshot.step("T2 commit") == COMMITTED
    assert snapshot.step("T1 commit") == (
        "aborted",
        "another transaction committed a write of x first",
    )


def test_a_commit_on_its_way_to_disk_counts_as_first(snapshot):
    snapshot.all("T1 write x 1; T2 write x 2")
    snapshot.forcing = False
    snapshot.step("T2 commit")

    assert snapshot.step("T1 commit") == (
        "aborted",
        "another transaction is committing a write of x",
    )


WRITE_SKEW = "T1 read x; T1 read y; T2 read x; T2 read y; T1 write x 1; T2 write y 1; T1 commit"
PHANTOM = "T1 scan p/; T2 scan p/; T1 write p/1 1; T2 write p/2 1; T1 commit"
READ_ONLY = (
    "T1 read x; T1 read y; T2 read y; T2 write y 20; T2 commit;"
    "T3 read x; T3 read y; T3 commit; T1 write x 1"
)


@pytest.mark.parametrize(
    ("script", "last"), [(WRITE_SKEW, "T2"), (PHANTOM, "T2"), (READ_ONLY, "T1")]
)
def test_only_serializable_snapshot_isolation_prevents(script, last):
    plain, serializable = Driver(ENGINES["SI"]), Driver(ENGINES["SSI"])
    plain.all(script)
    serializable.all(script)

    assert plain.step(f"{last} commit") == COMMITTED
    answer = serializable.step(f"{last} commit")
    assert answer == ("aborted", "it would be the pivot of two rw-dependencies")


def test_a_single_rw_dependency_is_no_reason_to_roll_back():
    drive = Driver(ENGINES["SSI"])
    drive.all("T1 read x; T2 write x 1; T2 commit; T1 write y 1")

    assert drive.step("T1 commit") == COMMITTED


def test_a_pattern_whose_end_commits_last_is_no_reason_to_roll_back():
    drive = Driver(ENGINES["SSI"])
    drive.all("T1 read x; T2 write x 1; T2 read y; T3 write y 1; T1 commit; T2 commit")

    assert drive.step("T3 commit") == COMMITTED


def test_what_a_transaction_read_is_remembered_while_another_runs_beside_it():
    drive = Driver(ENGINES["SSI"])
    for txn in ("T3", "T2", "T1"):
        drive(txn, "begin")
    drive("T1", "read", "z")
    drive("T3", "write", "z", 3)
    drive("T3", "commit")
    drive("T2", "read", "x")
    drive("T2", "commit")
    drive("T1", "write", "x", 1)

    assert drive("T1", "commit") == ("aborted", "it would be the pivot of two rw-dependencies")


def test_what_nobody_can_be_beside_is_forgotten():
    drive = Driver(ENGINES["SSI"])
    for i in range(10):
        drive.all(f"T{i} read x; T{i} write y {i}; T{i} commit")

    assert len(drive.engine._remembered) <= 1


def test_timestamps_go_on_after_a_crash(snapshot):
    snapshot.all("T1 write x 1; T1 commit; T2 write x 2; T2 commit")
    again = Driver(ENGINES["SI"], snapshot.log)
    again.all("T3 write x 3; T3 commit")

    stamps = [record[2] for record in again.log if record[0] == "commit"]
    assert stamps == [1, 2, 3]
