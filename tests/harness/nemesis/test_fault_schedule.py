"""Faults drawn from a seed: always the same, within the time limit, and of a sensible mixture."""

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from splitbrain.harness.nemesis.catalogue import check_fault, resolve
from splitbrain.harness.nemesis.claims import Claims, most_down, regime
from splitbrain.harness.nemesis.kind import Kind
from splitbrain.harness.nemesis.kinds import process
from splitbrain.harness.nemesis.schedule import Fixed, draw_faults
from splitbrain.harness.plan import InvalidPlan, Plan


def draw(seed, kinds="all", *, time_limit=10.0, nodes=5, **how):
    return draw_faults(kinds, seed=seed, time_limit=time_limit, nodes=nodes, **how)


KINDS = resolve("all")

EVERYTHING = tuple(kind.id for kind in KINDS)

ROOT = Path(__file__).parents[3]

GOLDEN = """\
pause-1 process.pause followers at 0.636 for 0.022 {}
pause-2 process.pause leader at 0.77 for 0.241 {}
power_loss-1 process.power_loss one at 1.339 for 0.246 {"policy": "drop_unsynced"}
kill-1 process.kill leader at 1.613 for 0.069 {}
kill-2 process.kill leader at 1.834 for 0.039 {}
"""


def lines(faults):
    return "".join(
        f"{f.id} {f.kind} {f.target} at {f.at} for {f.duration} {json.dumps(f.options)}\n"
        for f in faults
    )


def test_a_small_draw_as_it_always_was():
    assert lines(draw(1, "process,partition", time_limit=2.0, nodes=3)) == GOLDEN


def test_draws_do_not_depend_on_the_hash_seed():
    program = (
        "import json; from splitbrain.harness.nemesis.schedule import draw_faults;"
        "print(json.dumps([f.to_json() for s in range(20) for f in"
        " draw_faults('all', seed=s, time_limit=10, nodes=5, survivable=s % 2 == 0)]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "4242")
    }

    assert len(outputs) == 1
    assert len(json.loads(outputs.pop())) > 100


@pytest.mark.parametrize("time_limit", [0.05, 1.0, 10.0, 120.0])
@pytest.mark.parametrize("bursts", [0, 2])
def test_no_fault_lasts_beyond_the_time_limit(time_limit, bursts):
    for seed in range(30):
        for fault in draw(seed, time_limit=time_limit, bursts=bursts):
            assert fault.at >= 0
            assert round(fault.at + fault.duration, 3) <= time_limit


def test_faults_are_in_order_named_and_in_whole_milliseconds():
    for seed in range(30):
        faults = draw(seed)

        assert len({fault.id for fault in faults}) == len(faults)
        assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
        assert all(round(t, 3) == t for fault in faults for t in (fault.at, fault.duration))


DUMMY = Kind("process.doze", "It dozes.", process.pause, aliases=("doze",), nodes_down=True)
NAME = f"{__name__}:DUMMY"


@pytest.mark.parametrize("how", [{}, {"survivable": True}, {"swarm": False}, {"bursts": 3}])
def test_one_kind_more_leaves_the_faults_of_all_others_as_they_were(how):
    without = {seed: draw(seed, KINDS, **how) for seed in range(200)}
    with_it = {seed: draw(seed, (*KINDS, DUMMY), **how) for seed in range(200)}

    others = {s: tuple(f for f in drawn if f.kind != NAME) for s, drawn in with_it.items()}
    assert others == without
    if not how:
        assert 70 < sum(drawn != without[s] for s, drawn in with_it.items()) < 130


def test_one_kind_less_leaves_the_faults_of_all_others_as_they_were():
    for seed in range(100):
        fewer = tuple(f for f in draw(seed, swarm=False) if f.kind != "process.kill")

        assert draw(seed, [k for k in KINDS if k.id != "process.kill"], swarm=False) == fewer


def test_drawn_faults_can_be_performed_and_survive_json():
    for seed in range(30):
        faults = draw(seed, nodes=3)
        for fault in faults:
            check_fault(fault, ("n1", "n2", "n3"))
        plan = Plan("raft", "register", faults=faults)

        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_a_swarm_takes_about_half_of_the_kinds_and_every_kind_at_times():
    used = [frozenset(fault.kind for fault in draw(seed)) for seed in range(200)]

    everything = Counter(kind for kinds in used for kind in kinds)
    assert set(everything) == {kind.id for kind in KINDS}
    assert all(40 < count < 140 for count in everything.values()), everything
    assert len(KINDS) / 3 < sum(map(len, used)) / len(used) < len(KINDS) * 2 / 3


def test_without_swarm_every_kind_occurs_in_one_long_run():
    assert {fault.kind for fault in draw(1, time_limit=60.0, swarm=False)} == {k.id for k in KINDS}


def test_runs_have_many_faults_by_default():
    counts = [len(draw(seed, "process,net,bump,drift")) for seed in range(200)]

    assert min(counts) >= 1
    assert max(counts) <= 150
    assert 36 < sum(counts) / len(counts) < 44
    assert {len(draw(seed, "kill")) for seed in range(200)} == set(range(1, 16))


def test_leaders_are_struck_more_often_than_any_other_target():
    targets = Counter(
        fault.target for seed in range(100) for fault in draw(seed, "process,clock,partition")
    )

    assert targets.most_common(1)[0][0] == "leader"
    assert set(targets) == {"leader", "one", "followers", "minority", "majority", "all"}


def test_durations_span_two_orders_of_magnitude_evenly():
    durations = [f.duration for seed in range(200) for f in draw(seed, "process", swarm=False)]

    assert min(durations) >= 0.02
    assert max(durations) <= 2.0
    # Uniform in the logarithm: half of them below the geometric mean, 0.2 s.
    assert 0.45 < sum(d < 0.2 for d in durations) / len(durations) < 0.55


def test_every_option_of_every_kind_is_tried():
    faults = [f for seed in range(150) for f in draw(seed, swarm=False)]
    tried = {
        (f.kind, name, value)
        for f in faults
        for name, value in f.options.items()
        if isinstance(value, str)
    }

    assert tried == {
        (kind.id, p.name, choice)
        for kind in KINDS
        for p in kind.parameters
        for choice in p.choices
        if p.name not in ("scope", "means")
    }
    offsets = [f.options["offset"] for f in faults if f.kind == "clock.bump"]
    assert min(offsets) < -1
    assert max(offsets) > 1


def test_a_scenario_comes_once_and_for_long():
    for seed in range(30):
        faults = draw(seed, "scenario.figure8")

        assert [fault.kind for fault in faults] == ["scenario.figure8"]
        assert 4.0 <= faults[0].duration <= 8.0


def test_bursts_bunch_faults_together():
    def spread(faults):
        gaps = sorted(b.at - a.at for a, b in itertools.pairwise(faults))
        return gaps[len(gaps) // 2]

    def mean_spread(bursts):
        runs = [draw(seed, "net", bursts=bursts) for seed in range(60)]
        spreads = [spread(faults) for faults in runs if len(faults) >= 10]
        return sum(spreads) / len(spreads)

    assert mean_spread(bursts=1) < mean_spread(bursts=0) / 3


@pytest.mark.parametrize(
    ("nodes", "claims"),
    [(3, None), (5, None), (5, Claims(("process", "net"), 1)), (4, Claims(EVERYTHING, max_down=0))],
)
def test_survivable_faults_stay_within_the_claims(nodes, claims):
    drawn = [draw(seed, nodes=nodes, survivable=True, claims=claims) for seed in range(60)]

    claims = claims or Claims(EVERYTHING)
    assert {regime(faults, nodes, claims) for faults in drawn} == {"survivable"}
    assert sum(map(len, drawn)) > 200
    most = max(most_down(faults, nodes) for faults in drawn)
    assert most == claims.limit(nodes)


def test_without_that_option_some_runs_go_beyond():
    assert {regime(draw(seed), 5, Claims(EVERYTHING)) for seed in range(60)} == {
        "survivable",
        "beyond",
    }


def test_nothing_to_draw_from_gives_no_faults():
    assert draw(1, "none") == ()
    assert draw(1, "clock", survivable=True, claims=Claims(("net",))) == ()


def test_what_is_fixed_is_not_drawn():
    fixed = Fixed(target="n2", duration=0.5, options={"shape": "one"})
    faults = draw(1, "partition", fixed=fixed)

    assert len(faults) > 1
    assert {(f.target, f.duration, f.options["shape"]) for f in faults} == {("n2", 0.5, "one")}


@pytest.mark.parametrize(
    ("kinds", "how", "complaint"),
    [
        ("partitoin", {}, "did you mean partition"),
        ("kill", {"density": 0}, "density is 0"),
        ("kill", {"bursts": -1}, "bursts is -1"),
        (
            "kill",
            {"fixed": Fixed(duration=11.0)},
            "duration is 11.0: faults last from 0 to the 10 s",
        ),
        ("kill", {"fixed": Fixed(target="n7")}, "target 'n7' names no server"),
        ("kill", {"fixed": Fixed(options={"shape": "one"})}, "unknown option 'shape'"),
    ],
)
def test_a_draw_that_makes_no_sense_is_refused(kinds, how, complaint):
    with pytest.raises(InvalidPlan) as raised:
        draw(1, kinds, **how)

    assert complaint in str(raised.value)


def test_resolved_kinds_may_be_drawn_from_as_well():
    assert draw(1, resolve("clock")) == draw(1, "clock")
