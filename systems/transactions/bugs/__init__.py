"""Planted bugs of the transactional systems: the system as it is, with one decision wrong.

Each overrides one small method from outside; ids are those of the catalogue of bugs.
"""

from splitbrain.harness.bug import Bug
from splitbrain.systems.transactions.bugs import snapshots, two_phase_commit, two_phase_locking

BUGS: tuple[Bug, ...] = (*two_phase_locking.BUGS, *snapshots.BUGS, *two_phase_commit.BUGS)

__all__ = ["BUGS"]
