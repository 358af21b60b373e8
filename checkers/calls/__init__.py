"""Calls between services: what they had for effect, how often they were tried, who was spared.

>>> exactly_once_effect().name
'exactly-once-effect'
"""

from splitbrain.checkers.calls.balancing import (
    balance,
    drained,
    no_request_to_dead,
    requests_counted,
)
from splitbrain.checkers.calls.breakers import breaker_states
from splitbrain.checkers.calls.echoes import echoed
from splitbrain.checkers.calls.effects import exactly_once_effect
from splitbrain.checkers.calls.retry_budgets import backoff_spread, retry_amplification

__all__ = [
    "backoff_spread",
    "balance",
    "breaker_states",
    "drained",
    "echoed",
    "exactly_once_effect",
    "no_request_to_dead",
    "requests_counted",
    "retry_amplification",
]
