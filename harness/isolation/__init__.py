"""Which isolation a system has: scripted anomalies, and the ladder of levels."""
