"""Random types of messages and records of them, for our codec and for Google's."""

from __future__ import annotations

from random import Random

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from splitbrain.systems.encoding.tagged import Field, MessageType

INTEGERS = {
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
    "sint32": (-(2**31), 2**31 - 1),
    "sint64": (-(2**63), 2**63 - 1),
    "fixed32": (0, 2**32 - 1),
    "sfixed32": (-(2**31), 2**31 - 1),
    "fixed64": (0, 2**64 - 1),
    "sfixed64": (-(2**63), 2**63 - 1),
}
SCALARS = (*INTEGERS, "enum", "bool", "float", "double", "string", "bytes")
TEXTS = ("", "a", "é€😀", 'quote " and \\', "line\nline\r\t\0", "\ufeffmark", "x" * 200)
DOUBLES = (0.0, -0.0, 1.5, -1e300, 5e-324, float("inf"), float("-inf"), 0.1)
FLOATS = (0.0, -0.0, 1.5, -0.25, float("inf"), 2.0**-149)


def a_type(random: Random, name: str = "M", depth: int = 2) -> MessageType:
    numbers = random.sample([*range(1, 20), 100, 2047, 2048, 2**29 - 1], random.randint(0, 6))
    fields = []
    for position, number in enumerate(numbers):
        type = random.choice([*SCALARS, *(["message"] * 3 if depth else [])])
        inner = a_type(random, f"{name}_{position}", depth - 1) if type == "message" else None
        repeated = random.random() < 0.3
        optional = not repeated and type != "message" and random.random() < 0.3
        fields.append(Field(number, f"f{position}", type, repeated, optional, inner))
    return MessageType(name, tuple(fields))


def a_scalar(random: Random, type: str):
    if type in INTEGERS:
        least, most = INTEGERS[type]
        return random.choice(
            [least, most, 0, 1, random.randint(least, most), random.randint(0, 300)]
        )
    if type == "enum":
        return random.choice([0, 1, 2, 77, -1])
    return random.choice(
        {
            "bool": (True, False),
            "float": FLOATS,
            "double": DOUBLES,
            "string": TEXTS,
            "bytes": (b"", b"\x00\xff", b"x" * 130),
        }[type]
    )


def a_record(random: Random, type: MessageType):
    record = {}
    for field in type.fields:

        def one(field=field):
            if field.message is not None:
                return a_record(random, field.message)
            return a_scalar(random, field.type)

        if field.repeated:
            record[field.name] = [one() for _ in range(random.choice([0, 1, 3]))]
        elif random.random() < 0.8:
            record[field.name] = one()
    return record


def google_class(type: MessageType):
    """The class that Google's library makes of the same type."""
    file = descriptor_pb2.FileDescriptorProto(name="cases.proto", package="p", syntax="proto3")
    enum = file.enum_type.add(name="E")
    for number, name in ((0, "ZERO"), (1, "ONE"), (2, "TWO")):
        enum.value.add(name=name, number=number)
    _add(file, type)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"p.{type.name}"))


def _add(file, type: MessageType) -> None:
    made = file.message_type.add(name=type.name)
    kinds = descriptor_pb2.FieldDescriptorProto
    for field in type.fields:
        label = kinds.LABEL_REPEATED if field.repeated else kinds.LABEL_OPTIONAL
        wanted = getattr(kinds, f"TYPE_{field.type.upper()}")
        added = made.field.add(name=field.name, number=field.number, label=label, type=wanted)
        if field.message is not None:
            added.type_name = f".p.{field.message.name}"
            _add(file, field.message)
        if field.type == "enum":
            added.type_name = ".p.E"
        if field.optional:
            added.proto3_optional = True
            added.oneof_index = len(made.oneof_decl)
            made.oneof_decl.add(name=f"_{field.name}")


def google_message(type: MessageType, made, record):
    for field in type.fields:
        if field.name not in record:
            continue
        value = record[field.name]
        if field.message is not None and field.repeated:
            for item in value:
                google_message(field.message, getattr(made, field.name).add(), item)
        elif field.message is not None:
            getattr(made, field.name).SetInParent()
            google_message(field.message, getattr(made, field.name), value)
        elif field.repeated:
            getattr(made, field.name).extend(value)
        else:
            setattr(made, field.name, value)
    return made


def plain(type: MessageType, made):
    """What our `decode` would say of Google's message."""
    record = {}
    for field in type.fields:
        value = getattr(made, field.name)
        if field.repeated:
            record[field.name] = [plain(field.message, v) if field.message else v for v in value]
        elif field.message is not None:
            if made.HasField(field.name):
                record[field.name] = plain(field.message, value)
        elif not field.optional or made.HasField(field.name):
            record[field.name] = value
    return record
