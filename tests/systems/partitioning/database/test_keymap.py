"""The map: after any decisions its ranges cover all keys, and only what was decided has changed."""

from __future__ import annotations

from random import Random

import pytest

from splitbrain.harness.node import Message
from splitbrain.systems.frames import frozen
from splitbrain.systems.partitioning.database.keymap import KeyMap, map_of

KEYS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
SERVERS = ("n1", "n2", "n3")


def decided(before: KeyMap, draw: Random) -> tuple[KeyMap, str, tuple[str | None, ...]]:
    """A map after one more decision, what that was, and the keys whose owner may have changed."""
    key = draw.choice(KEYS)
    move = before.move_of(key)
    match draw.choice(("split", "merge", "move", "end")):
        case "split" if move is None and not before.begins(key):
            return before.split(key), "split", ()
        case "merge" if len(before.ranges) > 1 and not before.moves:
            position = draw.randrange(len(before.ranges) - 1)
            if before.ranges[position][1] == before.ranges[position + 1][1]:
                return before.merged(position), "merge", ()
        case "move" if move is None:
            return before.moving(key, draw.choice(SERVERS)), "move", ()
        case "end" if before.moves:
            over = draw.choice(before.moves)
            done = draw.random() < 0.5
            covered = tuple(key for key in KEYS if over.covers(key)) if done else ()
            return before.ended(over.number, done=done), "end", covered
    return before, "nothing", ()


@pytest.mark.parametrize("seed", range(20))
def test_ranges_cover_all_keys_and_owners_change_by_moves_that_are_done(seed):
    draw = Random(seed)
    known = KeyMap.first("n1")
    seen: dict[str, int] = {}
    for _ in range(60):
        after, what, changed = decided(known, draw)
        seen[what] = seen.get(what, 0) + 1
        lows = [low for low, _ in after.ranges]
        assert lows == sorted(set(lows))
        assert lows[0] == ""
        assert after.version == known.version + (what != "nothing")
        assert all(after.owner(k) == known.owner(k) for k in KEYS if k not in changed)
        owners = [server for server in SERVERS for _ in after.owned(server)]
        assert len(owners) == len(after.ranges)
        assert len({move.low for move in after.moves}) == len(after.moves)
        known = after
    assert {"split", "move", "end"} <= set(seen)


def test_a_move_that_is_done_gives_the_range_to_its_target_and_one_that_is_called_off_does_not():
    going = KeyMap.first("n1").split("h").split("p").moving("k", "n2")
    (move,) = going.moves

    assert (move.low, move.high, move.source, move.target) == ("h", "p", "n1", "n2")
    assert going.owned("n1") == [("", "h"), ("h", "p"), ("p", None)]
    assert going.ended(move.number, done=True).owned("n2") == [("h", "p")]
    assert going.ended(move.number, done=False).owned("n2") == []


def test_a_boundary_belongs_to_the_range_that_begins_with_it():
    known = KeyMap.first("n1").split("h").moving("h", "n2")
    after = known.ended(known.version, done=True)

    assert [after.owner(key) for key in ("g", "gz", "h", "h0", "i")] == ["n1"] * 2 + ["n2"] * 3


def test_a_map_comes_back_from_a_message():
    known = KeyMap.first("n1").split("h").moving("h", "n2")
    plain: Message = frozen(
        [known.version, [list(r) for r in known.ranges], [list(known.moves[0])]]
    )

    assert map_of(plain) == known
