"""Every engine beside a dictionary, with crashes at any call to the disk."""

from __future__ import annotations

import random

import pytest
from engines import ENGINES
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from store_driver import Crashed, DrivenDisk, applied, contents, done, opened

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES

KEYS = [b"%d" % number * (number + 1) for number in range(12)]
keys = st.sampled_from(KEYS)
values = st.one_of(st.none(), st.binary(max_size=300))
batches = st.lists(st.tuples(keys, values), min_size=1, max_size=4)
crashes = st.sampled_from([None, *POWER_LOSS_POLICIES])


class BesideADict(RuleBasedStateMachine):
    """What is written shows; after a crash, what was acknowledged, and perhaps what came next."""

    engine_class = None

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed):
        self.disk = DrivenDisk(seed)
        self.engine = opened(self.engine_class, self.disk)
        self.state = {}

    @rule(writes=st.lists(batches, min_size=1, max_size=3))
    def write(self, writes):
        assert done(self.engine.write(writes)) == len(writes)
        self.state = applied(self.state, writes)

    @rule(what=st.sampled_from(["flush", "compact", "settle"]))
    def keep_house(self, what):
        done(getattr(self.engine, what)())

    @rule(policy=crashes)
    def crash_at_rest(self, policy):
        self.disk.crash(policy)
        self.engine = opened(self.engine_class, self.disk)

    @rule(policy=crashes, calls=st.integers(0, 12), writes=st.lists(batches, max_size=3))
    def crash_on_the_way(self, policy, calls, writes):
        """In the middle of writes, or of housekeeping if there are none."""
        self.disk.left = calls
        possible = [applied(self.state, writes[:count]) for count in range(len(writes) + 1)]
        try:
            if writes:
                done(self.engine.write(writes))
                possible = possible[-1:]
            else:
                done(self.engine.compact())
            done(self.engine.settle())
        except Crashed:
            pass
        self.disk.crash(policy)
        self.reopen(calls, policy)
        self.state = contents(self.engine)
        assert self.state in possible

    def reopen(self, calls, policy):
        """A crash while the engine recovers, and then none."""
        self.disk.left = 2 * calls
        try:
            self.engine = opened(self.engine_class, self.disk)
        except Crashed:
            self.disk.crash(policy)
            self.engine = opened(self.engine_class, self.disk)
        self.disk.left = None

    @invariant()
    def all_reads_agree(self):
        assert contents(self.engine) == self.state
        assert {k: self.engine.get(k) for k in KEYS} == {k: self.state.get(k) for k in KEYS}
        assert self.engine.verify() == []


def compare(name, examples):
    machine = type("Machine", (BesideADict,), {"engine_class": ENGINES[name]})
    limits = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],  # on a busy machine everything is
    )
    run_state_machine_as_test(machine, settings=limits)


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_a_dictionary_that_survives_crashes(name):
    compare(name, 15)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_a_dictionary_over_many_sequences(name):
    compare(name, 1_000)


@pytest.mark.parametrize("name", ENGINES)
def test_a_snapshot_stays_as_it_was(name):
    engine, dice = opened(ENGINES[name], DrivenDisk()), random.Random(3)
    state, taken = {}, []
    for number in range(120):
        batch = [(dice.choice(KEYS), str(number).encode() * 20) for _ in range(2)]
        done(engine.write([batch]))
        state = applied(state, [batch])
        if number % 10 == 0:
            taken.append((engine.snapshot(), dict(state)))
        if number % 7 == 0:
            done(dice.choice([engine.flush, engine.compact, engine.settle])())
    for snapshot, expected in taken:
        found = []
        while page := snapshot.scan(found[-1][0] if found else None, 2):
            found += page
        assert dict(found) == expected
        snapshot.close()
    assert engine.verify() == []


@pytest.mark.parametrize("name", ENGINES)
def test_a_flipped_bit_is_reported_or_does_no_harm(name):
    """Whatever bit of whatever file: no read returns anything else than what was written."""
    from splitbrain.systems.storage.engine import Damaged

    dice, reported = random.Random(1), 0
    for seed in range(60):
        disk = DrivenDisk(seed)
        engine, state = opened(ENGINES[name], disk), {}
        for number in range(12):
            batch = [(dice.choice(KEYS), str(number).encode() * 20)]
            done(engine.write([batch]))
            state = applied(state, [batch])
            if number == 6:
                done(engine.flush())
        done(engine.settle())
        disk.disk.rot(1, dice)
        if seed % 2:
            disk.crash("drop_unsynced")
        try:
            engine = opened(ENGINES[name], disk) if seed % 2 else engine
            engine.verify()
            seen = {key: engine.get(key) for key in KEYS}
        except Damaged:
            reported += 1
        else:
            assert {k: v for k, v in seen.items() if v is not None} == state
    assert reported > 1  # a free page, or the end of one, may rot as it likes
