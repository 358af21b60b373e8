"""Recovery of two-phase locking, at every point where a crash can strike.

A random schedule runs with pages written at random times; then the log is cut anywhere behind what
was durable, and what is recovered must be what the committed transactions wrote, and nothing else.
"""

from dataclasses import dataclass

from engine_driver import NO_PAGES, Driver, locking
from hypothesis import given, settings
from hypothesis import strategies as st

from splitbrain.systems.transactions.two_phase_locking.engine import LockingEngine

TXNS = tuple(f"T{i}" for i in range(6))
KEYS = ("x", "y", "z", "p/1", "p/2")

step = st.one_of(
    st.tuples(st.sampled_from(TXNS), st.just("write"), st.sampled_from(KEYS), st.integers(1, 99)),
    st.tuples(st.sampled_from(TXNS), st.just("append"), st.just("l"), st.integers(1, 99)),
    st.tuples(st.sampled_from(TXNS), st.just("delete"), st.sampled_from(KEYS)),
    st.tuples(st.sampled_from(TXNS), st.sampled_from(["commit", "rollback"])),
    st.sampled_from([("force",), ("page", 0), ("page", 1), ("page", 2)]),
)


@dataclass
class Crash:
    """What is on disk when the power goes."""

    records: list
    pages: dict
    durable: int


def played(steps):
    """The crash after some steps; those of transactions that wait or have ended are left out."""
    drive = Driver(locking)
    drive.forcing = False
    pages, durable, ended, begun = dict(NO_PAGES), 0, set(), set()
    for txn, *operation in steps:
        if txn == "force":
            durable = len(drive.log)
            drive.force()
        elif txn == "page":
            for number, page in drive.engine.pages_to_write()[: operation[0] + 1]:
                pages[number] = page
                drive.engine.page_written(number, page)
        elif txn not in ended and not drive.engine.busy(txn):
            if txn not in begun:
                begun.add(txn)
                drive(txn, "begin")
            drive(txn, *operation)
        for each, answer in drive.answers.items():
            if answer[0] in ("aborted", "committed"):
                ended.add(each)
        ended.update(drive.engine.committed)
    return Crash(drive.log, pages, durable)


def effects(records):
    """What the transactions that have committed wrote, in the order of the log."""
    committed = {record[1] for record in records if record[0] == "commit"}
    values = {}
    for record in records:
        if record[0] == "update" and record[1] in committed:
            values[record[2]] = record[4]
    return {key: value for key, value in values.items() if value is not None}


def present(engine):
    return {key: value for key, value in engine.values.items() if value is not None}


@settings(max_examples=150, deadline=None)
@given(st.lists(step, max_size=60), st.floats(0, 1))
def test_exactly_the_committed_transactions_survive(steps, fraction):
    crash = played(steps)
    kept = crash.durable + round(fraction * (len(crash.records) - crash.durable))
    records = crash.records[:kept]

    engine = LockingEngine(records, crash.pages)

    assert present(engine) == effects(records)
    assert engine.locks.held == {}


@settings(max_examples=100, deadline=None)
@given(st.lists(step, max_size=60), st.integers(0, 12), st.integers(0, 3))
def test_a_crash_during_recovery_changes_nothing(steps, kept, written):
    crash = played(steps)
    records = crash.records
    first = LockingEngine(records, crash.pages)
    pages = dict(crash.pages)
    first.durable(len(records))
    pages.update(dict(first.pages_to_write()[:written]))
    # Of what the recovery noted, some is on disk; pages may hold only what the log does.
    noted = records + first.records[:kept]

    second = LockingEngine(noted, pages)

    assert present(second) == effects(records)


def test_a_page_may_hold_changes_that_are_undone_later():
    drive = Driver(locking)
    drive.all("T1 write x 1; T1 commit; T2 write x 2")
    pages = NO_PAGES | dict(drive.engine.pages_to_write())

    assert any(2 in page.values.values() for page in pages.values())
    assert LockingEngine(drive.log, pages).values["x"] == 1


def test_a_page_is_not_written_before_the_log():
    drive = Driver(locking)
    drive.forcing = False
    drive.all("T1 write x 1")

    assert drive.engine.pages_to_write() == []
    drive.force()
    assert len(drive.engine.pages_to_write()) == 1


def test_a_commit_writes_no_page_and_a_written_page_is_clean():
    drive = Driver(locking)
    drive.all("T1 write x 1; T1 commit")
    ((number, page),) = drive.engine.pages_to_write()
    drive.engine.page_written(number, page)

    assert drive.engine.pages_to_write() == []


def test_what_is_changed_while_a_page_is_written_is_written_again():
    drive = Driver(locking)
    drive.all("T1 write x 1; T1 commit")
    ((number, page),) = drive.engine.pages_to_write()
    drive.all("T2 write x 2; T2 commit")
    drive.engine.page_written(number, page)

    assert len(drive.engine.pages_to_write()) == 1


def test_what_was_undone_before_a_crash_is_not_undone_again():
    drive = Driver(locking)
    drive.all("T1 write x 1; T1 write x 2; T1 write x 3; T1 rollback")
    undone = [record for record in drive.log if record[0] == "compensate"]
    assert [record[3] for record in undone] == [2, 1, None]

    cut = drive.log[: drive.log.index(undone[1])]

    assert LockingEngine(cut, NO_PAGES).records == [*undone[1:], ("end", "T1")]
