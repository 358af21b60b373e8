"""What clients ask of a replicated store, and what they are answered, whatever replicates it.

A request carries a *body*, one of::

    ("register",)                                 open a session; the answer is its number
    ("command", session, sequence, operation)     change the state machine, once
    ("query", operation)                          read it, linearizably
    ("state",)                                    this replica's applied state, from memory

and whatever else a protocol takes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

REQUEST = "request"
REPLY = "reply"

OK = "ok"
REFUSED = "refused"
REDIRECT = "redirect"
EXPIRED = "expired"


class Request(NamedTuple):
    """A client's request; `body` is described at the top of this module."""

    kind: str
    id: int
    body: tuple[Any, ...]


class Reply(NamedTuple):
    """The answer to a `Request`.

    `status` is ``ok`` (value: the result), ``refused`` (it had no effect; value: why), ``redirect``
    (value: the leader's name, or None) or ``expired`` (the session is not known any more).
    """

    kind: str
    id: int
    status: str
    value: Any
