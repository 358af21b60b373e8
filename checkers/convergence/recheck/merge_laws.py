"""States that are said to break a law of merging, tried again: each law as it is written down."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from splitbrain.checkers.certificate import CertificateError


def confirm_broken(merge: Callable[[Any, Any], Any], law: str, states: tuple[Any, ...]) -> None:
    """Have a merge break a law once more.

    Raises:
        CertificateError: it doesn't with these states, or there is no such law.
    """

    def fresh() -> list[Any]:
        return [deepcopy(state) for state in states]

    match law, fresh(), fresh(), fresh(), fresh():
        case "not idempotent", [a], [again], [was], _:
            broken = merge(a, again) != was
        case "not commutative", [a, b], [c, d], *_:
            broken = merge(a, b) != merge(d, c)
        case "not associative", [a, b, c], [d, e, f], *_:
            broken = merge(merge(a, b), c) != merge(d, merge(e, f))
        case "merging changed what it was given", [a, b], was, *_:
            merge(merge(a, b), b)
            broken = [a, b] != was
        case _:
            raise CertificateError(f"there is no law of {len(states)} states called {law!r}")
    if not broken:
        raise CertificateError(f"{law}: the merge of these states keeps the law")
