"""A replicated key-value store over HTTP, and what is wrong with its first form."""
