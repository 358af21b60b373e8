"""Calls between services: what they had for effect, how often they were tried, who was spared.

>>> exactly_once_effect().name
'exactly-once-effect'
"""

from splitbrain.checkers.calls.breakers import breaker_states
from splitbrain.checkers.calls.echoes import echoed
from splitbrain.checkers.calls.effects import exactly_once_effect
from splitbrain.checkers.calls.retry_budgets import retries

__all__ = ["breaker_states", "echoed", "exactly_once_effect", "retries"]
