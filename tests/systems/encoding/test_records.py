"""Records in three formats by three versions, and what stands around them in the log."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from splitbrain.checkers.encoding.person import NOTE, SYMBOLS, VERSIONS, seen
from splitbrain.harness.workloads.services.versioned_records import a_record
from splitbrain.systems.encoding import EncodingError
from splitbrain.systems.encoding.records.envelope import READS, WRITES, Sealed, opened, seal
from splitbrain.systems.encoding.records.formats import FORMATS, fields
from splitbrain.systems.encoding.registry.store import FORMATS as REGISTERED


def records(count):
    """Records of the workload, with the number that a program has for the text."""
    random = Random(1)
    for number in range(count):
        record = a_record(number, random)
        yield record | {"score": float(record["score"])}


def told(record):
    """A record as text, in which NaN is itself and -0.0 not 0.0."""
    return {name: repr(record[name]) for name in sorted(record)}


@pytest.mark.parametrize("name", FORMATS)
def test_every_version_reads_what_any_other_wrote_and_edited(name):
    format = FORMATS[name]
    for record, writer in product(records(15), VERSIONS):
        if record["kind"] not in SYMBOLS[writer]:
            continue
        mine = {field: record[field] for field in fields(writer)}
        data, schema = format.write(writer, mine), format.schema(writer)
        for editor, reader in product(VERSIONS, VERSIONS):
            edited = format.edit(editor, schema, data, "new")
            expected = seen(record, writer, reader)

            assert told(format.read(reader, schema, data)) == told(expected)
            assert told(format.read(reader, schema, edited)) == told(expected | {NOTE: "new"})


@pytest.mark.parametrize("name", FORMATS)
def test_an_old_version_has_no_new_symbol(name):
    record = next(r for r in records(50) if r["kind"] == "other")
    mine = {field: record[field] for field in fields(2)}

    with pytest.raises(EncodingError, match=r"\$\.kind: 'other' is n"):
        FORMATS[name].write(2, mine)


def test_schemas_of_all_versions_are_compatible_both_ways():
    parsed = [REGISTERED["avro"].parse(FORMATS["avro"].avro_schema(v)) for v in VERSIONS]
    for one, other in product(parsed, parsed):
        assert REGISTERED["avro"].incompatibility(one, other) is None


SEALED = Sealed("avro", 300, b"payload")


@pytest.mark.parametrize("form", [1, 2])
def test_an_envelope_is_opened_whole_or_not_at_all(form):
    data = seal(SEALED, form)

    assert opened(data, (1, 2)) == SEALED
    for end in range(len(data)):
        with pytest.raises(EncodingError):
            opened(data[:end], (1, 2))
    for at in range(len(data) - len(SEALED.payload), len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1
        with pytest.raises(EncodingError):
            opened(bytes(damaged), (1, 2))


def test_no_version_writes_what_another_cannot_open():
    assert all(WRITES[writer] in READS[reader] for writer, reader in product(VERSIONS, VERSIONS))
