"""Faults: what there is, whom they strike, when they come, and performing them on a world."""
