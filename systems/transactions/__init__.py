"""Transactions: several operations as one, in spite of concurrency and crashes (DDIA chapter 7).

Each folder is a system: strict two-phase locking with a write-ahead log, snapshot isolation, its
serializable form, and two-phase commit over partitions (chapter 9). `summary` is the sketch with
its weaknesses. The modules here are what they share: the client, the shell of a server, the log,
and the manager of transactions.
"""
