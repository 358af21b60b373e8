"""Replication: keeping a copy of the data on several servers (DDIA chapter 5)."""
