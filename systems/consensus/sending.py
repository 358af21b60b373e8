"""The one effect that all cores of consensus protocols share: to send something.

A core is given what happened and returns effects in order, saves among them. A `Send` that is
marked ``durable`` must not leave before every save that precedes it is durable; the others may
leave at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Send(NamedTuple):
    """Send `message` to `to`; if `durable`, only after all saves before it."""

    to: str
    message: tuple[Any, ...]
    durable: bool
