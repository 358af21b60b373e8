"""JSON text with a schema: names travel with the values, and the schema says what they may be.

    value --check, fill in--> JSON value --write--> text in UTF-8

JSON alone cannot say which number is an integer, keeps no more than a double of one in most
programs, and has neither bytes nor infinities (DDIA chapter 4, "JSON, XML, and Binary Variants").
Here an integer of ``"format": "int64"`` is text of decimal digits, and NaN and the infinities are
text too, as Protocol Buffers map them ("JSON Mapping"; RFC 7493, I-JSON, asks for the first). A
text is strict: a name that comes twice, half of a surrogate pair, a byte order mark and anything
behind the value are refused.

Sources: RFC 8259; JSON Schema 2020-12, of which a schema may have ``type`` (also a list of two,
where one is ``null``), ``properties``, ``required``, ``additionalProperties``, ``items``, ``enum``
(of strings), ``minimum``, ``maximum``, ``format`` (``int64``) and ``default``.

Unless a schema says ``"additionalProperties": false``, properties that it doesn't know are kept:
an old program that changes a record gives them back. A symbol that an ``enum`` doesn't know is read
as its default, if it has one.
"""

from splitbrain.systems.encoding.json_text.compatibility import incompatibility
from splitbrain.systems.encoding.json_text.schemas import Schema, checked, from_json, to_json
from splitbrain.systems.encoding.json_text.text import dump, load

__all__ = ["Schema", "checked", "decode", "dump", "encode", "incompatibility", "load"]


def encode(schema: Schema, value: object) -> bytes:
    """A value's text.

    Raises:
        EncodingError: the value doesn't fit the schema.
    """
    return dump(to_json(schema, value))


def decode(schema: Schema, data: bytes) -> object:
    """The value of a text, with defaults for what it lacks.

    Raises:
        EncodingError: it is no JSON, or doesn't fit the schema.
    """
    return from_json(schema, load(data))
