"""The ledger as a state machine: what the log of a consensus protocol is applied to.

("pay", key, (request, account, amount)) -> its position; refused if the key was another payment's
("ledger",)                              -> all payments, in order     (query)

>>> ledger = LedgerMachine()
>>> ledger.apply(("pay", 17, (17, "a", 5))), ledger.apply(("pay", 17, (17, "a", 5)))
(('ok', 1), ('ok', 1))
>>> ledger.apply(("pay", 17, (17, "a", 6)))[0], ledger.query(("ledger",))
('refused', ('ok', ((17, 'a', 5),)))
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.consensus.asking import OK, REFUSED


class LedgerMachine:
    """The replicated ledger.

    Invariant: a key is in it at most once.

    Attributes:
        payments: all that had their effect, in order, each with its key.
        positions: where a key is, counted from 1.
    """

    def __init__(self) -> None:
        self.payments: list[tuple[Any, tuple[Any, ...]]] = []
        self.positions: dict[Any, int] = {}

    def apply(self, operation: Any) -> tuple[str, Any]:
        """Pay, once for each key."""
        match operation:
            case ("pay", key, (int(), str(), int()) as payment):
                position = self.positions.get(key)
                if position is None:
                    self.payments.append((key, payment))
                    self.positions[key] = position = len(self.payments)
                elif self.payments[position - 1][1] != payment:
                    return REFUSED, f"{key} was another payment"
                return OK, position
        return self.query(operation)

    def query(self, operation: Any) -> tuple[str, Any]:
        """All payments."""
        if operation == ("ledger",):
            return OK, tuple(payment for _, payment in self.payments)
        return REFUSED, f"unknown operation {operation!r}"

    def state(self) -> tuple[tuple[int, Any], ...]:
        """By position, the key and the payment."""
        return tuple(enumerate(self.payments, 1))

    def restore(self, state: Any) -> None:
        """Become what `state` said."""
        self.payments = [(key, payment) for _, (key, payment) in state]
        self.positions = {key: position for position, (key, _) in state}
