"""Histories of registers that transactions overwrite; reads show little of their order."""
