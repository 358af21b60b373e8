"""What was written is read: records that old and new code put, read and edit (DDIA chapter 4).

*Property.* ``put [key, format, record]`` gives ``[version, position]``: the version of the code
that wrote it, and where it stands in the log. ``edit [key, note]`` likewise: it changes one field.
``get key`` gives ``["read", version, position, record]``, ``["unreadable", version, position,
why]`` or ``["none", version]``. ``cut [key, bytes]`` reads the record without its last bytes, and
gives ``["refused", why]``.

Of ``round-trip``:

==============  ====================================================================================
altered         a record that nobody edited reads otherwise than its reader's version should see it
unwritten       nobody put the record that was read, or it had not been put yet
unreadable      a record could not be read at all
stale, lost     an older record, or none, is read than one that was acknowledged before
again           a record is read as of another place than its put, or its edit, was told: it was
                made twice, and may have replaced what came between
reverted        an edited record is that of a put, though another was put before the edit
partial         a record that was cut was read all the same
==============  ====================================================================================

Of ``unknown-fields-preserved``: ``dropped-field``, a record that was edited lacks what it had.

What a version sees of another's record: `splitbrain.checkers.encoding.person.seen`. Where a put's
outcome is unknown, any version may have written it.

*Source.* DDIA chapter 4, figures 4-1 and 4-7.

*Algorithm.* Each read is compared with the put that its number names. Sorting the acknowledged
positions makes it O(n log n).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from splitbrain.checkers.encoding.person import NOTE, VERSIONS, is_whole, seen
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

ROUND_TRIP, PRESERVED = "round-trip", "unknown-fields-preserved"


def round_trip() -> Checker:
    """A checker: records are read as they were put. See the module."""
    return _RoundTrip()


def unknown_fields_preserved() -> Checker:
    """A checker: edits change what they say and nothing else. See the module."""
    return _Preserved()


@dataclass(frozen=True, slots=True)
class _RoundTrip:
    name: str = ROUND_TRIP

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is none of those of the module, or a number is put twice.
        """
        facts = _Facts.of(history)
        anomalies = [*facts.strange_reads(edited=False), *facts.old_reads(), *facts.partial()]
        anomalies += facts.misplaced()
        anomalies.sort(key=lambda anomaly: anomaly.operations[-1])
        plain = sum(not facts.is_edited(read) for read in facts.read())
        coverage = {"records put": len(facts.puts), "records read": plain, "cuts": len(facts.cuts)}
        holds = f"{plain} reads of records give what was put"
        vain = None if plain else "no record was read, so nothing was exercised"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


@dataclass(frozen=True, slots=True)
class _Preserved:
    name: str = PRESERVED

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is none of those of the module, or a number is put twice.
        """
        facts = _Facts.of(history)
        edited = sum(facts.is_edited(read) for read in facts.read())
        coverage = {"edits": len(facts.edits), "edited records read": edited}
        holds = f"{edited} reads of edited records have all that was put"
        vain = None if edited else "no edited record was read, so nothing was exercised"
        anomalies = facts.strange_reads(edited=True)
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


@dataclass(slots=True)
class _Facts:
    """The operations of a history, by what they do.

    Attributes:
        puts: by number.
        edits: by note.
        gets: those that succeeded.
        cuts: those that succeeded.
    """

    puts: dict[Any, Call] = field(default_factory=dict)
    edits: dict[Any, Call] = field(default_factory=dict)
    gets: list[Call] = field(default_factory=list)
    cuts: list[Call] = field(default_factory=list)

    @classmethod
    def of(cls, history: History) -> _Facts:
        facts = cls()
        for call in history.calls():
            match call.f, call.argument:
                case "put", [str(), str(), dict() as record] if is_whole(record):
                    _put(facts.puts, frozen(record["number"]), call)
                case "edit", [str(), str() as note]:
                    _put(facts.edits, frozen(note), call)
                case "get", str():
                    facts.gets += [call] if call.outcome == OK else []
                case "cut", [str(), int()]:
                    facts.cuts += [call] if call.outcome == OK else []
                case _:
                    said = f"{call.f} {shown(call.argument)} is no put, edit, get or cut"
                    raise ModelError(call.invoke_index, said)
            if call.outcome == OK and not _is_answer(call.f, call.result):
                raise ModelError(event_of(call), f"{call.f} gave {shown(call.result)}")
        return facts

    def read(self) -> Iterator[Call]:
        """The gets that gave a record."""
        return (get for get in self.gets if get.result[0] == "read")

    def is_edited(self, get: Call) -> bool:
        """Whether what was read has the note of an edit."""
        return frozen(get.result[3].get(NOTE)) in self.edits

    def strange_reads(self, *, edited: bool) -> Iterator[Anomaly]:
        """Reads, of records that were edited or that were not, that give something else."""
        for get in self.gets:
            if get.result[0] == "unreadable" and not edited:
                said = f"{_who(get)} cannot read {shown(get.argument)}: {get.result[3]}"
                yield Anomaly("unreadable", said, _indices(get))
            elif get.result[0] == "read" and self.is_edited(get) == edited:
                yield from self._strange(get)

    def _strange(self, get: Call) -> Iterator[Anomaly]:
        _, version, _, record = get.result
        put = self.puts.get(frozen(record.get("number")))
        edit = self.edits.get(frozen(record.get(NOTE)))
        if put is None or put.argument[0] != get.argument or put.invoked > _end(get):
            said = f"{_who(get)} reads {shown(record)}, which nobody had put as {get.argument}"
            others = [each for each in (put, edit) if each is not None]
            yield Anomaly("unwritten", said, _indices(*others, get))
            return
        expected = _expected(put, version, None if edit is None else edit.argument[1])
        if frozen(record) in map(frozen, expected):
            return
        differs = _difference(expected[0], record)
        events = (put, edit, get) if edit is not None else (put, get)
        if edit is None:
            said = f"{_who(get)} reads {differs}"
            yield Anomaly("altered", said, _indices(*events))
        else:
            by = f" by version {edit.result[0]}" if edit.outcome == OK else ""
            said = f"{_who(get)} reads, after the edit {shown(edit.argument[1])}{by}, {differs}"
            yield Anomaly("dropped-field", said, _indices(*events))

    def old_reads(self) -> Iterator[Anomaly]:
        """Reads of what is older than what was acknowledged before them."""
        acknowledged: dict[Any, list[_Acknowledged]] = {}
        for call in (*self.puts.values(), *self.edits.values()):
            if call.outcome == OK:
                entry = (_end(call), call.result[1], call)
                acknowledged.setdefault(call.argument[0], []).append(entry)
        for key, entries in acknowledged.items():
            entries.sort(key=lambda entry: entry[0])
            ends = [entry[0] for entry in entries]
            newest = list(accumulate(entries, _newer))
            for get in self.gets:
                before = bisect_left(ends, get.invoked) if get.argument == key else 0
                position = get.result[2] if get.result[0] != "none" else -1
                if before and position < newest[before - 1][1]:
                    call = newest[before - 1][2]
                    kind = "lost" if position == -1 else "stale"
                    said = f"{_who(get)} reads {key} as of position {position}"
                    said = f"{said}, after {call.result[1]} was acknowledged"
                    yield Anomaly(kind, said, _indices(call, get))

    def misplaced(self) -> Iterator[Anomaly]:
        """Reads of what was made twice, and of edits that were not made of what was there."""
        placed: dict[Any, list[tuple[int, Call]]] = {}
        for call in self.puts.values():
            if call.outcome == OK:
                placed.setdefault(call.argument[0], []).append((call.result[1], call))
        for puts in placed.values():
            puts.sort(key=_place)
        for get in self.read():
            _, _, position, record = get.result
            put = self.puts.get(frozen(record.get("number")))
            edit = self.edits.get(frozen(record.get(NOTE)))
            made = put if edit is None else edit
            if made is None or made.outcome != OK:
                continue
            who = f"{_who(get)} reads {get.argument} as of position {position}"
            if made.result[1] != position:
                said = f"{who}, which {made.f} was told to be {made.result[1]}"
                yield Anomaly("again", said, _indices(made, get))
            elif edit is not None and put is not None and put.outcome == OK:
                puts = placed.get(get.argument, [])
                last = bisect_left(puts, position, key=_place) - 1
                if last >= 0 and puts[last][0] > put.result[1]:
                    said = f"{who}, of record {put.result[1]}, though {puts[last][0]} was there"
                    yield Anomaly("reverted", said, _indices(put, puts[last][1], edit, get))

    def partial(self) -> Iterator[Anomaly]:
        """Cut records that were read."""
        for cut in self.cuts:
            if cut.result[0] != "refused":
                said = f"without its last {cut.argument[1]} bytes {cut.argument[0]} was read as"
                yield Anomaly("partial", f"{said} {shown(cut.result)}", _indices(cut))


_Acknowledged = tuple[int, int, Call]
"""Where it was acknowledged in the history, its position in the log, and the operation."""


def _place(put: tuple[int, Call]) -> int:
    return put[0]


def _newer(one: _Acknowledged, two: _Acknowledged) -> _Acknowledged:
    return one if one[1] >= two[1] else two


def _put(calls: dict[Any, Call], identity: Any, call: Call) -> None:
    if identity in calls:
        said = f"{call.f} {shown(call.argument)}: it was made before"
        raise ModelError(call.invoke_index, said)
    calls[identity] = call


def _is_answer(f: str, result: Any) -> bool:
    match f, result:
        case (
            ("get", ["read", int(), int(), dict()])
            | ("get", ["unreadable", int(), int(), str()])
            | ("get", ["none", int()])
        ):
            return result[1] in VERSIONS
        case (("put" | "edit"), [int() as version, int()]):
            return version in VERSIONS
        case "cut", [str(), _]:
            return True
    return False


def _expected(put: Call, reader: int, note: Any) -> list[Mapping[str, Any]]:
    """What a reader may see of a put record, and of an edit's note."""
    writers = (put.result[0],) if put.outcome == OK else VERSIONS
    record = put.argument[2] if note is None else {**put.argument[2], NOTE: note}
    return [seen(record, writer, reader) for writer in writers]


def _difference(expected: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    names = [*expected, *(name for name in record if name not in expected)]
    for name in names:
        if name not in record:
            return f"no {name}"
        if name not in expected:
            return f"a field {name}"
        if frozen(expected[name]) != frozen(record[name]):
            return f"{name} {shown(record[name])}, and it should be {shown(expected[name])}"
    return "the same by another version"


def _who(get: Call) -> str:
    return f"process {get.process}, at version {get.result[1]},"


def _end(call: Call) -> int:
    """Where an operation that succeeded was completed."""
    assert call.completed is not None
    return call.completed


def _indices(*calls: Call) -> tuple[int, ...]:
    found = (index for call in calls for index in (call.invoke_index, call.complete_index))
    return tuple(index for index in found if index is not None)


ENTRY = CheckerEntry(ROUND_TRIP, round_trip, "records are read as they were put, by any version")
PRESERVED_ENTRY = CheckerEntry(
    PRESERVED, unknown_fields_preserved, "an edit keeps what its version doesn't know"
)
