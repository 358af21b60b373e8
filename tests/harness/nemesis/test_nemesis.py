"""The nemesis as a whole: on time, on record, and everything undone at the end."""

import json

import pytest
from nemesis_fake import FakeControl, performing, starts, stops

from splitbrain.harness.nemesis.catalogue import KINDS
from splitbrain.harness.nemesis.nemesis import Nemesis, with_ids
from splitbrain.harness.nemesis.schedule import draw_faults
from splitbrain.harness.plan import Fault, InvalidPlan


def _target(kind):
    return "leader" if "leader" in kind.targets else "all"


ONE_OF_EACH = tuple(
    Fault(
        kind.id,
        1.0 + number / 20,
        5.0,
        "leader" if "leader" in kind.targets and kind.strikes == "servers" else "all",
        id=f"f{number}",
    )
    for number, kind in enumerate(KINDS)
)


def undisturbed(world, gone=()):
    """Whether nothing of any fault is left, but for the servers that are dead for good."""
    return (
        all(
            name in gone or (world.running(name) and not world.paused(name))
            for name in (*world.servers, *world.clients)
        )
        and world.rules == []
        and world.disk_rules == []
        and world.listeners == []
        and {*world.rates.values(), *world.wall_rates.values()} == {1.0}
        and all(abs(offset) < 1e-9 for offset in world.offsets.values())
    )


def elections(world, seed=0):
    """Now and then, some server that runs announces that it leads a new term."""
    rng = world.stream("elections", seed)

    def elect(term):
        up = [name for name in world.servers if world.running(name)]
        if up:
            world.announce(rng.choice(up), term)
        world.after(rng.uniform(0.05, 0.5), elect, term + 1)

    world.after(0.1, elect, 1)


def test_heal_undoes_whatever_is_active():
    world, nemesis = performing(*ONE_OF_EACH)
    elections(world)
    world.run_until(4.5)
    assert len(nemesis.active) == len(KINDS)
    assert not undisturbed(world)

    nemesis.heal()

    assert nemesis.active == ()
    assert list(stops(world)) == [fault.id for fault in ONE_OF_EACH]
    assert len(nemesis.gone) == 1
    assert undisturbed(world, nemesis.gone)


def test_heal_is_idempotent_and_final():
    world, nemesis = performing(*ONE_OF_EACH, Fault("process.kill", 5.0, 1.0, id="late"))
    elections(world)
    world.run_until(4.0)
    nemesis.heal()
    log, history = list(world.log), list(world.history)

    nemesis.heal()
    world.run_until(20.0)

    assert (world.log, world.history) == (log, history)
    assert "late" not in starts(world)


def test_heal_starts_servers_that_died_by_themselves():
    world, nemesis = performing()
    world.die("n2")

    nemesis.heal()

    assert world.running("n2")


@pytest.mark.parametrize("seed", range(20))
def test_after_any_drawn_faults_the_world_is_whole_again(seed):
    faults = draw_faults("all", seed=seed, time_limit=6.0, nodes=5, density=8.0, swarm=False)
    world, nemesis = performing(*faults, nodes=5, seed=seed)
    elections(world, seed)
    # In the end all faults are over by themselves; in the middle, heal ends them.
    world.run_until(6.1 if seed % 2 else 3.0)
    nemesis.heal()

    assert undisturbed(world, nemesis.gone)
    planned = [fault.id for fault in faults]
    assert list(starts(world)) == [name for name in planned if name in starts(world)]
    assert sorted(stops(world)) == sorted(starts(world))


def test_records_are_json_and_do_not_change_afterwards():
    world, nemesis = performing(*ONE_OF_EACH)
    elections(world)
    world.run_until(2.0)
    before = json.dumps(world.history)
    recorded = len(world.history)
    world.run_until(4.0)
    nemesis.heal()

    assert json.dumps(world.history[:recorded]) == before
    json.dumps(world.history)


def test_the_same_plan_is_performed_the_same_way():
    histories = []
    for _ in range(2):
        world, nemesis = performing(*ONE_OF_EACH, nodes=5, seed=7)
        elections(world)
        world.run_until(4.0)
        nemesis.heal()
        histories.append((world.history, world.log))

    assert histories[0] == histories[1]


def test_removing_a_fault_leaves_the_others_choices_as_they_were():
    faults = [Fault("process.kill", float(i), 0.1, "minority", id=f"f{i}") for i in range(1, 9)]
    whole, _ = performing(*faults, nodes=7)
    fewer, _ = performing(*faults[::2], nodes=7)
    whole.run_until(10.0)
    fewer.run_until(10.0)

    assert starts(fewer) == {id: starts(whole)[id] for id in ("f1", "f3", "f5", "f7")}


def test_a_fault_that_starts_at_once_starts_at_zero():
    world, _ = performing(Fault("process.kill", 0.0, 1.0, "n1"))
    world.run_until(0.0)

    assert world.log == [(0.0, "kill", "n1")]


def test_faults_without_ids_are_named_by_position():
    faults = (Fault("process.kill", 1.0), Fault("process.kill", 2.0, id="mine"))

    assert [fault.id for fault in with_ids(faults)] == ["f1", "mine"]


@pytest.mark.parametrize(
    ("faults", "complaint"),
    [
        (
            [Fault("process.kill", 1.0, id="f1"), Fault("process.pause", 2.0, id="f1")],
            "fault 2 of the plan has the id 'f1' of an earlier one",
        ),
        ([Fault("process.kill", 1.0, target="n8")], "fault f1 (process.kill): target 'n8'"),
    ],
)
def test_a_plan_that_cannot_be_performed_is_refused_before_the_run(faults, complaint):
    with pytest.raises(InvalidPlan) as raised:
        Nemesis(faults, FakeControl())

    assert complaint in str(raised.value)
