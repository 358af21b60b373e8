"""Verdicts on replicated data checked again, by code that imports no detector."""
