"""What steps of a transaction look like; what looks otherwise is refused before it is written down.

A log that has a step which cannot be made would never be read to its end again.
"""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The transaction was not made, and never will be; says where and why."""


def check_form(step: Any, path: str) -> None:
    """Whether a step is one of those in `splitbrain.systems.data_models.graph.store`.

    Raises:
        Refused: it is none.
    """
    match step:
        case ("add" | "remove", node):
            _node(node, f"{path}[1]")
        case ("link", edge, one, other):
            if isinstance(edge, bool) or not isinstance(edge, int):
                raise Refused(f"{path}[1]: {edge!r} is no number of an edge")
            _node(one, f"{path}[2]")
            _node(other, f"{path}[3]")
        case ("set", node, tuple() as properties):
            _node(node, f"{path}[1]")
            for position, entry in enumerate(properties):
                _property(entry, f"{path}[2][{position}]")
        case _:
            forms = "(add, node), (remove, node), (set, node, properties), (link, edge, one, other)"
            raise Refused(f"{path}: {str(step)[:60]} is no step: give {forms}")


def _node(node: Any, path: str) -> None:
    if not isinstance(node, str) or not node:
        raise Refused(f"{path}: {node!r} is no name of a node")


def _property(entry: Any, path: str) -> None:
    match entry:
        case (str() as name, None | str() | int() | float()) if name:
            return
    raise Refused(f"{path}: {str(entry)[:60]} is no property: give a name and a plain value")
