"""Snapshot isolation, plain and serializable (DDIA chapter 7)."""
