"""What can be done to a key, each change of a client once however often it is asked for.

A client numbers its changes and has one under way at a time. A cell remembers each client's last
change with its result: that one again gets the same answer, an earlier one none.

>>> _, cell = once(Cell(None, ()), 7, 1, "append", "a")
>>> once(cell, 7, 1, "append", "a") == ("a", cell)
True
>>> once(cell, 7, 2, "cas", "b", "c")[0]
False
"""

from __future__ import annotations

from typing import Any

from splitbrain.systems.partitioning.database.storage import Cell


def once(cell: Cell, session: int, number: int, f: str, *arguments: Any) -> tuple[Any, Cell] | None:
    """The result of a request, and the key's cell after it; None if it is not to be answered.

    Args:
        cell: the key's cell.
        session: the client's; no other client has it.
        number: its changes are numbered.
        f: ``get``, or what `applied` does.
        arguments: as f wants them.

    Raises:
        ValueError: no such f.
    """
    if f == "get":
        return cell.value, cell
    done = {each: (last, result) for each, last, result in cell.done}
    last, result = done.get(session, (-1, None))
    if number < last:
        return None
    if number == last:
        return result, cell
    result, value = applied(cell.value, f, *arguments)
    done[session] = number, result
    return result, Cell(value, tuple((each, *what) for each, what in done.items()))


def applied(before: Any, f: str, *arguments: Any) -> tuple[Any, Any]:
    """The result of a change, and the value after it; an absent key's value is None."""
    match f, arguments:
        case "put", (value,):
            return None, value
        case "append", (text,):
            after = f"{before or ''}{text}"
            return after, after
        case "cas", (old, new):
            return (True, new) if before == old else (False, before)
        case "delete", ():
            return before is not None, None
        case "replace", (value,):
            return before, value
        case "enter", (entry,):
            return None, tuple(sorted({*(before or ()), entry}))
        case "leave", (entry,):
            return None, tuple(each for each in before or () if each != entry)
    raise ValueError(f"{f} with {len(arguments)} arguments is nothing that is done to a key")
