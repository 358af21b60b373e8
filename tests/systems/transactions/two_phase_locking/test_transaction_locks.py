"""The lock manager: who is granted what, who waits for whom."""

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.systems.transactions.two_phase_locking.locks import Lock, LockManager, Target

X, Y = Target("x"), Target("y")
ROOM, ROW, OTHER = Target("room/", prefix=True), Target("room/1"), Target("hall/1")


def manager(*granted):
    locks = LockManager()
    for txn, target, mode in granted:
        assert locks.acquire_lock(txn, target, mode)
    return locks


def test_shared_locks_are_shared():
    locks = manager(("T1", X, "shared"), ("T2", X, "shared"))

    assert not locks.acquire_lock("T3", X, "exclusive")
    assert locks.waits("T3")


def test_an_exclusive_lock_keeps_everyone_out():
    locks = manager(("T1", X, "exclusive"), ("T1", X, "shared"))

    assert not locks.acquire_lock("T2", X, "shared")
    assert not locks.acquire_lock("T3", X, "exclusive")
    assert locks.acquire_lock("T2", Y, "exclusive")


def test_releasing_lets_go_on_whoever_came_first():
    locks = manager(("T1", X, "exclusive"))
    for txn, mode in (("T2", "shared"), ("T3", "shared"), ("T4", "exclusive"), ("T5", "shared")):
        assert not locks.acquire_lock(txn, X, mode)

    assert locks.release_locks("T1") == ["T2", "T3"]
    assert locks.release_locks("T2") == []
    assert locks.release_lock("T3", X) == ["T4"]
    assert locks.release_locks("T4") == ["T5"]


def test_a_reader_does_not_overtake_a_writer_that_waits():
    locks = manager(("T1", X, "shared"))
    locks.acquire_lock("T2", X, "exclusive")

    assert not locks.acquire_lock("T3", X, "shared")


def test_the_only_holder_upgrades_at_once():
    locks = manager(("T1", X, "shared"))

    assert locks.acquire_lock("T1", X, "exclusive")
    assert not locks.acquire_lock("T2", X, "shared")


def test_an_upgrade_waits_for_other_holders_and_goes_before_the_queue():
    locks = manager(("T1", X, "shared"), ("T2", X, "shared"))
    locks.acquire_lock("T3", X, "exclusive")

    assert not locks.acquire_lock("T1", X, "exclusive")
    assert locks.release_locks("T2") == ["T1"]
    assert locks.release_locks("T1") == ["T3"]


def test_a_predicate_lock_covers_keys_that_do_not_exist_yet():
    locks = manager(("T1", ROOM, "shared"))

    assert locks.acquire_lock("T3", ROW, "shared")
    assert not locks.acquire_lock("T2", ROW, "exclusive")
    assert locks.acquire_lock("T3", OTHER, "exclusive")


def test_a_predicate_waits_for_a_key_that_it_covers():
    locks = manager(("T1", ROW, "exclusive"))

    assert not locks.acquire_lock("T2", ROOM, "shared")
    assert not locks.acquire_lock("T3", Target("", prefix=True), "shared")


def test_nobody_waits_in_a_circle_at_first():
    locks = manager(("T1", X, "exclusive"))
    locks.acquire_lock("T2", X, "exclusive")

    assert locks.deadlock("T2") == locks.deadlock("T1") == []


def test_a_circle_is_found_and_named():
    locks = manager(("T1", X, "exclusive"), ("T2", Y, "exclusive"))
    locks.acquire_lock("T1", Y, "shared")
    locks.acquire_lock("T2", X, "shared")

    assert locks.deadlock("T2") == ["T2", "T1"]


def test_two_upgrades_of_one_key_are_a_circle():
    locks = manager(("T1", X, "shared"), ("T2", X, "shared"))
    locks.acquire_lock("T1", X, "exclusive")
    locks.acquire_lock("T2", X, "exclusive")

    assert sorted(locks.deadlock("T2")) == ["T1", "T2"]


def test_waiting_for_someone_in_the_queue_counts():
    locks = manager(("T1", X, "shared"), ("T3", Y, "exclusive"))
    locks.acquire_lock("T2", X, "exclusive")  # waits for T1
    locks.acquire_lock("T3", X, "shared")  # waits for T2
    locks.acquire_lock("T1", Y, "shared")  # waits for T3

    assert sorted(locks.deadlock("T1")) == ["T1", "T2", "T3"]


steps = st.lists(
    st.tuples(
        st.sampled_from(["T1", "T2", "T3", "T4"]),
        st.sampled_from([X, Y, ROOM, ROW, OTHER, None]),
        st.sampled_from(["shared", "exclusive"]),
    ),
    max_size=40,
)


@given(steps)
def test_granted_locks_never_conflict_and_nobody_waits_for_nothing(steps):
    locks = LockManager()
    for txn, target, mode in steps:
        if target is None:
            locks.release_locks(txn)
        elif not locks.waits(txn):
            locks.acquire_lock(txn, target, mode)
        held = [Lock(t, g, m) for t, of in locks.held.items() for g, m in of.items()]
        for one in held:
            for other in held:
                if one.txn != other.txn and "exclusive" in (one.mode, other.mode):
                    assert not one.target.overlaps(other.target)
        for request in locks.queue:
            assert locks.blockers(request), f"{request} could go on"
