"""What the arrays of the search's kernels hold.

Arrays of integers, of 32 bits where there is an element for each event or operation (`FAR_FUTURE`
is more than there may be), and of 64 bits elsewhere:

* ``events``, key by key: i for an invocation, ~i for a completion;
* ``ops``, a row for each operation, key by key, in order of invocation; columns below;
* ``keys``, a row for each key and one more; columns below;
* ``optionals``: the operations that need not happen, key by key;
* ``m``, the machine: registers (below), then the masks of placed and of used operations, then the
  open required operations that are not placed, in any order. Masks are words of 32 bits. Required
  operations have slots, which are used again once their operation has completed; optional ones a
  bit each, in words of their own;
* ``frames``, the stack: position, state, last blind position, length of the log, number of optional
  operations begun, whether the forcing operation may be inserted after the fact, whether optional
  operations were not yet considered, the masks, masks of what is still to try, and of what
  required operations were to try;
* ``wanted``: by value, the number of the last walk over waiting operations in which one needed it;
* ``tree``: the strings of `_trie_kernels`, three arrays; empty for registers;
* ``log``: operations placed, in order, each twice its number, plus one if inserted after the fact;
  each key has the places of its operations. ``best`` is the same, of the furthest dead end.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
Tree = tuple[Array, Array, Array]

ANY, EXTENDS = -1, -2
BITS, SHIFT, LAST_BIT = 32, 5, 31

# Why `run` returns.
DONE, PAUSED, TABLE_FULL = 0, 1, 2
# What became of a key.
OPEN, FOUND, NONE, EXHAUSTED = 0, 1, 2, 3

# Columns of ``ops``: value needed, ANY or EXTENDS; value left, or for an append its string; whether
# it need not happen, its slot or number among its key's optional ones, events of invocation and
# completion (far in the future for optional ones), number of the interchangeable optional one to
# use before it, or -1, and where it is in the machine while it waits.
NEED, LEAVE, OPTIONAL, BIT, INVOKED_AT, COMPLETED_AT, EARLIER, WHERE = range(8)
COLUMNS = 8

# Columns of ``keys``: where its events, operations and optional ones begin, its initial value, how
# many slots it takes, the number of its empty string; then what was found: status, configurations
# explored, furthest event, the operation that couldn't be placed there, operations in its part of
# the log (or of the best).
EVENTS, OPERATIONS, OPTIONALS, INITIAL, SLOTS, ROOT = range(6)
STATUS, TRIED, FURTHEST, BLOCKED, LENGTH = range(6, 11)

# Registers.
AT, MODE, POSITION, STATE, LAST, LOG, DEPTH, UNUSED, WAITING, FIRST = range(10)
EXPLORED, LIMIT, STAMP, STOP, ENTRIES = range(10, 15)
FAR, FAR_LOG, FAR_KEPT, FAR_SAVED, FAR_FORCING, WORDS, MORE = range(15, 22)
DEAD, ABSENT, EMPTY, HOPELESS_AT = range(22, 26)  # the last: an event that no order can pass
# Whether something was given up unexplored, how many frames were below it, whether nothing may be
# given up, and whether operations that need a value go first.
SKIPPED, TAINTED, CAREFUL, NEEDY_FIRST = range(26, 30)
# How many dead ends there were in a key, and how many there may be before the search pauses.
DEAD_ENDS, PATIENCE = 30, 31
# How many appends wait, and how often the search was stuck and went back.
APPENDS, VARIANT = 32, 33
PLACED = 34

START, FORWARD, BACKWARD = 0, 1, 2
# What became of going on from the topmost frame.
ONWARD, BACK, NOWHERE = 0, 1, 2

F_POSITION, F_STATE, F_LAST, F_LOG, F_UNUSED, F_AFTER, F_NARROW, F_MASKS = range(8)

FAR_FUTURE = 1 << 30
