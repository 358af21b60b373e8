"""Words for operations, as data: how a story and a picture tell what a client did.

    Words("writes {argument.0:name} = {argument.1}", "{argument.0:name}={argument.1}")
    Words("reads {argument.0:name}[ -> {result.1}]", "{argument.0:name}->{result.1}")

In braces stands ``argument`` (what the operation was invoked with), ``result`` (what it completed
with, which exists if it was ``ok``), ``done`` (the result if there is one, else the argument), or
``number`` (its number among the operations of its f, from 1); then parts of it by position or name,
each after a dot.
``:name`` shows a key or a client as a name, without quotes; ``:transaction`` shows a list of
micro-operations. Brackets enclose what is left out when a part of it does not exist; outside of
brackets such a part is a question mark.

They are templates rather than code, so a run keeps them beside its history, and a report of it
needs none of the code that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """How an operation is told.

    Attributes:
        phrase: a verb phrase of which the client is the subject.
        label: the operation in a few characters, to stand inside a bar.
        leaves: the value that the object has after it, or "" for an operation that leaves none.
    """

    phrase: str
    label: str = "{argument}"
    leaves: str = ""

    def to_json(self) -> dict[str, str]:
        """The words as JSON-able data; `words_from_json` reads them."""
        return {"phrase": self.phrase, "label": self.label, "leaves": self.leaves}


_FIELDS = ("phrase", "label", "leaves")


def words_from_json(data: Any) -> dict[str, Words]:
    """Words by f, from what a run kept; anything else than words is left out."""
    if not isinstance(data, Mapping):
        return {}
    return {
        str(f): Words(*(entry[name] for name in _FIELDS))
        for f, entry in data.items()
        if isinstance(entry, Mapping) and all(isinstance(entry.get(n), str) for n in _FIELDS)
    }
