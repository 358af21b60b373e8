"""What steps of a transaction look like; what looks otherwise is refused before it is written down.

A log that has a step which cannot be made would never be read to its end again.
"""

from __future__ import annotations

from typing import Any

LONGEST_NAME = 200
"""How many characters a name has at most."""


class Refused(Exception):
    """The transaction was not made, and never will be; says where and why."""


def check_form(step: Any, path: str) -> None:
    """Whether a step is one of those in `splitbrain.systems.data_models.graph.store`.

    Raises:
        Refused: it is none.
    """
    match step:
        case ("add" | "remove", node):
            _name(node, f"{path}[1]", "a node")
        case ("link", edge, one, other, relationship, tuple() as properties):
            if isinstance(edge, bool) or not isinstance(edge, int) or not _fits(edge):
                raise Refused(f"{path}[1]: {edge!r} is no number of an edge")
            _name(one, f"{path}[2]", "a node")
            _name(other, f"{path}[3]", "a node")
            _name(relationship, f"{path}[4]", "a relationship")
            _properties(properties, f"{path}[5]")
        case ("set", node, tuple() as properties):
            _name(node, f"{path}[1]", "a node")
            _properties(properties, f"{path}[2]")
        case _:
            forms = "(add, node), (remove, node), (set, node, properties), "
            forms += "(link, edge, one, other, relationship, properties)"
            raise Refused(f"{path}: {str(step)[:60]} is no step: give {forms}")


def _name(name: Any, path: str, what: str) -> None:
    if not isinstance(name, str) or not name:
        raise Refused(f"{path}: {name!r} is no name of {what}")
    if len(name) > LONGEST_NAME:
        said = f"{name[:20]!r}... has {len(name):,} characters"
        raise Refused(f"{path}: {said}: the name of {what} has {LONGEST_NAME} at most")


def _properties(properties: tuple[Any, ...], path: str) -> None:
    for position, entry in enumerate(properties):
        match entry:
            case (str() as name, None | str() | int() | float() as value) if name and _fits(value):
                continue
        said = f"{str(entry)[:60]} is no property: give a name and a plain value"
        raise Refused(f"{path}[{position}]: {said}")


def _fits(value: Any) -> bool:
    """Whether a number, if it is a whole one, has 64 bits at most."""
    return not isinstance(value, int) or -(2**63) <= value < 2**63
