"""Tagged fields: the wire format of Protocol Buffers, in which names stay at home.

    message = (tag payload)*            tag = varint(number << 3 | wire type)

==  ======  ==================================================
0   VARINT  int32, int64, uint32, uint64, sint32, sint64, bool, enum
1   I64     fixed64, sfixed64, double
2   LEN     string, bytes, messages, packed numbers: varint length, then so many bytes
3   SGROUP  groups, which are read over
5   I32     fixed32, sfixed32, float
==  ======  ==================================================

A field is known by its number, so it may be renamed and never renumbered. A reader keeps a field
that it doesn't know, or that has another wire type than it knows, and writes it again with the
rest: else an old program that changes a record takes away what new ones put there (DDIA chapter 4,
figure 4-7).

Sources: protobuf.dev, "Encoding" and "Language Guide (proto 3)"; DDIA chapter 4, "Thrift and
Protocol Buffers". The bytes are those of the official implementation, which writes fields in order
of their numbers and unknown ones behind them.

A record is a dictionary. Of a field that is neither repeated nor optional the default (0, "", ...)
is not written, and is what is read where there is none; an optional one is then not in the
dictionary. Left out: maps, oneof, extensions; what they add is another way to declare the same
bytes.
"""

from splitbrain.systems.encoding.tagged.compatibility import incompatibility
from splitbrain.systems.encoding.tagged.reading import decode
from splitbrain.systems.encoding.tagged.types import UNKNOWN, Field, MessageType
from splitbrain.systems.encoding.tagged.writing import encode

__all__ = ["UNKNOWN", "Field", "MessageType", "decode", "encode", "incompatibility"]
