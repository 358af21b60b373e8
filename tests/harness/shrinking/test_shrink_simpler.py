"""What shrinking tries with the parts that are left: simpler settings, times and values."""

from splitbrain.harness import Fault, Plan, PlannedOperation
from splitbrain.harness.shrinking import removal, simpler
from splitbrain.harness.shrinking.measure import size

TRANSFER = PlannedOperation(4.0, 0, "txn", [["r", "x", None], ["append", "y", 70]])
ADD = PlannedOperation(6.5, 2, "add", 900)
KILL = Fault("process.kill", 5.0, 0.5, "n1", id="f1")
PLAN = Plan("s", "w", clients=3, time_limit=10.0, faults=(KILL,), operations=(TRANSFER, ADD))


def candidates(changes, plan=PLAN):
    return [changed for change in changes(plan) if size(changed := change(plan)) < size(plan)]


def test_any_micro_operation_of_a_transaction_can_go_and_the_last_takes_it_along():
    parts = removal.micros_of(PLAN)
    assert parts == [(0, 0), (0, 1)]
    assert removal.with_micros(PLAN, parts[1:]).operations[0].value == [["append", "y", 70]]
    assert removal.with_micros(PLAN, []).operations == (ADD,)


def test_times_are_pulled_forward_together_and_the_order_of_events_stays():
    plans = candidates(simpler.earlier_together)
    assert plans
    for plan in plans:
        first, last = plan.operations
        (fault,) = plan.faults
        assert first.at < fault.at < fault.at + fault.duration < last.at < plan.time_limit
    assert plans[0].time_limit == 6.6
    assert simpler.crowded(PLAN) == 0
    begun = next(p for p in plans if p.operations[0].at == 0.0)
    assert (begun.faults[0].at, begun.operations[1].at) == (1.0, 2.5)


def test_a_gap_between_events_can_be_closed_by_itself():
    closed = [
        (p.operations[0].at, p.operations[1].at) for p in candidates(simpler.earlier_together)
    ]
    assert (4.0, 5.6) in closed  # the second between the end of the fault and the last operation


def test_what_events_lack_in_distance_is_added_up():
    near = PLAN.with_(operations=(ADD, PlannedOperation(6.55, 0, "add", 1)))
    assert simpler.crowded(near) == 0.05
    assert simpler.crowded(near.with_(faults=(Fault("process.kill", 6.5, 0.04, "n1"),))) == 0.25


def test_numbers_become_small_in_order_and_the_same_everywhere():
    again = PLAN.with_(operations=(*PLAN.operations, PlannedOperation(7.0, 1, "add", 70)))
    first = next(iter(candidates(simpler.smaller_values, again)))
    assert [o.value for o in first.operations] == [[["r", "x", None], ["append", "y", 1]], 2, 1]


def test_words_and_truth_are_no_numbers():
    plan = PLAN.with_(operations=(PlannedOperation(1.0, 0, "write", ["k900", True]),))
    assert candidates(simpler.smaller_values, plan) == []


def test_settings_of_the_machinery_go_back_to_their_defaults_and_the_workloads_own_stay():
    options = {"network": {"late": 0.5, "lateness": 2.0}, "disk": {"fsync_latency": 1.0}, "keys": 2}
    plan = PLAN.with_(rate=99.0, options=options)
    best = plan
    for change in simpler.plainer_settings(plan):
        best = change(best)
    assert (best.rate, best.options) == (20.0, {"keys": 2})
    partly = [p.options for p in candidates(simpler.plainer_settings, plan)]
    assert {**options, "network": {"late": 0.5}} in partly


def test_every_simpler_plan_is_smaller_so_that_shrinking_ends():
    best, steps = PLAN, 0
    changes = (simpler.earlier_together, simpler.simpler_faults, simpler.earlier_operations)
    moved = True
    while moved:
        moved = False
        for each in changes:
            for change in each(best):
                if size(candidate := change(best)) < size(best):
                    best, steps, moved = candidate, steps + 1, True
        assert steps < 200
    assert [o.at for o in best.operations] == [0.0, 0.0]
