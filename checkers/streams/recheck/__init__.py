"""Verdicts on logs and on what is made of them checked again, by code that imports no detector."""
