"""Workloads of transactions, and of what transactions protect."""
