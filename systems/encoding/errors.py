"""What goes wrong in encoding: with the value or the bytes (`EncodingError`), or with the schema.

Each says where, as a path from the root ``$``: ``$.tags[3]: 7 is no string``.
"""

from __future__ import annotations

from typing import Any


class _Located(ValueError):
    """An error at a place.

    Attributes:
        reason: what is wrong there, in one sentence.
        path: where; empty for the root.
    """

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path

    def inside(self, step: str) -> _Located:
        """The same error, told by what contains the place: `step` is ``.name`` or ``[3]``."""
        return type(self)(self.reason, step + self.path)

    def __str__(self) -> str:
        return f"${self.path}: {self.reason}"


class EncodingError(_Located):
    """A value doesn't fit its schema, or bytes are no encoding of such a value."""


class SchemaError(_Located):
    """A schema that cannot be."""


def told(value: Any) -> str:
    """A value in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
