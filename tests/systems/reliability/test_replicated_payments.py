"""Payments over Raft: a leader dies with an answer unsent, and the next one knows what was paid."""

from __future__ import annotations

import msgspec
import pytest

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.systems.consensus.sessions import Sessionless
from splitbrain.systems.registry import experiment
from splitbrain.systems.reliability.replicated_payments.ledger import LedgerMachine

PAY = ("pay", 17, (17, "a", 5))


def test_a_key_is_known_after_a_snapshot():
    one, other = Sessionless(LedgerMachine()), Sessionless(LedgerMachine())
    one.apply(1, ("command", 0, 0, PAY))
    other.restore(msgspec.msgpack.encode(msgspec.msgpack.decode(one.snapshot())))

    assert other.apply(2, ("command", 0, 0, PAY)) == ("ok", 1)
    assert other.query(("ledger",)) == ("ok", ((17, "a", 5),))


@pytest.mark.parametrize("seed", range(3))
def test_each_payment_is_made_once_while_leaders_die(seed):
    deaths = tuple(
        Fault("process.kill", at=1.0 + 1.2 * n, duration=0.8, target="leader", id=f"dies-{n}")
        for n in range(3)
    )
    operations = tuple(
        PlannedOperation(0.8 + 0.03 * n, n % 4, "pay", [n, "a", 1]) for n in range(120)
    )
    plan = Plan("payments-replicated", "payments", seed=seed, clients=5, time_limit=5.0)
    result = run(experiment(plan.with_(operations=operations, faults=deaths)))

    assert result.validity is VALID, result.verdicts
    (last, *_) = [c.result for c in result.history.calls() if c.f == "ledger"][-1:]
    assert len(last) >= 40
