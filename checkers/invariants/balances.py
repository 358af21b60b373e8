"""Money neither appears nor vanishes: transfers between accounts, and reads of all of them.

*Property.* Every read shows the same total, a balance of each account, and none below zero unless
overdrafts are allowed. Snapshot isolation gives it, read committed does not (read skew; Kleppmann,
"Designing Data-Intensive Applications", chapter 7, "Snapshot Isolation and Repeatable Read"). As
Jepsen's bank workload.

*History.* ``read`` returns an object of accounts and balances, or a list of balances, in which the
accounts are numbered from 0; ``transfer`` has ``{"from": 6, "to": 1, "amount": 2}``.

*Left out.* Whether the balances are those that the transfers make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict

WITNESSES = 8


def bank(*, total: int | None = None, negative: bool = False) -> Checker:
    """A checker: every read of the accounts shows the same total.

    Args:
        total: what the balances sum up to; None takes the first successful read's sum.
        negative: whether balances may be below zero.
    """
    return Bank(total, negative)


@dataclass(frozen=True, slots=True)
class Bank:
    """The checker that `bank` makes."""

    total: int | None
    negative: bool

    @property
    def name(self) -> str:
        """``bank``."""
        return "bank"

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.models.ModelError: a read returned no balances.
        """
        calls = [call for call in history.calls() if call.outcome == OK]
        reads = [(call, _balances(call)) for call in calls if call.f == "read"]
        transfers = sum(call.f == "transfer" for call in calls)
        coverage = {"reads": len(reads), "transfers": transfers}
        if not reads:
            reason = "no read of the accounts succeeded, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        total = _sum(reads[0][1]) if self.total is None else self.total
        accounts = list(reads[0][1])
        anomalies = [a for call, found in reads for a in self._wrong(call, found, total, accounts)]
        cost = {"anomalies": len(anomalies)}
        claim = {"total": total, "given": self.total is not None, "negative": self.negative}
        if anomalies:
            kept = tuple(anomalies[:WITNESSES])
            return Verdict(self.name, INVALID, kept[0].message, kept, claim, coverage, cost)
        if not transfers and self.total is None:
            reason = "no transfer succeeded, so nothing was exercised"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage, cost=cost)
        reason = f"{len(reads)} reads of {len(accounts)} accounts all show a total of {total}"
        return Verdict(self.name, VALID, reason, (), claim, coverage, cost)

    def _wrong(
        self, call: Call, balances: Mapping[str, int | None], total: int, accounts: list[str]
    ) -> list[Anomaly]:
        index = event_of(call)
        found = []
        missing = [account for account, balance in balances.items() if balance is None]
        if missing:
            message = f"operation {index} read no balance of {missing}"
            found.append(Anomaly("no-balance", message, (index,), {"accounts": missing}))
        elif set(balances) != set(accounts):
            different = sorted(set(balances) ^ set(accounts))
            message = f"operation {index} read other accounts than the first: {different} differ"
            found.append(Anomaly("wrong-accounts", message, (index,), {"accounts": different}))
        elif _sum(balances) != total:
            message = (
                f"operation {index} (process {call.process}) read a total of {_sum(balances)}, "
                f"which must be {total}"
            )
            found.append(Anomaly("wrong-total", message, (index,), {"balances": dict(balances)}))
        below = {
            account: held for account, held in balances.items() if held is not None and held < 0
        }
        if below and not self.negative:
            message = f"operation {index} read negative balances: {below}"
            found.append(Anomaly("negative-balance", message, (index,), {"balances": below}))
        return found


def _sum(balances: Mapping[str, int | None]) -> int:
    return sum(balance for balance in balances.values() if balance is not None)


def _balances(call: Call) -> dict[str, int | None]:
    value: Any = call.result
    if isinstance(value, (list, tuple)):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping) or not all(
        balance is None or type(balance) is int for balance in value.values()
    ):
        raise ModelError(
            event_of(call),
            f"a read of the bank returned {shown(call.result)}; it must return an object of "
            "balances, or a list of them",
        )
    return {str(account): balance for account, balance in value.items()}
