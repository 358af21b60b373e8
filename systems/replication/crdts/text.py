"""Text that several people edit at once: a replicated growable array.

Each character has an identity, a Lamport time with its actor, and stands behind the character that
it was typed behind. Of those typed behind the same one, the later comes first, with all that was
typed behind it: so what one person types in a row stays together, and a character typed between two
others stays between them, whatever happens elsewhere. A character that is deleted leaves a
tombstone, because others may have typed behind it. Once all have it deleted for good, and nothing
stands behind it, the tombstone may go, too (`Text.collected`): where one state has a character and
another had heard of it and has it no more, it is gone.

Source: Roh, Jeon, Kim and Lee, "Replicated abstract data types: Building blocks for collaborative
applications", Journal of Parallel and Distributed Computing 71(3), 2011; as a tree, Attiya and
others, "Specification and Complexity of Collaborative Text Editing", PODC 2016.

>>> text = Text().inserted("a", 0, "ct")
>>> one, other = text.inserted("a", 1, "a"), text.inserted("b", 2, "s")
>>> one.merged(other).value
'cats'
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from splitbrain.systems.clocks.vectors import Vector, joined

Identity = tuple[int, str]
"""A Lamport time and who typed the character then. The beginning of the text is ``(0, "")``."""

START: Identity = (0, "")


class Character(NamedTuple):
    """One character and its place; a letter may be any value that text is made of."""

    identity: Identity
    behind: Identity
    letter: Any


class Text(NamedTuple):
    """A text, as the characters that were typed and not collected.

    Attributes:
        characters: sorted by identity.
        deleted: the identities of those that were deleted, sorted.
        known: by actor, the Lamport time of its last character that was heard of: all of its
            characters up to that one are here, or were collected. None: this is a part of a state,
            which says nothing of what it lacks.
    """

    characters: tuple[Character, ...] = ()
    deleted: tuple[Identity, ...] = ()
    known: Vector | None = ()

    @property
    def value(self) -> str:
        """What people read."""
        return "".join(map(str, self.letters))

    @property
    def letters(self) -> tuple[Any, ...]:
        """The letters that people read, one by one."""
        return tuple(character.letter for character in self._visible())

    def inserted(self, actor: str, position: int, letters: Iterable[Any]) -> Text:
        """The text after some letters were typed in front of the one at `position`.

        Raises:
            IndexError: the text is not that long.
        """
        visible = self._visible()
        if not 0 <= position <= len(visible):
            raise IndexError(f"the text has {len(visible)} characters: there is no {position}")
        behind = visible[position - 1].identity if position else START
        time = max((time for _, time in self.known or ()), default=0)
        typed = []
        for letter in letters:
            time += 1
            typed.append(Character((time, actor), behind, letter))
            behind = time, actor
        known = joined(self.known or (), ((actor, time),))
        return self._replace(characters=(*self.characters, *typed), known=known)

    def removed(self, position: int) -> Text:
        """The text after the character at `position` was deleted.

        Raises:
            IndexError: there is none.
        """
        gone = self._visible()[position].identity
        return self._replace(deleted=tuple(sorted({*self.deleted, gone})))

    def collected(self, erased: Collection[Hashable]) -> Text:
        """The text without those of some deleted characters behind which nothing stands.

        Right only if all replicas have them deleted, durably, and all is here that anybody typed
        before: then nothing can come that stands behind them.
        """
        wanted, gone = {*erased} & {*self.deleted}, set()
        if not wanted:
            return self
        followers = Counter(character.behind for character in self.characters)
        for character in reversed(self.characters):  # what stands behind another is later than it
            if character.identity in wanted and not followers[character.identity]:
                gone.add(character.identity)
                followers[character.behind] -= 1
        if not gone:
            return self
        return self._replace(
            characters=tuple(each for each in self.characters if each.identity not in gone),
            deleted=tuple(each for each in self.deleted if each not in gone),
        )

    def merged(self, other: Text) -> Text:
        """What both know."""
        if self.known is None or other.known is None:
            return self._merged_part(other)
        same = _equal_at_the_beginning(self.characters, other.characters)
        tail, other_tail = self.characters[same:], other.characters[same:]
        kept = {*_left(tail, other_tail, other.known), *_left(other_tail, tail, self.known)}
        characters = (*self.characters[:same], *sorted(kept))
        deleted = {*self.deleted, *other.deleted}
        deleted -= {each.identity for each in (*tail, *other_tail) if each not in kept}
        known = joined(self.known, other.known)
        return self._replace(characters=characters, deleted=tuple(sorted(deleted)), known=known)

    def _merged_part(self, other: Text) -> Text:
        """What both know, where one at least is a part."""
        characters = _together(self._left_by(other), other._left_by(self))
        deleted = {*self.deleted, *other.deleted}
        if self.known is None and other.known is None:
            return self._replace(characters=characters, deleted=tuple(sorted(deleted)))
        # Parts don't say what they know, and have no gaps.
        latest = {actor: time for (time, actor), _, _ in characters}  # sorted by time
        known = joined(joined(self.known or (), other.known or ()), tuple(latest.items()))
        deleted &= {character.identity for character in characters}
        return self._replace(characters=characters, deleted=tuple(sorted(deleted)), known=known)

    def since(self, before: Text) -> Text:
        """What this one knows and an earlier state did not, as a part: merged with that, it is this
        one. Of what was collected it says nothing; each replica finds that out by itself."""
        had, gone = set(before.characters), set(before.deleted)
        return type(self)(
            tuple(each for each in self.characters if each not in had),
            tuple(each for each in self.deleted if each not in gone),
            None,
        )

    def _left_by(self, other: Text) -> Sequence[Character]:
        """The characters of this state that another one has not collected."""
        if other.known is None:
            return self.characters
        return _left(self.characters, other.characters, other.known)

    @classmethod
    def of(cls, raw: Iterable[Any]) -> Text:
        """A text from a message or a record, where it is plain tuples."""
        characters, deleted, known = raw
        if not {Character}.issuperset(map(type, characters)):  # else they came by a message, whole
            characters = (
                Character(tuple(identity), tuple(behind), letter)
                for identity, behind, letter in characters
            )
        return cls(
            tuple(characters),
            tuple(map(tuple, deleted)),
            None if known is None else tuple(map(tuple, known)),
        )

    def _visible(self) -> list[Character]:
        """The characters in the order of the text, without the deleted ones.

        The tree is walked depth first; the stack holds the later-typed siblings on top.
        """
        children: dict[Identity, list[Character]] = {}
        for character in self.characters:
            children.setdefault(character.behind, []).append(character)
        gone = set(self.deleted)
        found = []
        stack = list(children.get(START, ()))
        while stack:
            character = stack.pop()
            if character.identity not in gone:
                found.append(character)
            stack.extend(children.get(character.identity, ()))
        return found


def _left(
    characters: Sequence[Character], others: Sequence[Character], known: Vector
) -> Sequence[Character]:
    """The characters that a state with these others, which had heard of so much, has not
    collected."""
    upto, has = dict(known), {*others}
    return [c for c in characters if c in has or c.identity[0] > upto.get(c.identity[1], 0)]


def _together(one: Sequence[Character], other: Sequence[Character]) -> tuple[Character, ...]:
    """The characters of both, sorted as each of them is."""
    more, fewer = (one, other) if len(one) > len(other) else (other, one)
    has = {*more}
    return tuple(sorted((*more, *(character for character in fewer if character not in has))))


def _equal_at_the_beginning(one: Sequence[Character], other: Sequence[Character]) -> int:
    """How many characters two states begin with that are the same.

    Searched by halves, each compared as a whole: replicas have nearly all in common, and a
    character that both were told of is mostly one object."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[least:middle] == other[least:middle]:
            least = middle
        else:
            most = middle - 1
    return least
