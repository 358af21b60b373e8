"""Transaction isolation."""
