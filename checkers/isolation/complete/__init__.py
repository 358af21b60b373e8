"""The complete search of rw-register histories: prune what is certain, order the rest, refute."""
