"""Letters that were erased are forgotten, and nobody can tell: not too early, and then soon.

The twin is the same replicas with the same messages, of which none forgets anything.
"""

from __future__ import annotations

from random import Random

import pytest
from forgetting_replicas import Replica, played, scripts, settled
from hypothesis import given, settings

from splitbrain.checkers.convergence import broken_laws
from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, run
from splitbrain.harness.plan import Fault, PlannedOperation
from splitbrain.harness.workloads import text
from splitbrain.systems.replication.crdts.bugs import ForgetsAtOnce
from splitbrain.systems.replication.crdts.client import CrdtClient
from splitbrain.systems.replication.crdts.delta_server import DeltaServer
from splitbrain.systems.replication.crdts.document import Types
from splitbrain.systems.replication.crdts.server import GossipServer
from splitbrain.systems.replication.crdts.stability import Stability
from splitbrain.systems.replication.crdts.text import Text

steps = scripts("type", "type", "erase", max_size=30)


class TextReplica(Replica):
    """A text of which letters are forgotten, beside one that keeps them all."""

    def check(self):
        ours, all_of_it = (document.text for document in self.here)
        assert ours.letters == all_of_it.letters
        assert {*ours.characters} <= {*all_of_it.characters}


def after(script, stability_class=Stability):
    """The replicas after a script."""
    return played(script, lambda name: TextReplica(name, Types(), stability_class), change)


def change(one, f, n, number):
    letters = one.here[1].text.letters
    if f == "type":
        behind = letters[n % len(letters)] if letters and n else None
        one.change("insert", ((10 * number, 10 * number + 1), behind))
    elif letters:
        one.change("erase", letters[n % len(letters)])


def texts_of(replicas):
    """The texts, once each has told each."""
    return [document.text for document in settled(replicas)]


@settings(max_examples=12, deadline=None)
@given(steps)
def test_what_is_forgotten_nobody_misses_and_in_the_end_no_tombstone_is_kept_in_vain(script):
    texts = texts_of(after(script))

    assert texts[0] == texts[1] == texts[2]
    behind = {character.behind for character in texts[0].characters}
    assert {*texts[0].deleted} <= behind


@pytest.mark.nightly
@settings(max_examples=3_000, deadline=None)
@given(steps)
def test_what_is_forgotten_nobody_misses_over_many_scripts(script):
    replicas = after(script)
    reached = [replica.here[0].text for replica in replicas.values()]
    texts = texts_of(replicas)

    assert texts[0] == texts[1] == texts[2]
    assert broken_laws(Text.merged, reached) == []


TYPED_BEHIND = [
    ("type", "a", 0),
    ("tell", "a", 1),
    ("erase", "a", 1),
    ("type", "b", 1),
    ("tell", "a", 1),
    ("tell", "b", 0),
]
"""What b types stands behind a letter that a erases meanwhile."""


def test_who_forgets_at_once_loses_what_was_typed_behind():
    """ML-09-TEXT."""
    texts_of(after(TYPED_BEHIND))
    with pytest.raises(AssertionError):
        texts_of(after(TYPED_BEHIND, ForgetsAtOnce))


def test_a_letter_behind_which_others_stand_is_kept_until_they_are_erased():
    one = Text().inserted("a", 0, "ab").removed(0)
    first, second = (character.identity for character in one.characters)

    assert one.collected([first]) == one
    both = one.removed(0)
    assert both.collected([first, second]) == Text((), (), (("a", 2),))
    assert both.collected([second]).collected([first]).characters == ()


def test_a_letter_that_is_forgotten_does_not_come_again_with_an_old_message():
    old = Text().inserted("a", 0, "x")
    gone = old.removed(0).collected([old.characters[0].identity])

    assert gone.merged(old) == old.merged(gone) == gone
    assert gone.inserted("a", 0, "y").characters[0].identity == (2, "a")


def test_what_only_memory_has_does_not_count():
    """One that hears of an erasure and loses power has the letter again."""
    heard = [("type", "a", 0), ("tell", "a", 1), ("tell", "b", 2), ("erase", "a", 1)]
    replicas = after([*heard, ("tell", "a", 1), ("tell", "a", 2), ("tell", "c", 0)])
    erased = replicas["a"].here[0].text.deleted
    assert replicas["b"].here[0].text.deleted == erased != ()
    replicas["b"].crash()
    replicas["b"].change("insert", ((7,), replicas["b"].here[1].text.letters[1]))

    assert [text.letters for text in texts_of(replicas)] == [(0, 7)] * 3


APART = Fault("net.partition", at=0.5, duration=1.5, target="n1", id="apart")


@pytest.mark.parametrize("server", [GossipServer, DeltaServer])
def test_servers_forget_erased_letters_once_all_have_heard(server):
    plan = Plan("crdts", "text", seed=1, nodes=3, clients=3, time_limit=3.0, faults=(APART,))
    operations = (
        (0.1, 0, "insert", [[1, 2, 3], None]),
        (1.0, 1, "erase", 3),
        (1.0, 0, "insert", [[4], 3]),
        (1.8, 1, "read", None),
        (2.6, 1, "erase", 2),
        (2.6, 2, "insert", [[5], 1]),
        (2.8, 0, "erase", 4),
    )
    servers, erased = {}, []

    class Watched(server):
        def __init__(self, node):
            super().__init__(node)
            servers[node.name] = self

        def have(self, document):
            super().have(document)
            erased.append(len(document.text.deleted))

    planned = plan.with_(operations=tuple(PlannedOperation(*each) for each in operations))
    result = run(planned.using(Watched, text(CrdtClient)), tracing=False)

    assert result.validity is VALID, result.verdicts
    texts = [each.document.text for each in servers.values()]
    assert [(each.letters, each.deleted) for each in texts] == [((1, 5), ())] * 3
    assert max(erased) == 3, "4 stands behind 3, and both behind 2"


def merged_by_definition(one, other):
    """What both know: each character that nobody who had heard of it has no more."""

    def left(these, those):
        known = dict(those.known or ())
        return {
            c
            for c in these.characters
            if c in those.characters
            or those.known is None
            or c.identity[0] > known.get(c.identity[1], 0)
        }

    characters = left(one, other) | left(other, one)
    deleted = {*one.deleted, *other.deleted}
    if one.known is not None or other.known is not None:
        deleted &= {c.identity for c in characters}
    return tuple(sorted(characters)), tuple(sorted(deleted))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_merged_from_where_texts_differ_is_all_that_both_know(seed):
    random, texts, merges = Random(seed), [Text(), Text(), Text()], 0
    for number in range(200):
        at = random.randrange(3)
        text, other = texts[at], random.choice(texts)
        match random.choice(("type", "erase", "collect", "merge", "part", "parts")):
            case "type":
                texts[at] = text.inserted("abc"[at], random.randint(0, len(text.letters)), [number])
            case "erase" if text.letters:
                texts[at] = text.removed(random.randrange(len(text.letters)))
            case "collect":  # too early now and then: then, too, both must say the same
                texts[at] = text.collected(random.sample(text.deleted, len(text.deleted) // 2))
            case f if f != "erase":
                one = text.since(random.choice(texts)) if f == "parts" else text
                two = other if f == "merge" else other.since(random.choice(texts))
                both = one.merged(two)
                assert (both.characters, both.deleted) == merged_by_definition(one, two)
                merges += 1
                texts[at] = both if both.known is not None else text
    assert merges > 50
