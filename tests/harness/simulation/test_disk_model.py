"""The simulated disk beside the reference model: it leaves what is allowed, and all that is."""

from __future__ import annotations

import copy
import random

import pytest
from disk_model import SECTOR, DiskModel
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk

NAMES = ("a", "b", "c")
names = st.sampled_from(NAMES)
offsets = st.sampled_from((0, 1, SECTOR - 1, SECTOR, SECTOR + 3))
data = st.builds(
    lambda letter, size: letter * size,
    st.sampled_from((b"x", b"y", b"z")),
    st.sampled_from((0, 1, 3, SECTOR, SECTOR + 1)),
)
MOST_ATOMS = 10
"""Un-synced parts of one file at a time: a model of sets is exponential in them."""


def contents(disk: SimulatedDisk) -> dict[str, bytes]:
    return {name: disk.read(name) for name in disk.list()}


def atoms(model: DiskModel) -> int:
    files = {
        id(file): file
        for length in range(len(model.changes) + 1)
        for file in model.names(length).values()
    }
    return max(
        (sum(map(len, file.operations[file.durable :])) for file in files.values()), default=0
    )


class Beside(RuleBasedStateMachine):
    """The disk and the model are told the same things; after each crash they are compared."""

    def __init__(self) -> None:
        super().__init__()
        self.disk = SimulatedDisk(random.Random(0))
        self.model = DiskModel()
        self.pending: list = []

    def change(self, call: str, *arguments) -> None:
        getattr(self.disk, call)(*arguments)
        getattr(self.model, call)(*arguments)

    def roomy(self) -> bool:
        return atoms(self.model) < MOST_ATOMS - 2

    def some(self, choice: int) -> str:
        present = self.disk.list()
        return present[choice % len(present)]

    @precondition(roomy)
    @rule(path=names, offset=offsets, data=data)
    def write(self, path, offset, data):
        self.change("write", path, offset, data)

    @precondition(roomy)
    @rule(path=names, data=data)
    def append(self, path, data):
        self.change("append", path, data)

    @precondition(lambda self: self.roomy() and self.disk.list())
    @rule(choice=st.integers(0, 2), size=offsets)
    def truncate(self, choice, size):
        self.change("truncate", self.some(choice), size)

    @precondition(lambda self: self.disk.list())
    @rule(choice=st.integers(0, 2), new=names)
    def rename(self, choice, new):
        self.change("rename", self.some(choice), new)

    @precondition(lambda self: self.disk.list())
    @rule(choice=st.integers(0, 2))
    def remove(self, choice):
        self.change("remove", self.some(choice))

    @precondition(lambda self: self.disk.list())
    @rule(choice=st.integers(0, 2), at_once=st.booleans())
    def sync(self, choice, at_once):
        path = self.some(choice)
        self.pending.append((self.disk.begin_sync(path), self.model.begin_sync(path)))
        if at_once:
            self.end(-1)

    @rule(at_once=st.booleans())
    def sync_dir(self, at_once):
        self.pending.append((self.disk.begin_sync_dir(), self.model.begin_sync_dir()))
        if at_once:
            self.end(-1)

    @precondition(lambda self: self.pending)
    @rule(choice=st.integers(0, 3))
    def end(self, choice):
        """Syncs end in any order."""
        ours, models = self.pending.pop(choice % len(self.pending) if choice >= 0 else -1)
        self.disk.end_sync(ours)
        self.model.end_sync(models)

    @rule()
    def kill(self):
        self.disk.kill()
        self.abandon()

    def abandon(self):
        """A sync under way at a crash never ends, whatever is said to the disk later."""
        for ours, _ in self.pending:
            self.disk.end_sync(ours)
        self.pending.clear()

    @rule(policy=st.sampled_from(POWER_LOSS_POLICIES), seed=st.integers(0, 2**32))
    def power_loss(self, policy, seed):
        self.disk._random = random.Random(seed)
        self.disk.power_loss(policy)
        left = contents(self.disk)
        assert self.model.allows(left, policy), (policy, left)
        self.model = DiskModel(left)
        self.abandon()

    @invariant()
    def reads_agree(self):
        assert contents(self.disk) == self.model.state()


def compare(examples: int) -> None:
    run_state_machine_as_test(
        Beside, settings=settings(max_examples=examples, stateful_step_count=30, deadline=None)
    )


def test_every_state_that_a_crash_leaves_is_allowed():
    compare(100)


@pytest.mark.nightly
def test_every_state_that_a_crash_leaves_is_allowed_over_many_sequences():
    compare(2_000)


def random_sequence(seed: int) -> tuple[SimulatedDisk, DiskModel]:
    """A few random operations, done to a disk and to the model."""
    dice = random.Random(seed)
    disk, model = SimulatedDisk(dice), DiskModel()
    for _ in range(dice.randint(3, 8)):
        present = disk.list()
        path = dice.choice(NAMES)
        letter = dice.choice((b"x", b"y"))
        call = dice.choice(("append", "write", "truncate", "rename", "remove", "sync", "sync_dir"))
        if call == "sync_dir":
            ours, models = disk.begin_sync_dir(), model.begin_sync_dir()
            disk.end_sync(ours), model.end_sync(models)
        elif call == "append" or not present:
            disk.append(path, letter), model.append(path, letter)
        elif call == "write":
            disk.write(path, SECTOR - 1, 2 * letter), model.write(path, SECTOR - 1, 2 * letter)
        elif call == "sync":
            path = dice.choice(present)
            ours, models = disk.begin_sync(path), model.begin_sync(path)
            disk.end_sync(ours), model.end_sync(models)
        else:
            arguments = {"truncate": (1,), "rename": (path,), "remove": ()}[call]
            old = dice.choice(present)
            getattr(disk, call)(old, *arguments), getattr(model, call)(old, *arguments)
    return disk, model


@pytest.mark.parametrize("policy", POWER_LOSS_POLICIES)
def test_every_state_that_is_allowed_is_left_by_some_crash(policy):
    compared = largest = 0
    for seed in range(60):
        disk, model = random_sequence(seed)
        allowed = model.states(policy)
        if len(allowed) > 8:
            continue
        left = set()
        for crash in range(2_000):
            crashed = copy.deepcopy(disk)
            crashed._random = random.Random(crash)
            crashed.power_loss(policy)
            left.add(frozenset(contents(crashed).items()))
            if left == allowed:
                break
        assert left == allowed, seed
        compared += 1
        largest = max(largest, len(allowed))

    assert compared >= 30
    assert largest >= (1 if policy == "drop_unsynced" else 4)
