"""Faults as one writes them in a test."""

import pytest

from splitbrain.harness import faults
from splitbrain.harness.nemesis.catalogue import KINDS, check_fault
from splitbrain.harness.nemesis.claims import Claims, regime
from splitbrain.harness.plan import Fault, InvalidPlan, Plan

PLAN = Plan("raft", "register", nodes=3, time_limit=10.0)

SHORT_FORMS = {
    "member.dead": faults.dead(),
    "member.away": faults.away(),
    "member.add": faults.member_add(),
    "member.remove": faults.member_remove(),
    "member.replace": faults.member_replace(),
    "leader.transfer": faults.leader_transfer(),
    "member.contested": faults.contested(),
    "shard.move": faults.shard_move(),
    "shard.split": faults.shard_split(),
    "shard.merge": faults.shard_merge(),
    "shard.rebalance": faults.rebalance(times=4),
    "process.kill": faults.kill(),
    "process.terminate": faults.terminate(patience=1.0),
    "process.power_loss": faults.power_loss(policy="any_subset"),
    "process.pause": faults.pause(),
    "change.aborted": faults.change_aborted(delay=0.1),
    "change.unheard": faults.stale_routers(),
    "lease.outlived": faults.outlived(),
    "stamp.behind": faults.outdated(),
    "version.change": faults.version_change(),
    "version.upgrade": faults.rolling_upgrade(),
    "version.rollback": faults.rolling_back(),
    "service.answers_lost": faults.answers_lost(probability=0.5),
    "service.error_fast": faults.error_fast(),
    "service.slow": faults.slow_server(share=0.1),
    "service.load_spike": faults.load_spike(times=3.0),
    "net.partition": faults.partition(shape="one"),
    "net.partition_oneway": faults.partition_oneway(direction="in"),
    "net.latency": faults.latency(delay=0.2),
    "net.loss": faults.loss(probability=0.2),
    "net.duplicate": faults.duplicate(probability=0.2),
    "net.bandwidth": faults.bandwidth(rate=1000.0),
    "net.slicer": faults.slicer(share=1.0),
    "net.reset": faults.reset_connections(),
    "program.reorder": faults.reorder(order="pct"),
    "program.buggify": faults.buggify(share=1.0),
    "clock.bump": faults.clock_bump(offset=-2.0),
    "clock.drift": faults.clock_drift(rate=0.5),
    "clock.strobe": faults.strobe(delta=-1.0),
    "clock.freeze": faults.freeze(),
    "clock.backward": faults.backward(period=0.05),
    "clock.slew": faults.slew(rate=0.9),
    "clock.leap": faults.leap(how="smear"),
    "disk.slow": faults.disk_slow(delay=0.5),
    "disk.stall": faults.stall(),
    "disk.fsync_error": faults.fsync_error(pages="kept"),
    "disk.eio": faults.eio(probability=0.1),
    "disk.enospc": faults.disk_full(),
    "disk.short_io": faults.short_io(),
    "disk.lost_write": faults.lost_write(),
    "disk.misdirected": faults.misdirected(),
    "disk.stale_read": faults.stale_read(),
    "disk.bitrot": faults.bitrot(bits=10),
    "disk.no_room": faults.no_room(),
    "disk.empty": faults.empty_disk(),
    "disk.older": faults.older_disk(),
    "disk.truncate": faults.truncate(bytes=1),
    "disk.helix": faults.helix(),
    "client.kill": faults.client_kill(),
    "client.pause": faults.client_pause(),
    "client.partition": faults.client_partition(target="c2"),
    "client.duplicate": faults.client_duplicate(probability=0.5),
    "client.skew": faults.client_skew(),
    "scenario.figure8": faults.figure8(),
    "scenario.rollback": faults.rollback(),
    "scenario.split_vote_storm": faults.split_vote_storm(),
}


def test_every_kind_has_a_short_form():
    assert list(SHORT_FORMS) == [kind.id for kind in KINDS]


@pytest.mark.parametrize("kind", list(SHORT_FORMS))
def test_a_short_form_draws_its_kind_only(kind):
    drawn = SHORT_FORMS[kind].draw(1, PLAN)

    assert {fault.kind for fault in drawn} == {kind}
    for fault in drawn:
        check_fault(fault, PLAN.servers, PLAN.client_hosts)


def test_a_fault_at_a_given_time_is_the_same_in_every_run():
    source = faults.partition(shape="leader", at=2.0, duration=1.5)
    options = {"shape": "leader"}
    expected = (Fault("net.partition", 2.0, 1.5, "one", options, id="partition-1"),)

    assert source.draw(1, PLAN) == source.draw(2, PLAN) == expected


def test_a_fault_without_a_time_comes_at_random_times_as_given():
    source = faults.power_loss(policy="keep_prefix", target="majority")
    drawn = source.draw(1, PLAN)

    assert drawn == source.draw(1, PLAN) != source.draw(2, PLAN)
    assert len({fault.at for fault in drawn}) > 1
    assert {(f.target, f.options["policy"]) for f in drawn} == {("majority", "keep_prefix")}


def test_sources_combine_by_start_with_ids_of_their_own():
    late, early = faults.kill(at=5.0, target="n2"), faults.pause(at=1.0, duration=0.2)

    assert [(f.id, f.kind) for f in (late | early).draw(1, PLAN)] == [
        ("pause-1.2", "process.pause"),
        ("kill-1", "process.kill"),
    ]


def test_combined_sources_draw_differently():
    both = (faults.kill() | faults.kill()).draw(1, PLAN)
    alone = faults.kill().draw(1, PLAN)

    assert {fault.at for fault in alone} < {fault.at for fault in both}
    assert len({fault.at for fault in both}) > len(alone)


def test_three_sources_combine():
    three = faults.kill(at=1.0) | faults.pause(at=2.0) | (faults.figure8(at=3.0) | faults.none())

    assert len(three.draw(1, PLAN)) == 3


def test_none_draws_nothing():
    assert faults.none().draw(1, PLAN) == ()


def test_a_swarm_is_the_same_for_the_same_seed_only():
    assert faults.swarm().draw(1, PLAN) == faults.swarm().draw(1, PLAN)
    assert faults.swarm().draw(1, PLAN) != faults.swarm().draw(2, PLAN)


def test_a_swarm_may_stay_within_the_claims():
    claims = Claims(("process",))
    source = faults.swarm("process,clock", survivable=True, claims=claims)

    assert {regime(source.draw(seed, PLAN), 3, claims) for seed in range(20)} == {"survivable"}


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: faults.swarm("partitoin"), "did you mean partition"),
        (lambda: faults.partition(shape="cube"), "one of halves, one, leader"),
        (lambda: faults.loss(probability=2.0), "between 0 and 1"),
        (lambda: faults.kill(at=-1.0), "it can't be negative"),
        (lambda: faults.of("clock"), "'clock' is not one kind of fault"),
        (lambda: faults.of("kill", shape="one"), "unknown option 'shape'"),
    ],
)
def test_mistakes_show_where_they_are_made(make, complaint):
    with pytest.raises(InvalidPlan) as raised:
        make()

    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (faults.kill(at=11.0), "starts at 11.0 s, after the 10 s of load"),
        (faults.kill(at=1.0, target="n4"), "target 'n4' names no server"),
        (faults.kill(target="n4"), "target 'n4' names no server"),
        (faults.pause(duration=20.0), "duration is 20.0"),
    ],
)
def test_faults_that_do_not_fit_the_plan_are_refused_when_drawn(source, complaint):
    with pytest.raises(InvalidPlan) as raised:
        source.draw(1, PLAN)

    assert complaint in str(raised.value)
