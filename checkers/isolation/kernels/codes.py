"""Codes in the arrays of transactions: outcomes, micro-operations, kinds of dependencies."""

from __future__ import annotations

from splitbrain.checkers.history.columns import FAIL_CODE, INFO_CODE, OK_CODE

OK, FAIL, INFO = OK_CODE, FAIL_CODE, INFO_CODE
"""How a transaction ended, in `Transactions.status`."""

WRITE, READ = 0, 1
"""What a micro-operation does. An append is a write."""

NONE = -1
"""No such transaction, micro-operation, element or key."""

WW, WR, RW, PROCESS, REALTIME, RW_PREDICATE = 1, 2, 4, 8, 16, 32
"""Kinds of dependencies, as bits: a set of kinds is a sum. The last is a predicate read's rw."""

TIME = PROCESS | REALTIME
ANTI = RW | RW_PREDICATE
"""Kinds that time brings, and anti-dependencies."""

INTERNAL, FUTURE, ABORTED, INTERMEDIATE = 1, 2, 4, 8
INCOMPATIBLE, REPEATED, GARBAGE, REORDERED = 16, 32, 64, 128
"""What is wrong with a read, as bits."""
