"""The φ accrual failure detector: not whether a node is dead, but how sure one may be.

A detector that waits for a fixed time is wrong on a slow network and slow on a fast one (DDIA
chapter 8, "Timeouts and Unbounded Delays"). This one keeps how long it took to hear from a node so
far, and tells by a normal distribution with their mean and deviation how unlikely it is that the
node is only late:

    φ(t) = -log10( P(it takes longer than t) )

With φ > 1 one is wrong in one case of ten, with φ > 8 in one of a hundred million, if delays go on
being what they were.

Source: Hayashibara, Défago, Yared and Katayama, "The φ Accrual Failure Detector", SRDS 2004;
the approximation of the normal distribution is Akka's, by the logistic function.

>>> detector = Accrual(least_deviation=0.1)
>>> for _ in range(10):
...     detector.heard(1.0)
>>> [round(detector.phi(silence), 1) for silence in (0.5, 1.0, 1.2, 1.5)]
[0.0, 0.3, 1.6, 7.3]
"""

from __future__ import annotations

from collections import deque
from math import exp, inf, log10, sqrt

WINDOW = 50
"""How many delays are kept."""


class Accrual:
    """What is known of one node.

    Args:
        least_deviation: deviation that is assumed at least, in seconds: few delays that are all
            alike don't make certain.
        window: how many delays are kept.
    """

    def __init__(self, least_deviation: float, window: int = WINDOW) -> None:
        self._least = least_deviation
        self._delays: deque[float] = deque(maxlen=window)

    def heard(self, delay: float) -> None:
        """It was heard from after so many seconds."""
        self._delays.append(delay)

    def phi(self, silence: float) -> float:
        """How sure one may be that it is dead after so many seconds; 0 while nothing is known."""
        if not self._delays:
            return 0.0
        mean = sum(self._delays) / len(self._delays)
        variance = sum((delay - mean) ** 2 for delay in self._delays) / len(self._delays)
        distance = (silence - mean) / max(sqrt(variance), self._least)
        later = _longer_than(distance)
        return -log10(later) if later > 0 else inf


def _longer_than(distance: float) -> float:
    """The chance that a normal variable is so many deviations above its mean, or more."""
    slope = exp(min(700.0, -distance * (1.5976 + 0.070566 * distance * distance)))
    return slope / (1 + slope) if distance > 0 else 1 - 1 / (1 + slope)
