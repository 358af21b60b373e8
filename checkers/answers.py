"""What each server did when it was asked in the end, as the history has it
(`splitbrain.checkers.vocabulary.ANSWERS`)."""

from __future__ import annotations

from collections.abc import Mapping

from splitbrain.checkers.history import NEMESIS, History
from splitbrain.checkers.vocabulary import ANSWERS


def servers_that(history: History, did: str) -> list[str]:
    """Servers that did this (``ok``, ``refused``, ``silent``, ``gone``) when they were asked
    last."""
    told = [event.value for event in history.events(ANSWERS, NEMESIS)]
    last = told[-1] if told and isinstance(told[-1], Mapping) else {}
    return [str(server) for server, seen in last.items() if seen == did]
