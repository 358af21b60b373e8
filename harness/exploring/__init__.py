"""Any async test under many schedules: `explore`.

@explore(runs=200)
async def test_order_lifecycle(): ...

schedule.py      which ready task goes first, and where that departs from the order of readiness
strategies.py    at random, or by priorities (PCT)
systematic.py    all schedules with few departures
trying.py        one run in a world of one process, and what became of it
exploration.py   many runs, the first failure, and the fewest departures that still give it
"""

from __future__ import annotations

from splitbrain.harness.exploring.exploration import Explored, explore

__all__ = ["Explored", "explore"]
