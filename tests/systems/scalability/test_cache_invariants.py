"""The probe that watches how long caches have what they have."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace

import pytest

from splitbrain.systems.scalability.cache_aside.bugs import EndsByInvalidation, NothingForEver
from splitbrain.systems.scalability.cache_aside.entries import TTL_S, Entries
from splitbrain.systems.scalability.cache_aside.front import Front
from splitbrain.systems.scalability.cache_aside.invariants import EVERY_S, CacheInvariants


class Fronts:
    """One front's entries under a clock of the test's, looked at every so often."""

    def __init__(self, entries=Entries):
        self.now, self.probe = 10.0, CacheInvariants()
        self.kept = entries(self.monotonic, Random(1), lambda f, value: None)
        self.start()

    def start(self):
        self.front = object.__new__(Front)
        self.front.node = SimpleNamespace(clock=SimpleNamespace(monotonic=self.monotonic))
        self.front.entries = self.kept

    def monotonic(self):
        return self.now

    def found(self, seconds, step=EVERY_S):
        """Look until so much time has passed."""
        until, found = self.now + seconds, []
        while self.now < until:
            self.now += step
            found.append(self.probe("n2", SimpleNamespace(server=self.front)))
        return [breach.invariant for breach in found if breach]


@pytest.mark.parametrize("value", ["x", None])
def test_an_entry_that_ends_in_time_is_right_also_after_a_pause(value):
    fronts = Fronts()
    fronts.kept.fill("a", 1, value, fronts.now)

    assert fronts.found(0.5) == []
    assert fronts.found(3 * TTL_S, step=TTL_S) == []


def test_an_entry_that_is_filled_again_begins_anew():
    fronts = Fronts()
    for _ in range(5):
        fronts.kept.fill("a", 1, "x", fronts.now)
        assert fronts.found(0.6) == []


def test_what_another_life_had_does_not_count():
    fronts = Fronts(EndsByInvalidation)
    fronts.kept.fill("a", 1, "x", fronts.now)
    assert fronts.found(0.8) == []
    fronts.start()

    assert fronts.found(0.8) == []


@pytest.mark.parametrize(
    ("entries", "value", "found"),
    [
        (EndsByInvalidation, "x", True),
        (EndsByInvalidation, None, True),
        (NothingForEver, "x", False),
        (NothingForEver, None, True),
    ],
)
def test_an_entry_that_may_be_used_for_longer_is_found_though_nobody_reads_it(
    entries, value, found
):
    fronts = Fronts(entries)
    fronts.kept.fill("a", 1, value, fronts.now)

    assert ("entry-outlives" in fronts.found(TTL_S + 0.2)) == found
