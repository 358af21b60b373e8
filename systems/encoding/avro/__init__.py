"""Avro's binary encoding: bytes without names or tags, read with the schema that wrote them.

    writer's schema --+
                      +--> resolve --> value as the reader's schema has it
    reader's schema --+
             bytes ---+

Fields stand one after the other as the writer's schema says, so whoever reads needs that very
schema (which is what a registry is for). Reader and writer then match fields by name: what the
reader doesn't know is read over, what it misses has the reader's default, numbers are promoted, an
alias stands for an old name (DDIA chapter 4, "The writer's schema and the reader's schema").

Source: Apache Avro 1.12 specification, "Binary Encoding", "Schema Resolution", "Aliases",
"Transforming into Parsing Canonical Form", "Schema Fingerprints".

A record is a dictionary, a map too; an enum's symbol and a string are text; where a union has
several records, ``(name, value)`` says which. Left out: logical types (they are read as what they
are made of), sorting, container files, remote calls.
"""

from splitbrain.systems.encoding.avro.canonical import canonical_form, fingerprint
from splitbrain.systems.encoding.avro.compatibility import incompatibility
from splitbrain.systems.encoding.avro.parsing import parse
from splitbrain.systems.encoding.avro.reading import decode
from splitbrain.systems.encoding.avro.schemas import Schema
from splitbrain.systems.encoding.avro.writing import encode

__all__ = [
    "Schema",
    "canonical_form",
    "decode",
    "encode",
    "fingerprint",
    "incompatibility",
    "parse",
]
