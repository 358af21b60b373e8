"""Our replicated text beside a published one, Yjs (`pycrdt`), on the same edit traces.

Both keep what is typed in a row together, and what stood there in its order. Where two people type
into one gap at once each may put either of them first: so where nobody does that the texts are the
same letter by letter, and anywhere they have the same letters. Ours forgets what was deleted
whenever all have heard of it.
"""

from __future__ import annotations

import string
from random import Random

import pytest

from splitbrain.systems.replication.crdts.text import Text

pycrdt = pytest.importorskip("pycrdt")

ACTORS = ("a", "b", "c")
LETTERS = string.ascii_letters + string.digits + string.punctuation


class Both:
    """One replica of each kind, which are edited alike."""

    def __init__(self, actor):
        self.actor = actor
        self.ours = Text()
        self.document = pycrdt.Doc()
        self.document["text"] = self.theirs = pycrdt.Text()

    def insert(self, position, letters):
        self.ours = self.ours.inserted(self.actor, position, letters)
        self.theirs.insert(position, letters)

    def remove(self, position):
        self.ours = self.ours.removed(position)
        del self.theirs[position]

    def hear(self, other):
        self.ours = self.ours.merged(other.ours)
        self.document.apply_update(other.document.get_update())


def edited(replica, random, letters, low, high):
    """A few edits strictly between two positions; the letters that are left, and the new end."""
    for _ in range(random.randrange(1, 4)):
        if high - low > 2 and random.random() < 0.3:
            replica.remove(random.randrange(low + 1, high))
            high -= 1
            continue
        typed, letters = letters[: random.randrange(1, 4)], letters[3:]
        replica.insert(random.randrange(low + 1, high + 1), typed)
        high += len(typed)
    return letters


def converged(replicas):
    for one in replicas:
        for other in replicas:
            one.hear(other)
    assert len({each.ours.value for each in replicas}) == 1
    assert len({str(each.theirs) for each in replicas}) == 1
    for each in replicas:  # all have heard of all: what was deleted may be forgotten
        each.ours = each.ours.collected(each.ours.deleted)
    return replicas[0].ours.value, str(replicas[0].theirs)


def shared(letters):
    replicas = [Both(actor) for actor in ACTORS]
    replicas[0].insert(0, letters)
    converged(replicas)
    return replicas


@pytest.mark.parametrize("seed", range(30))
def test_edits_in_different_places_give_the_same_text(seed):
    random = Random(seed)
    replicas, letters = shared(LETTERS[:12]), LETTERS[12:]
    for _ in range(3):
        length = len(replicas[0].ours.value)
        for at, replica in enumerate(replicas):
            low, high = length * at // 3, length * (at + 1) // 3 - 1
            letters = edited(replica, random, letters, low, high)
        ours, theirs = converged(replicas)
        assert ours == theirs


@pytest.mark.parametrize("seed", range(30))
def test_edits_in_one_place_give_the_same_letters_and_keep_the_order_of_the_old_ones(seed):
    random = Random(seed)
    replicas, letters = shared("0123"), LETTERS[:52]
    for replica in replicas:
        letters = edited(replica, random, letters, 0, 3)
    ours, theirs = converged(replicas)

    assert sorted(ours) == sorted(theirs)
    for text in (ours, theirs):
        old = [letter for letter in text if letter in "0123"]
        assert old == sorted(old)


def test_words_that_are_typed_at_once_stay_whole_in_both():
    replicas = shared("()")
    for replica, word in zip(replicas, ("cat", "dog", "emu"), strict=True):
        for offset, letter in enumerate(word):
            replica.insert(1 + offset, letter)
    for text in converged(replicas):
        assert all(word in text for word in ("cat", "dog", "emu")), text
