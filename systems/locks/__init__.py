"""Chapter 8: locks, leases, and what keeps them honest."""
