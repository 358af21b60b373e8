"""A registry of schemas: compatible with those before, each with an id of its own, for ever.

*Property.* ``register [subject, schema]`` gives an id; ``versions subject`` gives ``[[id, schema],
...]`` in order of registration. A subject is ``format/mode``: ``avro`` or ``tagged``, and
``backward``, ``forward`` or ``full``, each perhaps with ``-transitive``, or ``none``.

==============  ====================================================================================
incompatible    a schema of a subject cannot read, or be read by, the one before (transitive: one
                of those before)
id-reused       two schemas or subjects have the same id
lost            a schema that was acknowledged is not among those that are read later
rewritten       of two reads of a subject, one after the other, the later does not begin with the
                earlier
==============  ====================================================================================

Schemas are restated here as plainly as can be. ``avro``: a record whose fields have a ``name``, a
primitive ``type``, and perhaps a ``default``. ``tagged``: ``[number, name, type]`` each.

*Source.* DDIA chapter 4; Avro 1.12, "Schema Resolution"; protobuf.dev, "Updating A Message Type".

*Algorithm.* The longest read of each subject, schema by schema; O(n + s**2) for s schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME = "schema-compatible"

PROMOTED = {
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}
"""Avro: what was written as the one is read as the other."""

SAME_BYTES = (
    {"int32", "int64", "uint32", "uint64", "bool", "enum"},
    {"sint32", "sint64"},
    {"string", "bytes"},
    {"fixed32", "sfixed32"},
    {"fixed64", "sfixed64"},
)
"""Tagged: types whose bytes mean the same."""


def schema_compatible() -> Checker:
    """A checker: registered schemas are compatible, and ids name one schema. See the module."""
    return _Compatible()


def reads(format: str, reader: Any, writer: Any) -> bool:
    """Whether a reader's schema reads all that a writer's schema writes."""
    if format == "tagged":
        written = {number: type for number, _, type in writer}
        return all(
            number not in written
            or type == written[number]
            or any({type, written[number]} <= group for group in SAME_BYTES)
            for number, _, type in reader
        )
    fields = {field["name"]: field["type"] for field in writer["fields"]}
    return all(
        "default" in field
        if field["name"] not in fields
        else fields[field["name"]] == field["type"]
        or (fields[field["name"]], field["type"]) in PROMOTED
        for field in reader["fields"]
    )


@dataclass(frozen=True, slots=True)
class _Compatible:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is none of those of the module.
        """
        registered, lists = _taken(history)
        anomalies = [
            *_incompatible(lists),
            *_reused(registered, lists),
            *_lost(registered, lists),
            *_rewritten(lists),
        ]
        longest = {s: max((len(r.result) for r in each), default=0) for s, each in lists.items()}
        pairs = sum(max(0, length - 1) for length in longest.values())
        coverage = {"schemas registered": len(registered), "schemas with one before them": pairs}
        holds = f"{pairs} schemas are compatible with those before them"
        vain = None if pairs else "no subject has two schemas, so nothing was exercised"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


def _taken(history: History) -> tuple[list[Call], dict[str, list[Call]]]:
    """Registrations that were acknowledged, and the lists that were read, by subject."""
    registered: list[Call] = []
    lists: dict[str, list[Call]] = {}
    for call in history.calls():
        match call.f, call.argument:
            case "register", [str() as subject, schema] if _is_schema(subject, schema):
                registered += [call] if call.outcome == OK else []
            case "versions", str() as subject if "/" in subject:
                if call.outcome == OK:
                    if not _is_list(subject, call.result):
                        raise ModelError(event_of(call), f"versions gave {shown(call.result)}")
                    lists.setdefault(subject, []).append(call)
            case _:
                said = f"{call.f} {shown(call.argument)} is no register or versions"
                raise ModelError(call.invoke_index, said)
    return registered, lists


def _is_list(subject: str, result: Any) -> bool:
    """Whether it is ``[[id, schema], ...]`` of a subject."""
    return isinstance(result, list | tuple) and all(
        isinstance(each, list | tuple) and len(each) == 2 and _is_schema(subject, each[1])
        for each in result
    )


def _is_schema(subject: str, schema: Any) -> bool:
    """Whether it is one of those that the module says, in a subject's format."""
    match subject.partition("/"), schema:
        case ("tagged", "/", _), list() | tuple():
            return all(map(_is_field, schema))
        case (_, "/", _), {"fields": [*fields]}:
            return all(
                isinstance(field, Mapping)
                and isinstance(field.get("name"), str)
                and isinstance(field.get("type"), str)
                for field in fields
            )
    return False


def _is_field(field: Any) -> bool:
    match field:
        case [int(), str(), str()]:
            return True
    return False


def _incompatible(lists: Mapping[str, list[Call]]) -> Iterator[Anomaly]:
    for subject, found in lists.items():
        format, _, mode = subject.partition("/")
        told: set[tuple[Any, Any]] = set()
        for read in found:
            schemas = [schema for _, schema in read.result]
            for position, schema in enumerate(schemas):
                first = 0 if mode.endswith("-transitive") else max(0, position - 1)
                for before in schemas[first:position]:
                    way = _breaks(format, mode.removesuffix("-transitive"), schema, before)
                    pair = frozen(schema), frozen(before)
                    if way is not None and pair not in told:
                        told.add(pair)
                        said = f"{subject} has {shown(schema)}, which {way} {shown(before)}"
                        yield Anomaly("incompatible", said, _indices(read))


def _breaks(format: str, mode: str, schema: Any, before: Any) -> str | None:
    if mode in ("backward", "full") and not reads(format, schema, before):
        return "cannot read what was written with the earlier"
    if mode in ("forward", "full") and not reads(format, before, schema):
        return "writes what cannot be read with the earlier"
    return None


def _reused(registered: list[Call], lists: Mapping[str, list[Call]]) -> Iterator[Anomaly]:
    meaning: dict[Any, tuple[Any, Call]] = {}
    named = [(c.result, c.argument[0], c.argument[1], c) for c in registered]
    for subject, found in lists.items():
        named += [(id, subject, schema, read) for read in found for id, schema in read.result]
    for id, subject, schema, call in sorted(named, key=lambda each: each[3].invoked):
        what = frozen([subject, schema])
        first, before = meaning.setdefault(frozen(id), (what, call))
        if first != what:
            said = f"id {shown(id)} is {shown(schema)} of {subject}, and it was another schema"
            yield Anomaly("id-reused", said, _indices(before, call))
            return


def _lost(registered: list[Call], lists: Mapping[str, list[Call]]) -> Iterator[Anomaly]:
    for call in registered:
        subject, schema = call.argument
        for read in lists.get(subject, ()):
            later = call.completed is not None and call.completed < read.invoked
            if later and frozen(schema) not in {frozen(each) for _, each in read.result}:
                said = f"{shown(schema)} was registered as {subject} and is not there later"
                yield Anomaly("lost", said, _indices(call, read))
                break


def _rewritten(lists: Mapping[str, list[Call]]) -> Iterator[Anomaly]:
    for subject, found in lists.items():
        for one in found:
            for two in found:
                ordered = one.completed is not None and one.completed < two.invoked
                if ordered and frozen(two.result[: len(one.result)]) != frozen(one.result):
                    said = f"the versions of {subject} do not begin with those read before"
                    yield Anomaly("rewritten", said, _indices(one, two))
                    return


def _indices(*calls: Call) -> tuple[int, ...]:
    found = (index for call in calls for index in (call.invoke_index, call.complete_index))
    return tuple(index for index in found if index is not None)


ENTRY = CheckerEntry(
    NAME, schema_compatible, "registered schemas are compatible; ids name one schema for ever"
)
