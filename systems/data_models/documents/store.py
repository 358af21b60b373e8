"""Collections of documents with versions and indexes, in memory, and over a storage engine.

What is done is a record::

    ("put", collection, id, version, fields, change)    the document is this from now on
    ("delete", collection, id, change)              there is no such document from now on
    ("all", change, ((collection, id, version, fields), ...))       several puts, made at once
    ("refused", change)                             and so it stays, when its request comes again

Fields are ``((name, value), ...)``, sorted by name; `change` is a number that whoever made the
change chose for it, so that a message that comes twice is known. The engine has, of each record in
one batch (`splitbrain.systems.storage.committing`)::

    ("document", collection, id) -> (version, fields)
    ("change", change)           -> "made" or "refused"

Indexes are not on disk: they are made of the documents when the store is opened, so that they
cannot disagree with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

from splitbrain.harness.node import Disk
from splitbrain.systems.data_models.documents.queries import BadQuery, parsed, updated
from splitbrain.systems.data_models.tree import DataTree
from splitbrain.systems.storage.committing import Commits, Parts, TooLong
from splitbrain.systems.storage.engine import Engine

Fields = tuple[tuple[str, Any], ...]

Put = tuple[str, str, int, Mapping[str, Any]]
"""A put: collection, id, the version that it is made from, and the fields."""

MADE, REFUSED = "made", "refused"
"""What became of a change."""


class Document(NamedTuple):
    """A document: its id, how often it was changed, and its fields."""

    id: str
    version: int
    fields: Fields


class Conflict(Exception):
    """The document is another version, or another document has the value that must be unique."""


class Documents:
    """The documents there are.

    Invariants: a document's version goes up by one with each change, crashes or not; a change is
    made once; the index has an entry for each field of each document, and no other.

    Args:
        unique: fields of which no two documents of a collection may have the same value.
    """

    def __init__(self, unique: frozenset[str] = frozenset()) -> None:
        self._unique = unique
        self.collections: dict[str, dict[str, Document]] = {}
        self.index: dict[tuple[str, str, Any], set[str]] = {}
        self.changes: dict[Any, None] = {}
        self.refused: dict[Any, None] = {}

    def build_index(self) -> None:
        """Make the index of the documents that are there."""
        self.index = {}
        for collection, documents in self.collections.items():
            for document in documents.values():
                self.to_index(collection, document)

    def to_index(self, collection: str, document: Document) -> None:
        """Put a document into the index."""
        for name, value in document.fields:
            self.index.setdefault((collection, name, value), set()).add(document.id)

    def _from_index(self, collection: str, document: Document) -> None:
        for name, value in document.fields:
            places = self.index.get((collection, name, value), set())
            places.discard(document.id)
            if not places:
                self.index.pop((collection, name, value), None)

    # Reading

    def get(self, collection: str, identity: str) -> Document | None:
        """A document; None if there is none of that id."""
        return self.collections.get(collection, {}).get(identity)

    def find(self, collection: str, query: Any) -> list[Document]:
        """The documents that a query matches, by id (`splitbrain.systems.data_models.documents.
        queries`): those with the values that it needs are found by the index, and looked at.

        Raises:
            BadQuery: it can't be understood.
        """
        wanted = parsed(query)
        found = self.with_values(collection, dict(wanted.equal))
        return [document for document in found if wanted.matches(dict(document.fields))]

    def with_values(self, collection: str, values: Mapping[str, Any]) -> list[Document]:
        """The documents whose fields have these values, by id; all if there are none."""
        documents = self.collections.get(collection, {})
        ids: set[str] | None = None
        for item in values.items():
            found = self.index.get((collection, *item), set())
            ids = found if ids is None else ids & found
        return [documents[name] for name in sorted(documents if ids is None else ids)]

    # Writing

    def insert(
        self, collection: str, identity: str, fields: Mapping[str, Any], change: int
    ) -> None:
        """Make a new document; see `put`."""
        self.put(collection, identity, 0, fields, change)

    def update(self, collection: str, identity: str, update: Any, change: int) -> int:
        """Change some fields of a document, which is made if there is none; its version then.

        A change that was made already is not made again.

        Raises:
            BadQuery: the update can't be understood, or doesn't fit the document.
            Conflict: it breaks a unique constraint.
        """
        document = self.get(collection, identity)
        version, fields = (document.version, document.fields) if document else (0, ())
        if change in self.changes:
            return version
        with self._refusing(change):
            after = updated(dict(fields), update)
        self.put(collection, identity, version, after, change)
        return version + 1

    def put(
        self, collection: str, identity: str, version: int, fields: Mapping[str, Any], change: int
    ) -> None:
        """Make the document these fields, if it is of this version now (0: if there is none).

        A change that was made already is not made again.

        Raises:
            Conflict: it is of another version, or breaks a unique constraint.
        """
        if change in self.changes:
            return
        with self._refusing(change):
            document = self.get(collection, identity)
            if version != (document.version if document else 0):
                raise Conflict(f"{collection}/{identity} is not version {version}")
            self.check_unique(collection, identity, fields)
        items = tuple(sorted(fields.items()))
        self.write(("put", collection, identity, version + 1, items, change))

    def put_all(self, puts: Sequence[Put], change: int) -> None:
        """Make several documents of one collection or more at once, as `put` makes one; no two of
        the puts are of the same document.

        Raises:
            Conflict: one of them cannot be made, so none is.
        """
        if change in self.changes:
            return
        with self._refusing(change):
            for collection, identity, version, fields in puts:
                document = self.get(collection, identity)
                if version != (document.version if document else 0):
                    raise Conflict(f"{collection}/{identity} is not version {version}")
                self.check_unique(collection, identity, fields)
        made = tuple((c, i, v + 1, tuple(sorted(f.items()))) for c, i, v, f in puts)
        self.write(("all", change, made))

    @contextmanager
    def _refusing(self, change: Any) -> Iterator[None]:
        """Note what is refused: a copy of its request may come when nothing is in its way."""
        if change in self.refused:
            raise Conflict("it was refused before")
        try:
            yield
        except (BadQuery, Conflict):
            self.write(("refused", change))
            raise

    def check_unique(self, collection: str, identity: str, fields: Mapping[str, Any]) -> None:
        """Whether a document may have these fields.

        Raises:
            Conflict: another one has a value that must be unique.
        """
        for name in sorted(self._unique & fields.keys()):
            others = self.index.get((collection, name, fields[name]), set()) - {identity}
            if others:
                raise Conflict(f"{collection}/{min(others)} has {name} {fields[name]!r} already")

    def delete(self, collection: str, identity: str, change: int) -> None:
        """Remove a document, if there is one.

        A change that was made already is not made again, to a document that came since.
        """
        if change not in self.changes:
            self.write(("delete", collection, identity, change))

    def write(self, record: tuple[Any, ...]) -> None:
        """Do what a record says."""
        if record[0] == "refused":
            self._apply(record)
            return
        for step in _steps(record):
            before = self.get(step[1], step[2])
            if before:
                self._from_index(step[1], before)
            after = self._apply(step)
            if after:
                self.to_index(step[1], after)

    def _apply(self, step: tuple[Any, ...]) -> Document | None:
        match step:
            case ("put", collection, identity, version, fields, change):
                self.changes[change] = None
                document = Document(identity, version, fields)
                self.collections.setdefault(collection, {})[identity] = document
                return document
            case ("refused", change):
                self.refused[change] = None
            case ("delete", collection, identity, change):
                self.changes[change] = None
                self.collections.get(collection, {}).pop(identity, None)
        return None

    # All of it, for snapshots

    def state(self) -> tuple[tuple[Any, Any], ...]:
        """All documents by collection and id, and which changes were made."""
        documents = tuple(
            ((collection, identity), (found.version, found.fields))
            for collection, by_id in sorted(self.collections.items())
            for identity, found in sorted(by_id.items())
        )
        return (*documents, ("changes", tuple(self.changes)), ("refused", tuple(self.refused)))

    def restore(self, state: Sequence[tuple[Any, Any]]) -> None:
        """Become what `state` said."""
        *documents, (_, changes), (_, refused) = state
        self.collections = {}
        self.changes, self.refused = dict.fromkeys(changes), dict.fromkeys(refused)
        for (collection, identity), (version, fields) in documents:
            found = Document(identity, version, fields)
            self.collections.setdefault(collection, {})[identity] = found
        self.build_index()

    def __iter__(self) -> Iterator[tuple[str, Document]]:
        """All documents, with their collections."""
        for collection, documents in self.collections.items():
            for document in documents.values():
                yield collection, document


class StoredDocuments(Documents):
    """The documents of one server, over an engine on its disk.

    What is written counts at once; `sync` makes it durable.

    Args:
        disk: where the engine keeps its files.
        unique: as for `Documents`.

    Attributes:
        engine_class: what engine that is.
    """

    engine_class: ClassVar[type[Engine]] = DataTree

    def __init__(self, disk: Disk, unique: frozenset[str] = frozenset()) -> None:
        super().__init__(unique)
        self._commits = Commits(self.engine_class(disk))
        self.sync = self._commits.sync
        self.keep_house = self._commits.keep_house

    async def open(self) -> None:
        """Read what survived."""
        for key, value in await self._commits.open():
            match key, value:
                case ("document", collection, identity), (version, fields):
                    found = Document(identity, version, fields)
                    self.collections.setdefault(collection, {})[identity] = found
                case ("change", change), str():
                    (self.changes if value == MADE else self.refused)[change] = None
        self.build_index()

    def write(self, record: tuple[Any, ...]) -> None:
        """Do what a record says, and have it written.

        Raises:
            BadQuery: a document would be too long; the change is refused.
        """
        try:
            batch = self._commits.batch(_entries(record))
        except TooLong as problem:
            self.write(("refused", _change(record)))
            raise BadQuery(str(problem)) from None
        self._commits.add(batch)
        super().write(record)


def _steps(record: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The puts and deletes that a record stands for."""
    match record:
        case ("all", change, puts):
            return [("put", *put, change) for put in puts]
    return [record]


def _change(record: tuple[Any, ...]) -> Any:
    """The change that a record makes, or refuses."""
    return record[1] if record[0] == "all" else record[-1]


def _entries(record: tuple[Any, ...]) -> dict[Parts, Any]:
    """What an engine has of a record."""
    became = REFUSED if record[0] == "refused" else MADE
    entries: dict[Parts, Any] = {("change", _change(record)): became}
    for step in _steps(record):
        match step:
            case ("put", collection, identity, version, fields, _):
                entries["document", collection, identity] = version, fields
            case ("delete", collection, identity, _):
                entries["document", collection, identity] = None
    return entries
