"""Caches: how old what they give may be, what they may be filled with, and who asks behind them.

>>> cache_coherent(bound=1.0).name, no_stale_set().name, single_flight().name
('cache-coherent', 'no-stale-set', 'single-flight')
"""

from splitbrain.checkers.caching.coherence import cache_coherent
from splitbrain.checkers.caching.filling import no_stale_set, single_flight

__all__ = ["cache_coherent", "no_stale_set", "single_flight"]
