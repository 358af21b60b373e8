"""No two servers answer for a key at one time: examples, a twin that looks at each key, mutants."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.history import INFO, History, Operation
from splitbrain.checkers.invariants.ownership import owner_agreement
from splitbrain.checkers.models import ModelError

LETTERS = "abcdef"


def announced(*events):
    return History.from_operations(
        Operation(i, i * 10**9, server, INFO, "owns", {"ranges": ranges})
        for i, (server, ranges) in enumerate(events)
    )


@pytest.mark.parametrize(
    ("events", "validity", "which"),
    [
        ([("n1", [["", None]]), ("n1", [["", "m"]]), ("n2", [["m", None]])], VALID, []),
        # The new owner is there before the old one has gone.
        ([("n1", [["", None]]), ("n2", [["m", None]])], INVALID, [(0, 1)]),
        # A boundary is the first key of one range, and no key of the other.
        ([("n1", [["", "m"]]), ("n2", [["m", "t"], ["t", None]])], VALID, []),
        ([("n1", [["a", "c"], ["m", "t"]]), ("n2", [["c", "m"], ["s", "u"]])], INVALID, [(0, 1)]),
        # Whoever starts again says the same again.
        ([("n1", [["", "m"]]), ("n1", [["", "m"]]), ("n2", [["m", None]])], VALID, []),
        ([("n1", [["", None]]), ("n1", []), ("n2", [["", None]])], VALID, []),
        # One announcement is no agreement, and none is nothing.
        ([("n1", [["", None]])], UNKNOWN, []),
        ([("n1", []), ("n2", [])], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_owner_agreement(events, validity, which, certify):
    made = announced(*events)
    verdict = owner_agreement().check(made)
    certify(made, verdict)

    assert (verdict.validity, [a.operations for a in verdict.anomalies]) == (validity, which)


def test_the_key_that_has_two_owners_is_told():
    verdict = owner_agreement().check(announced(("n1", [["", "p"]]), ("n2", [["m", None]])))

    assert verdict.reason == "n2 answers for key 'm' from 1.000 s on, and n1 has since 0.000 s"


@pytest.mark.parametrize(
    "ranges", [None, 3, [3], [["a"]], [[None, "b"]], [["a", 3]], [["a", "b", "c"]]]
)
def test_what_is_no_range_is_named(ranges):
    with pytest.raises(ModelError, match="n1 announces owns"):
        owner_agreement().check(announced(("n1", ranges)))


def handed_over(draw: Random) -> list[tuple[str, list[list[str | None]]]]:
    """Servers that give letters away before others have them."""
    owner = dict.fromkeys(LETTERS, "n1")
    events = [("n1", ranges_of(owner, "n1"))]
    for _ in range(draw.randrange(2, 8)):
        begin = draw.randrange(len(LETTERS))
        letters = LETTERS[begin : begin + draw.randrange(1, 4)]
        source, target = owner[letters[0]], draw.choice(["n1", "n2", "n3"])
        letters = [letter for letter in letters if owner[letter] == source]
        owner.update(dict.fromkeys(letters, "nobody"))
        events.append((source, ranges_of(owner, source)))
        owner.update(dict.fromkeys(letters, target))
        events.append((target, ranges_of(owner, target)))
    return events


def ranges_of(owner, server):
    """A range for each letter, as coarse or as fine as they come."""
    ends = [*LETTERS[1:], None]
    return [[a, b] for a, b in zip(LETTERS, ends, strict=True) if owner[a] == server]


def two_owners(events):
    """The twin: after each announcement, who has which letter."""
    latest = {}
    for server, ranges in events:
        latest[server] = {
            letter for letter in LETTERS for a, b in ranges if a <= letter and (not b or letter < b)
        }
        if any(one & other for one, other in combinations(latest.values(), 2)):
            return True
    return False


@pytest.mark.parametrize("chunk", range(10))
def test_the_checker_says_what_its_twin_says(chunk, certify):
    """Of thousands of histories, half of them with an announcement changed or gone."""
    found = {True: 0, False: 0}
    for seed in range(300):
        draw = Random(f"{chunk}/{seed}")
        events = handed_over(draw)
        assert not two_owners(events)
        if seed % 2:
            at = draw.randrange(len(events))
            if draw.random() < 0.5:
                del events[at]
            else:
                owner = {letter: draw.choice(["n1", "n2", "n3"]) for letter in LETTERS}
                events[at] = (events[at][0], ranges_of(owner, events[at][0]))
        broken = two_owners(events)
        found[broken] += 1
        made = announced(*events)
        verdict = owner_agreement().check(made)
        assert (verdict.validity is INVALID) == broken, events
        if seed % 4 < 2:
            certify(made, verdict)

    assert min(found.values()) >= 50
