"""Text that several people edit at once: a replicated growable array.

Each character has an identity, a Lamport time with its actor, and stands behind the character that
it was typed behind. Of those typed behind the same one, the later comes first, with all that was
typed behind it: so what one person types in a row stays together, and a character typed between two
others stays between them, whatever happens elsewhere. A character that is deleted leaves a
tombstone, because others may have typed behind it.

Source: Roh, Jeon, Kim and Lee, "Replicated abstract data types: Building blocks for collaborative
applications", Journal of Parallel and Distributed Computing 71(3), 2011; as a tree, Attiya and
others, "Specification and Complexity of Collaborative Text Editing", PODC 2016.

>>> text = Text().inserted("a", 0, "ct")
>>> one, other = text.inserted("a", 1, "a"), text.inserted("b", 2, "s")
>>> one.merged(other).value
'cats'
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

Identity = tuple[int, str]
"""A Lamport time and who typed the character then. The beginning of the text is ``(0, "")``."""

START: Identity = (0, "")


class Character(NamedTuple):
    """One character and its place; a letter may be any value that text is made of."""

    identity: Identity
    behind: Identity
    letter: Any


class Text(NamedTuple):
    """A text, as all characters that were ever typed.

    Attributes:
        characters: sorted by identity.
        deleted: the identities of those that were deleted, sorted.
    """

    characters: tuple[Character, ...] = ()
    deleted: tuple[Identity, ...] = ()

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
        time = self.characters[-1].identity[0] if self.characters else 0
        typed = []
        for letter in letters:
            time += 1
            typed.append(Character((time, actor), behind, letter))
            behind = time, actor
        return self._replace(characters=(*self.characters, *typed))

    def removed(self, position: int) -> Text:
        """The text after the character at `position` was deleted.

        Raises:
            IndexError: there is none.
        """
        gone = self._visible()[position].identity
        return self._replace(deleted=tuple(sorted({*self.deleted, gone})))

    def merged(self, other: Text) -> Text:
        """What both know."""
        characters = sorted({*self.characters, *other.characters})
        deleted = tuple(sorted({*self.deleted, *other.deleted}))
        return self._replace(characters=tuple(characters), deleted=deleted)

    def since(self, before: Text) -> Text:
        """What this one knows and an earlier state did not: merged with that, it is this one."""
        had, gone = set(before.characters), set(before.deleted)
        return type(self)(
            tuple(each for each in self.characters if each not in had),
            tuple(each for each in self.deleted if each not in gone),
        )

    @classmethod
    def of(cls, raw: Iterable[Any]) -> Text:
        """A text from a message or a record, where it is plain tuples."""
        characters, deleted = raw
        return cls(
            tuple(
                Character(tuple(identity), tuple(behind), letter)
                for identity, behind, letter in characters
            ),
            tuple(map(tuple, deleted)),
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
