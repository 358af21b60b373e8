"""Lamport's regular and safe registers.

L. Lamport, "On interprocess communication, part II: Algorithms", Distributed Computing 1 (1986),
section 1: of a register with one writer,

* **safe**: a read that overlaps no write gives the value last written; one that overlaps a write
  may give any value;
* **regular**: a read gives the value last written before it, or that of a write that it overlaps.

With several writers, "the last write" is not defined where writes overlap. We take the weakest of
the usual definitions, called MWRegWeak by C. Shao, J. Welch, E. Pierce and H. Lee, "Multiwriter
consistency conditions for shared memory registers" (SIAM J. Comput. 40, 2011): for each read there
is an order of all writes and that read which respects real time. For a read r of what w wrote this
means that w began before r completed, and that no other write lies wholly between w and r. With one
writer it is Lamport's definition. Two reads may disagree about the order of writes; a linearizable
register's may not. A safe register with several writers must do as much for reads that overlap no
write.

O(n log n) in the number of operations, each read by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.consistency.reads import Bad, Fine, judge_reads
from splitbrain.checkers.consistency.recheck.reads import verify_regular, verify_safe
from splitbrain.checkers.consistency.writes import Source, Writes
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import Call, History
from splitbrain.checkers.linearizability.wording import began, ended, named
from splitbrain.checkers.models import Register, register
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import Checker, Verdict

STALE, UNWRITTEN = "stale-read", "unwritten-read"

_DEFINITION = "Lamport 1986; with several writers MWRegWeak, Shao, Welch, Pierce and Lee 2011"


def regular_register(*, initial: Any = None, keyed: bool | None = None) -> Checker:
    """A checker: every read gives a latest or an overlapping write; see the module.

    Args:
        initial: the register's value before any write.
        keyed: whether values are ``[key, value]`` with independent keys; None finds out.
    """
    return LamportRegister("regular-register", register(initial=initial), keyed, False)


def safe_register(*, initial: Any = None, keyed: bool | None = None) -> Checker:
    """A checker: every read that overlaps no write gives a latest one; see the module.

    Args:
        initial: the register's value before any write.
        keyed: whether values are ``[key, value]`` with independent keys; None finds out.
    """
    return LamportRegister("safe-register", register(initial=initial), keyed, True)


@dataclass(frozen=True, slots=True)
class LamportRegister:
    """The checker that `regular_register` and `safe_register` make.

    Attributes:
        name: ``regular-register`` or ``safe-register``.
        model: the register.
        keyed: see `regular_register`.
        safe: whether reads that overlap a write may give anything.
    """

    name: str
    model: Register
    keyed: bool | None
    safe: bool

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            splitbrain.checkers.models.ModelError: an operation is neither a read nor a write.
        """
        which = "every read that overlaps no write" if self.safe else "every read"
        return judge_reads(
            self.name,
            f"{which} gives a write that no other one lies wholly after and before it",
            self.model,
            history,
            self.keyed,
            self._judge,
            {"algorithm": "interval tests, O(n log n)", "definition": _DEFINITION},
        )

    def _judge(self, writes: Writes, reads: Sequence[Call]) -> list[Fine | Bad]:
        return [self._judged(writes, read) for read in reads]

    def _judged(self, writes: Writes, read: Call) -> Fine | Bad:
        if self.safe and writes.overlapping(read) is not None:
            return Fine(constrained=False)
        source = writes.source(read)
        if source is None:
            return unwritten(writes, read)
        latest = writes.latest_completed_by(read.invoked)
        if latest is not None and latest.invoked > source.end:
            return stale(writes, read, source, latest)
        return Fine(True, source.write)


def unwritten(writes: Writes, read: Call) -> Bad:
    """A read of a value that was neither initial nor written by then."""
    sentence = (
        f"{named(writes.model, read)}, which completed at {ended(read)}, gave a value that no "
        "write begun by then wrote"
    )
    return Bad(UNWRITTEN, sentence, (read,))


def stale(writes: Writes, read: Call, source: Source, latest: Call, more: str = "") -> Bad:
    """A read of a value that was overwritten before it began."""
    model = writes.model
    wrote = (
        f"{shown(model.initial_value)}, the initial value,"
        if source.write is None
        else f"what {named(model, source.write)} wrote by {ended(source.write)}"
    )
    sentence = (
        f"{named(model, read)} began at {began(read)}, but {wrote} had been overwritten: "
        f"{named(model, latest)} began at {began(latest)} and completed at {ended(latest)}{more}"
    )
    involved = (read, latest) if source.write is None else (source.write, latest, read)
    return Bad(STALE, sentence, involved)


_TAKES = frozenset({"keyed"})

REGULAR = CheckerEntry(
    "regular-register",
    regular_register,
    "reads give a latest or an overlapping write (Lamport)",
    _TAKES,
    verify=verify_regular,
)

SAFE = CheckerEntry(
    "safe-register",
    safe_register,
    "reads that overlap no write give a latest one (Lamport)",
    _TAKES,
    verify=verify_safe,
)
