"""The state machine of the coordination service: values with revisions, events, permits.

    ("put", key, value)                      -> revision
    ("take", name, permits, owner, expires)  -> token, or False if all permits are taken
    ("give", name, owner, token)             -> whether the owner had it
    ("expire", name, owner, token)           -> the same; by the service, of a permit that expires
    ("write", name, token, key, value)       -> revision; refused unless the token is held
    ("get", key)                             -> the value                             (query)
    ("snapshot",)                            -> (revision, ((key, value), ...))       (query)

Every change has a revision, one more than that of the change before; it is the token of a permit
that is taken, too. So revisions and tokens grow as the log does, on every server alike.

The last `keep` changes are kept as events, for watchers. That the others are gone is part of the
state: equal logs keep equal events, and a snapshot of the state has them.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from splitbrain.systems.consensus.asking import OK, REFUSED
from splitbrain.systems.consensus.kv import key_order

Event = tuple[int, str, Any]
"""A revision, the key that was changed, and its value from then on."""


class Coordination:
    """The state; see the module.

    Attributes:
        keep: how many events are kept.
        revision: that of the last change.
        compacted: the revision up to which events are kept no more.
        events: the events after that, in order.
        permits: by name and owner, the token of the permit that is held, and whether it expires.
    """

    keep = 24

    def __init__(self) -> None:
        self.revision = 0
        self.compacted = 0
        self.events: deque[Event] = deque()
        self.values: dict[str, Any] = {}
        self.permits: dict[tuple[str, str], tuple[int, bool]] = {}

    def apply(self, operation: Any) -> tuple[str, Any]:
        """Apply a changing operation."""
        match operation:
            case ("put", str(key), value):
                return OK, self._change(key, value)
            case ("take", str(name), int(permits), str(owner), bool(expires)):
                return OK, self.take(name, permits, owner, expires)
            case (("give" | "expire"), str(name), str(owner), int(token)):
                return OK, self.give(name, owner, token)
            case ("write", str(name), int(token), str(key), value):
                if not self.holds(name, token):
                    return REFUSED, f"permit {token} of {name} is not held any more"
                return OK, self._change(key, value)
        return self.query(operation)

    def query(self, operation: Any) -> tuple[str, Any]:
        """Answer an operation that changes nothing."""
        match operation:
            case ("get", str(key)):
                return OK, self.values.get(key)
            case ("snapshot",):
                return OK, (self.revision, tuple(sorted(self.values.items())))
        return REFUSED, f"unknown operation {operation!r}"

    def after(self, revision: int) -> tuple[int, tuple[Event, ...]] | None:
        """The events after a revision, and that of the last change; None if some are gone."""
        if revision < self.compacted:
            return None
        return self.revision, tuple(event for event in self.events if event[0] > revision)

    def state(self) -> Any:
        """All of the state, in a canonical order."""
        values = tuple((key, self.values[key]) for key in sorted(self.values, key=key_order))
        permits = tuple((*place, *held) for place, held in sorted(self.permits.items()))
        return (
            ("revision", self.revision),
            ("compacted", self.compacted),
            ("events", tuple(self.events)),
            ("values", values),
            ("permits", permits),
        )

    def restore(self, state: Any) -> None:
        """Become the state that `state` described."""
        told = dict(state)
        self.revision, self.compacted = told["revision"], told["compacted"]
        self.events = deque(told["events"])
        self.values = dict(told["values"])
        self.permits = {(n, owner): (token, ends) for n, owner, token, ends in told["permits"]}

    # What a planted bug may override

    def holds(self, name: str, token: int) -> bool:
        """Whether the permit with this token is held."""
        return any(n == name and held[0] == token for (n, _), held in self.permits.items())

    def give(self, name: str, owner: str, token: int) -> bool:
        """Give a permit back, that very one; whether the owner had it."""
        held = self.permits.get((name, owner))
        if held is None or held[0] != token:
            return False
        del self.permits[name, owner]
        return True

    def take(self, name: str, permits: int, owner: str, expires: bool) -> int | bool:
        """An owner that has a permit gets it again: it was not told, or forgot it in a crash."""
        held = self.permits.get((name, owner))
        if held is not None:
            return held[0]
        if sum(other == name for other, _ in self.permits) >= permits:
            return False
        token = self._change(name, owner)
        self.permits[name, owner] = token, expires
        return token

    # Inside

    def _change(self, key: str, value: Any) -> int:
        self.revision += 1
        self.values[key] = value
        self.events.append((self.revision, key, value))
        while len(self.events) > self.keep:
            self.compacted = self.events.popleft()[0]
        return self.revision
