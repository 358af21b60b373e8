"""Caches: how old what they give may be, what they may be filled with, who asks behind them, and
when.

>>> cache_coherent(bound=1.0).name, cache_monotonic().name, no_stale_set().name
('cache-coherent', 'cache-monotonic', 'no-stale-set')
"""

from splitbrain.checkers.caching.backwards import cache_monotonic
from splitbrain.checkers.caching.coherence import cache_coherent
from splitbrain.checkers.caching.expiries import expiry_spread
from splitbrain.checkers.caching.filling import no_stale_set, single_flight

__all__ = ["cache_coherent", "cache_monotonic", "expiry_spread", "no_stale_set", "single_flight"]
