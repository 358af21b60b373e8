"""Files of an unmodified program: those that it writes are on its host's simulated disk."""
