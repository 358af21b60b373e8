"""Planted bugs of replicated data types: one type with one decision wrong."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, Self

from splitbrain.harness.bug import Bug, planted
from splitbrain.systems.replication.crdts.document import Document, Types
from splitbrain.systems.replication.crdts.maps import GrowOnlyMap
from splitbrain.systems.replication.crdts.registers import LWWRegister, MVRegister
from splitbrain.systems.replication.crdts.server import GossipServer
from splitbrain.systems.replication.crdts.sets import ORSet, TombstoneSet
from splitbrain.systems.replication.crdts.stability import Stability
from splitbrain.systems.replication.crdts.text import Character, Text
from splitbrain.systems.replication.leaderless.siblings import Context


class TrustsTheClock(LWWRegister):
    """Stamps a write with the wall clock, whatever it had seen."""

    def assigned(self, now: int, actor: str, value: Any) -> LWWRegister:
        """A write whose clock is behind is hidden by the one that it should replace."""
        return TrustsTheClock(now, actor, value).merged(self)


class KeepsItsOwn(LWWRegister):
    """Of two writes of one time each replica keeps the one it has."""

    def merged(self, other: LWWRegister) -> LWWRegister:
        """Without the actors there is nothing to choose by."""
        return other if other.stamp > self.stamp else self


class TakesTheLatestHeard(LWWRegister):
    """Resolves a conflict in favour of whatever it heard last."""

    def merged(self, other: LWWRegister) -> LWWRegister:
        """Not commutative: each of two replicas takes the other's."""
        return other if other.stamp else self


class TypesIntoGaps(Text):
    """Gives each letter of a run a place of its own in the gap, in descending order."""

    def inserted(self, actor: str, position: int, letters: Iterable[Any]) -> Text:
        """Two runs that are typed into one gap at once share out the places one by one."""
        typed = tuple(letters)
        after = super().inserted(actor, position, typed)
        run = after.characters[len(self.characters) :]
        behind, times = run[0].behind, [each.identity for each in run]
        spread = (
            Character(time, behind, letter)
            for time, letter in zip(times, reversed(typed), strict=True)
        )
        return after._replace(characters=(*self.characters, *spread))


class TwoPhaseSet(NamedTuple):
    """Remembers removed elements, in place of their additions.

    Attributes:
        known: elements that were ever added, sorted.
        gone: those that were ever removed, sorted.
    """

    known: tuple[Any, ...] = ()
    gone: tuple[Any, ...] = ()

    @property
    def elements(self) -> tuple[Any, ...]:
        """The elements, sorted."""
        return tuple(sorted({*self.known} - {*self.gone}))

    def added(self, actor: str, element: Any) -> TwoPhaseSet:
        """Nothing happens if it was ever removed, seen or not."""
        return self._replace(known=tuple(sorted({*self.known, element})))

    def removed(self, element: Any) -> TwoPhaseSet:
        """Whoever adds it meanwhile adds it in vain."""
        return self._replace(gone=tuple(sorted({*self.gone, element})))

    def merged(self, other: TwoPhaseSet) -> TwoPhaseSet:
        """What both know."""
        known, gone = {*self.known, *other.known}, {*self.gone, *other.gone}
        return TwoPhaseSet(tuple(sorted(known)), tuple(sorted(gone)))

    @classmethod
    def of(cls, raw: Iterable[Any]) -> TwoPhaseSet:
        """A set from a message or a record, where it is plain tuples."""
        return cls(*map(tuple, raw))


class PurgesTombstones(GossipServer):
    """Forgets tombstones once it has told the others, whether they heard or not."""

    async def tell(self) -> None:
        """What nobody answered may not have arrived."""
        await super().tell()
        elements = self.document.elements
        assert isinstance(elements, TombstoneSet)
        self.keep(self.document._replace(elements=elements.purged()))


class SharedSet:
    """A set that is merged in place: whoever was given it earlier sees it change."""

    def __init__(self, inner: ORSet | None = None) -> None:
        self.inner = inner or ORSet()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharedSet) and self.inner == other.inner

    __hash__ = None  # type: ignore[assignment]  # it changes

    @property
    def elements(self) -> tuple[Any, ...]:
        """The elements, sorted."""
        return self.inner.elements

    def added(self, actor: str, element: Any) -> SharedSet:
        """Another set, as it should be."""
        return SharedSet(self.inner.added(actor, element))

    def removed(self, element: Any) -> SharedSet:
        """Another set, as it should be."""
        return SharedSet(self.inner.removed(element))

    def merged(self, other: SharedSet) -> SharedSet:
        """Spares a copy, and takes away from others what they had."""
        self.inner = self.inner.merged(other.inner)
        return self

    @classmethod
    def of(cls, raw: Iterable[Any]) -> SharedSet:
        """A set from a message or a record, where it is plain tuples."""
        return cls(ORSet.of(raw))


class MergesInPlace(GossipServer):
    """Has one set, which the document that a read waits with shares with all later ones."""

    types_class = planted(Types, set_type=SharedSet)

    def keep(self, document: Document) -> None:
        """What was merged is the same as before, and says something new."""
        self.have(document)

    def have(self, document: Document) -> None:
        """What goes to disk is of plain tuples, as it should be."""
        super().have(document)
        self.storage.document = _plain(document)

    def told(self) -> Document:
        """What goes out is of plain tuples, as it should be."""
        return _plain(self.document)


def _plain(document: Document) -> Document:
    return document._replace(elements=document.elements.inner)


class ForgetsAtOnce(Stability):
    """Takes what is erased here for erased everywhere."""

    def everywhere(self) -> set[Hashable]:
        """Who has not heard of it may still type behind it."""
        return {*self._noted}


class ReplacesUnread(MVRegister):
    """Replaces whatever this replica has, whether or not its writer had read it."""

    def assigned(self, actor: str, value: Any, over: Context | None = None) -> Self:
        """What came since the writer's read is gone with what it had read."""
        return super().assigned(actor, value)


class KeepsOneValue(GrowOnlyMap):
    """Merges as if values were not: of each key one of two is kept whole."""

    def merged(self, other: Self) -> Self:
        """The one that has seen more, whatever the other alone has."""
        entries = dict(self.entries)
        for key, value in other.entries:
            mine = entries.get(key, value)
            entries[key] = max(mine, value, key=lambda note: (_writes(note), note))
        return type(self)(tuple(sorted(entries.items())))


def _writes(note: MVRegister) -> int:
    return sum(count for _, count in note.cell.context)


_DIVERGED = ("diverged",)

BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-01",
        title="last write wins by the wall clock: acknowledged writes of a slow one never show",
        server=planted(GossipServer, types_class=planted(Types, register_type=TrustsTheClock)),
        workload="crdt",
        faults=("stamp.behind",),
        nodes=3,
        seeds=20,
        shows=("superseded",),
        source="DDIA chapter 8, Timestamps for ordering events (figure 8-3)",
    ),
    Bug(
        id="ML-02",
        title="last write wins without the writer's name: of one time, each keeps its own",
        server=planted(
            GossipServer, types_class=planted(Types, register_type=KeepsItsOwn), tick_s=1.0
        ),
        workload="crdt",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=_DIVERGED,
        source="DDIA chapter 5, Converging toward a consistent state",
    ),
    Bug(
        id="ML-03",
        title="conflicts are resolved in favour of what was heard last: merging does not commute",
        server=planted(GossipServer, types_class=planted(Types, register_type=TakesTheLatestHeard)),
        workload="crdt",
        faults=(),
        nodes=3,
        seeds=10,
        shows=_DIVERGED,
        source="Shapiro and others, SSS 2011, definition 7",
    ),
    Bug(
        id="ML-09",
        title="tombstones are dropped before all replicas have seen them: what was removed returns",
        server=planted(PurgesTombstones, types_class=planted(Types, set_type=TombstoneSet)),
        workload="crdt",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("resurrected", "diverged"),
        source="Shapiro and others, INRIA RR-7506, section 4.2: garbage collection needs stability",
    ),
    Bug(
        id="ML-09-AGAIN",
        title="removals are of elements, not of the additions they had seen: none comes again",
        server=planted(GossipServer, types_class=planted(Types, set_type=TwoPhaseSet)),
        workload="crdt",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("lost",),
        source="Shapiro and others, INRIA RR-7506, specification 12 (2P-set), against 15",
        options={"again": 0.3},
    ),
    Bug(
        id="ML-10",
        title="letters have places of their own: two words that are typed at once interleave",
        server=planted(GossipServer, types_class=planted(Types, text_type=TypesIntoGaps)),
        workload="text",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("interleaved",),
        source="Kleppmann and others, PaPoC 2019: Logoot and LSEQ interleave",
    ),
    Bug(
        id="ML-11",
        title="merging changes a set in place: a read that waits for the disk shows later elements",
        server=MergesInPlace,
        workload="crdt",
        faults=("disk.slow",),
        nodes=3,
        seeds=20,
        shows=_DIVERGED,
        source="Shapiro and others, SSS 2011, definition 7: states are values; made up (aliasing)",
    ),
    Bug(
        id="ML-09-TEXT",
        title="an erased letter is forgotten before all have it erased: what stands behind is lost",
        server=planted(GossipServer, stability_class=ForgetsAtOnce),
        workload="text",
        faults=("net.partition",),
        nodes=3,
        seeds=20,
        shows=("lost", "diverged", "resurrected"),
        source="Baquero, Almeida and Shoker, DAIS 2014: causal stability; RR-7506, section 4.2",
    ),
)

MAP_BUGS: tuple[Bug, ...] = (
    Bug(
        id="ML-01-SIBLINGS",
        title="a write replaces whatever its replica has, though its writer had not read it",
        server=planted(GossipServer, types_class=planted(Types, note_type=ReplacesUnread)),
        workload="siblings",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("lost",),
        source="DDIA chapter 5, Detecting Concurrent Writes (figure 5-13)",
    ),
    Bug(
        id="ML-03-MAP",
        title="of two values under a key the map keeps one whole instead of merging them",
        server=planted(GossipServer, types_class=planted(Types, map_type=KeepsOneValue)),
        workload="siblings",
        faults=(),
        nodes=3,
        seeds=10,
        shows=("lost", "diverged"),
        source="Shapiro and others, INRIA RR-7506, section 3.1: a product merges part by part",
    ),
)
