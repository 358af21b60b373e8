"""Which schemas match, as the specification's "Schema Resolution" has it: names and kinds alone,
for what is inside is looked at when it is read.
"""

from __future__ import annotations

from splitbrain.systems.encoding.avro.schemas import (
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Schema,
    Union,
)

PROMOTIONS = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
"""By the writer's type, what a reader may have it as."""


def matches(writer: Schema, reader: Schema) -> bool:
    """Whether a reader may try to read what a writer wrote."""
    match writer, reader:
        case (Union(), _) | (_, Union()):
            return True
        case Primitive(one), Primitive(other):
            return one == other or other in PROMOTIONS.get(one, ())
        case Fixed(), Fixed():
            return writer.size == reader.size and same_name(writer, reader)
        case Enum(), Enum():
            return same_name(writer, reader)
        case Record(), Record():
            return same_name(writer, reader)
        case Array(one_item), Array(other_item):
            return matches(one_item, other_item)
        case Map(one_value), Map(other_value):
            return matches(one_value, other_value)
    return False


def same_name(writer: Named, reader: Named) -> bool:
    """Whether the names without namespace are the same, or the writer's is an alias of the
    reader's."""
    if _last(writer.name) == _last(reader.name):
        return True
    return writer.name in reader.aliases or _last(writer.name) in map(_last, reader.aliases)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def branch_for(writer: Schema, reader: Union) -> Schema | None:
    """The first of the reader's branches that matches, the very same type before any other.

    The specification says the first; so a string would be read as bytes by the union that wrote it,
    if bytes come first there. Avro's own Java library looks for the same type first, too.
    """
    for branch in reader.branches:
        if _same(writer, branch):
            return branch
    return next((branch for branch in reader.branches if matches(writer, branch)), None)


def _same(writer: Schema, branch: Schema) -> bool:
    if isinstance(writer, Primitive) or isinstance(branch, Primitive):
        return writer == branch
    if isinstance(writer, Fixed | Enum | Record) and isinstance(branch, Fixed | Enum | Record):
        return writer.name == branch.name and matches(writer, branch)
    return matches(writer, branch)


def field_for(writer: Record, reader: Field) -> Field | None:
    """The writer's field that a reader's field is: of its name, or of one of its aliases."""
    by_name = {field.name: field for field in writer.fields}
    return next((by_name[n] for n in (reader.name, *reader.aliases) if n in by_name), None)
