"""Two-phase commit over partitions (DDIA chapter 9)."""
