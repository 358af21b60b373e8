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

INFERRED = 64
"""With ww or rw and a kind of time: versions must be in that order, or time and at most one rw
close a cycle. Such a dependency takes part in cycles in which all its bits may."""

EVERY = 255
"""All bits of a kind."""

PER_KEY = 128
"""Real time among transactions that touch the same key."""

TIME = PROCESS | REALTIME | PER_KEY
ANTI = RW | RW_PREDICATE
"""Kinds that time brings, and anti-dependencies."""

INTERNAL, FUTURE, ABORTED, INTERMEDIATE = 1, 2, 4, 8
INCOMPATIBLE, REPEATED, GARBAGE, REORDERED = 16, 32, 64, 128
"""What is wrong with a read, as bits."""
