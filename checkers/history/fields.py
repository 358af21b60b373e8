"""Whether the fields of an event are what they must be, and a sentence if they are not."""

from __future__ import annotations

from splitbrain.checkers.history.operation import TYPES, Operation

_INT64 = range(-(2**63), 2**63)
_LONGEST = 60


def wrong_field(operation: Operation) -> str | None:
    """What is wrong with an operation's fields, each by itself; ``None`` if nothing is."""
    for name, number in (("index", operation.index), ("time", operation.time)):
        # Not isinstance: True is an int, and as an index it is always a mistake.
        if type(number) is not int or number not in _INT64:
            return f"its {name} is {shown(number)}; it must be an integer of at most 64 bits"
    process = operation.process
    if not (type(process) is int and 0 <= process < 2**63) and not (
        type(process) is str and process
    ):
        return (
            f"its process is {shown(process)}; it must be an integer from 0 up for a client, "
            "or a name for anyone else"
        )
    if type(operation.type) is not str or operation.type not in TYPES:
        return f"its type is {shown(operation.type)}; it must be one of {', '.join(TYPES)}"
    if type(operation.f) is not str or not operation.f:
        return f"its f is {shown(operation.f)}; it must be a word for what is done, like 'read'"
    if operation.error is not None and type(operation.error) is not str:
        return f"its error is {shown(operation.error)}; it must be a string, or left out"
    return None


def shown(value: object) -> str:
    """A value in a sentence, cut off where it would be a page."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        return "a number of too many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
