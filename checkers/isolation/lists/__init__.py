"""Histories of lists that transactions append to: each read shows its list's order of versions."""
