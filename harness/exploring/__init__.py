"""Any async test under many schedules: `explore`.

@explore(runs=200)
async def test_order_lifecycle(): ...

schedule.py       which ready task goes first, and where that departs from the order of readiness
strategies.py     at random, or by priorities (PCT)
systematic.py     all schedules with few departures
disturbing.py     late timers, timeouts and cancellation at any await, split reads
course.py         all that is decided of one run
steered_loop.py   asyncio under a course; trio_steered.py trio
watching.py       what must hold meanwhile: `watch`
trying.py         one run in a world of one process, and what became of it
holding.py        who holds what others wait for
interleaving.py   the run as people read it
exploration.py    many runs, the first failure, and the fewest departures that still give it
failing.py        a failure made small, and told
"""

from __future__ import annotations

from splitbrain.harness.exploring.exploration import explore
from splitbrain.harness.exploring.failing import Explored
from splitbrain.harness.exploring.watching import watch

__all__ = ["Explored", "explore", "watch"]
