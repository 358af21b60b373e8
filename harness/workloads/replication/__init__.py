"""Workloads of data that is on several servers: copies that differ for a while, parts that move."""
