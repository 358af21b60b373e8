"""Whether a reader's schema reads everything that a writer's schema can write.

Follows the two schemas together, as reading does, but into every branch and every field; a pair
that is being looked at already (types may contain themselves) is taken to be fine.
"""

from __future__ import annotations

from splitbrain.systems.encoding.avro.matching import branch_for, field_for, matches
from splitbrain.systems.encoding.avro.reading import named
from splitbrain.systems.encoding.avro.schemas import (
    NO_DEFAULT,
    Array,
    Enum,
    Map,
    Record,
    Schema,
    Union,
    kind,
)

_Pairs = frozenset[tuple[int, int]]


def incompatibility(reader: Schema, writer: Schema) -> str | None:
    """What the reader cannot read of what the writer may write, in a sentence with its path; None
    if there is nothing."""
    return _reason(writer, reader, "$", frozenset())


def _reason(writer: Schema, reader: Schema, path: str, above: _Pairs) -> str | None:
    if isinstance(writer, Union):
        found = (_reason(branch, reader, path, above) for branch in writer.branches)
        return next((reason for reason in found if reason is not None), None)
    if isinstance(reader, Union):
        branch = branch_for(writer, reader)
        if branch is None:
            return f"{path}: {kind(writer)} is none of the reader's types"
        return _reason(writer, branch, path, above)
    if not matches(writer, reader):
        return f"{path}: {named(writer)} is no {named(reader)}"
    match writer, reader:
        case Array(items), Array(wanted):
            return _reason(items, wanted, f"{path}[]", above)
        case Map(values), Map(wanted):
            return _reason(values, wanted, f"{path}[]", above)
        case Enum(), Enum():
            unknown = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
            if unknown and reader.default is None:
                return f"{path}: the reader doesn't know {', '.join(unknown)} and has no default"
        case Record(), Record() if (id(writer), id(reader)) not in above:
            return _of_fields(writer, reader, path, above | {(id(writer), id(reader))})
    return None


def _of_fields(writer: Record, reader: Record, path: str, above: _Pairs) -> str | None:
    for field in reader.fields:
        source = field_for(writer, field)
        if source is not None:
            reason = _reason(source.schema, field.schema, f"{path}.{field.name}", above)
            if reason is not None:
                return reason
        elif field.default is NO_DEFAULT:
            return f"{path}.{field.name}: the writer hasn't got it, and it has no default"
    return None
