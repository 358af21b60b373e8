"""What runs leave is removed in the end, and looking for it takes little of their time."""

import gc
import weakref

import pytest

from splitbrain.harness.runs.sweeping import RUNS, SHARE, Sweeper, swept_afterwards


class Keepsake:
    """What refers to itself, so that only a sweep for cycles can remove it."""

    def __init__(self):
        self.itself = self


class Cpu:
    """A clock of which each look takes so long, and each sweep of all with it."""

    def __init__(self, sweep=0.0):
        self.now = 0.0
        self.sweep = sweep

    def __call__(self):
        self.now += self.sweep
        return self.now


@pytest.fixture
def resting():
    """The collector, which does nothing by itself."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def full_sweeps(resting):
    """The full sweeps that there have been."""
    swept = []

    def note(phase, info):
        if phase == "stop" and info["generation"] == 2:
            swept.append(info)

    gc.callbacks.append(note)
    yield swept
    gc.callbacks.remove(note)


@pytest.mark.usefixtures("resting")
def test_what_is_old_is_removed_after_so_many_runs():
    sweeper, keepsake = Sweeper(Cpu()), Keepsake()
    gone = weakref.ref(keepsake)
    sweeper.after_run()
    assert any(each is keepsake for each in gc.get_objects(2))
    del keepsake
    for _ in range(RUNS - 2):
        sweeper.after_run()
    assert gone() is not None
    sweeper.after_run()
    assert gone() is None


def test_full_sweeps_take_a_small_share_of_the_time(full_sweeps):
    cpu = Cpu(sweep=1.0)
    sweeper = Sweeper(cpu)
    for _ in range(4 * RUNS):
        cpu.now += 2.0  # a run
        sweeper.after_run()
    assert 1 < len(full_sweeps) <= cpu.now * SHARE + 1


def test_the_collector_rests_meanwhile_and_goes_on_as_it_was():
    assert gc.isenabled()
    with swept_afterwards():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    with swept_afterwards():
        pass
    assert not gc.isenabled()
    gc.enable()
