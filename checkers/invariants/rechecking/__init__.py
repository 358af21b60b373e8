"""Verdicts on invariants checked again, by code that shares nothing with the checkers."""
