"""Chapters 11 and 12: streams, and what is derived from them."""
