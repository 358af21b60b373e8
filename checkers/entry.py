"""What a checker is to those that use it by name: one complete entry.

A checker is added by a module that exports one of these and a line in
`splitbrain.checkers.registry.PATHS`. Outside of this repository it needs no line: the entry is
named by its import path (``package.module:ENTRY``), or by the name of an entry point of the group
``splitbrain.checkers``.

    ENTRY = CheckerEntry(
        "unique-ids", unique_ids, "no id is given out twice", takes=frozenset({"keyed"})
    )
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.checkers.certificate import Certified, NoCertificate
from splitbrain.checkers.history import History, load
from splitbrain.checkers.history.source import Content
from splitbrain.checkers.verdict import UNKNOWN, Checker, Shape, Verdict

Verify = Callable[[History, Verdict, Mapping[str, Any]], Certified]

SEARCHING = frozenset({"keyed", "budget", "algorithm", "progress", "consistency"})
"""What checkers that search take; see `CheckerEntry.takes`."""


@dataclass(frozen=True, slots=True)
class CheckerEntry:
    """A checker, by name.

    Attributes:
        name: what a command line calls it, and what its verdicts are named after: ``NAME``,
            ``NAME(MORE)`` or ``FAMILY(NAME)``.
        make: makes the checker from its options, which are its keyword arguments; a ``TypeError``
            or ``ValueError`` means an option that it doesn't take.
        description: what it is for, in a few words.
        takes: which of the common options `make` takes: ``keyed``, ``consistency``, ``budget`` (a
            `splitbrain.checkers.linearizability.Budget`), ``algorithm``, ``progress``.
        read: reads a history, a file or what one holds, in the form that suits the checker.
        verify: checks a verdict against the history by independent code, given the options that the
            checker was made with; None if there is no such code. It raises `CertificateError` for
            evidence that is wrong and `NoCertificate` if there is none.
        shape: what its anomalies mostly look like.
    """

    name: str
    make: Callable[..., Checker]
    description: str
    takes: frozenset[str] = frozenset()
    read: Callable[[Path | Content], History] = load
    verify: Verify | None = None
    shape: Shape = Shape.OPERATIONS

    def judged(self, checker: str) -> bool:
        """Whether a verdict's ``checker`` names this one."""
        family, _, rest = checker.partition("(")
        return self.name in (family, rest.removesuffix(")"))

    def verified(
        self, history: History, verdict: Verdict, options: Mapping[str, Any] | None = None
    ) -> Certified:
        """What independent code finds of a verdict.

        Raises:
            splitbrain.checkers.certificate.CertificateError: the evidence is wrong.
            splitbrain.checkers.certificate.NoCertificate: there is nothing that can be checked.
        """
        if self.verify is None:
            raise NoCertificate(f"verdicts of {self.name} have no certificate that can be verified")
        if verdict.validity is UNKNOWN:
            raise NoCertificate("the verdict is unknown, so there is nothing to verify")
        return self.verify(history, verdict, options or {})
