"""The published TLA+ specification of Raft, and what holds a running server to it."""
