"""Histories of reads by predicate: what they matched, and what they should have."""
