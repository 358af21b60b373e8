"""A budget for retries: a token bucket that calls fill and retries empty."""

from __future__ import annotations


class RetryBudget:
    """At most ``burst + share * calls`` retries.

    Args:
        burst: the most tokens it holds, and how many it begins with.
        share: what each call adds.

    >>> budget = RetryBudget(burst=1, share=0.5)
    >>> budget.spend(), budget.spend()
    (True, False)
    >>> budget.earn(); budget.earn(); budget.spend()
    True
    """

    def __init__(self, burst: float, share: float) -> None:
        self.burst = burst
        self.share = share
        self.tokens = burst

    def earn(self) -> None:
        """A call is made."""
        self.tokens = min(self.burst, self.tokens + self.share)

    def spend(self) -> bool:
        """Whether a retry may be made; if so, it is paid for."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True
