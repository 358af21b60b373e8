"""A lock service with fencing tokens, on trio; its first form forgets who holds the lock."""
