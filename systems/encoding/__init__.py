"""Encodings that evolve: three codecs, a registry of schemas, and a record log of mixed versions.

The problem (DDIA chapter 4): old and new code run side by side, during a rolling upgrade and after
a rollback, and read what the other wrote. New code must read old data (backward compatibility), old
code new data (forward compatibility), and old code that changes a record must not lose what new
code had put into it.

``json_text``, ``tagged`` and ``avro`` are written from their published specifications, and compared
with the official libraries in the tests. Each has ``encode``, ``decode`` and ``incompatibility``,
which says in a sentence why a reader's schema cannot read what a writer's writes.

Decoders take any bytes: they return the one value that these are the encoding of, or raise
`EncodingError` with the path to what is wrong, in time and memory in proportion to the bytes.
"""

from splitbrain.systems.encoding.errors import EncodingError, SchemaError

__all__ = ["EncodingError", "SchemaError"]
