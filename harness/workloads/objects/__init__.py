"""Workloads on objects that stand alone: registers, stores, sets, queues, locks, logs."""
