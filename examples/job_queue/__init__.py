"""A queue of jobs over TCP, written with asyncio; its first form loses jobs that it accepted."""
