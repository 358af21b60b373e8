"""Workloads of services and pipelines: payments, caches, schemas, batch jobs, streams."""
