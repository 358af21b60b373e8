"""Verdicts on consistency checked again, by code that imports none of the checkers."""
