"""Rings of keys: what moved between two, and what servers announced of who owns what."""

from picturing import form_of, words_in
from run_recording import SECOND, Recording, anomaly, plan, save, verdict

from splitbrain.reports.pictures.rings import draw_ring
from splitbrain.systems.partitioning.arcs import ring_change
from splitbrain.systems.partitioning.ring import Ring


def test_a_node_that_comes_takes_arcs_and_nothing_moves_between_others():
    before = Ring.of(["n1", "n2", "n3"], 4)
    picture = ring_change(before, before.with_node("n4"), ["cart"])

    assert {owner for _, owner in picture.after} - {owner for _, owner in picture.before} == {"n4"}
    assert picture.before[-1][0] == picture.after[-1][0] == 1.0
    for at in range(1000):
        was, now = (
            next(owner for end, owner in arcs if at / 1000 <= end)
            for arcs in (picture.before, picture.after)
        )
        assert now in (was, "n4")
    svg = draw_ring(picture, "ring")
    assert ", was " in svg
    assert "of the ring has another owner now" in svg


def _placed(folder, *announced, details=None):
    """A failed run in which servers announced who owns eight keys: server, members, owners."""
    recording = Recording()
    for at, (server, members, owners) in enumerate(announced):
        told = {str(key): [owner] for key, owner in enumerate(owners)}
        value = {"members": members, "copies": 1, "owners": told}
        recording.add((1 + at) * SECOND, server, "info", "placement", value)
    found = anomaly(
        "needless-movement", "keys move", list(range(len(announced))), **(details or {})
    )
    verdicts = [verdict("placement", "invalid", "keys move", [found])]
    return save(folder, recording, plan("changing-set", system="ring-store"), verdicts)


def test_a_ring_says_how_many_keys_moved_and_how_many_had_to(tmp_path):
    was = "n1", ["n1", "n2", "n3"], ["n1", "n2", "n3", "n1", "n2", "n3", "n1", "n2"]
    now = "n1", ["n1", "n3"], ["n1", "n3", "n3", "n3", "n1", "n3", "n1", "n1"]
    ring = form_of(_placed(tmp_path, was, now, details={"keys": ["3"]}), "ring")

    assert ring.names == ("before", "after")
    assert ring.note == "n2 came or went: of 8 keys 4 moved, 3 of them had to"
    assert [key for _, key in ring.keys] == ["3"]
    assert {owner for _, owner in ring.before} == {"n1", "n2", "n3"}
    assert {owner for _, owner in ring.after} == {"n1", "n3"}
    assert {ring.note, "before", "after"} <= words_in(draw_ring(ring, "it"))


def test_two_servers_that_place_keys_otherwise_are_a_ring_each(tmp_path):
    one = "n2", ["n1", "n2"], ["n1"] * 8
    other = "n3", ["n1", "n2"], ["n2"] * 8
    ring = form_of(_placed(tmp_path, one, other), "ring")

    assert (ring.names, ring.note) == (("n2", "n3"), "")
    assert "100.0% of the ring has another owner now" in draw_ring(ring, "it")
