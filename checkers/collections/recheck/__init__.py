"""Verdicts on collections checked again, by code that imports none of the checkers."""
