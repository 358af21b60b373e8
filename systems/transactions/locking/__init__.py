"""Strict two-phase locking with a write-ahead log (DDIA chapter 7)."""
