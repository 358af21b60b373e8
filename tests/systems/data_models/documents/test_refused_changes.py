"""What was refused is refused again when its request comes later and nothing is in its way."""

from __future__ import annotations

import pytest

from splitbrain.systems.data_models.documents.store import Conflict, Documents


def freed():
    """A store that has refused change 2, whose unique value is free again."""
    store = Documents(frozenset({"element"}))
    store.put("locks", "l1", 0, {"element": 0}, 1)
    with pytest.raises(Conflict, match="locks/l1 has element 0 already"):
        store.put("locks", "l2", 0, {"element": 0}, 2)
    store.delete("locks", "l1", 9)
    return store


def test_a_refused_change_stays_refused_and_another_is_made():
    store = freed()
    with pytest.raises(Conflict, match="it was refused before"):
        store.put("locks", "l2", 0, {"element": 0}, 2)
    with pytest.raises(Conflict, match="it was refused before"):
        store.put_all([("locks", "l2", 0, {"element": 0})], 2)
    store.put("locks", "l3", 0, {"element": 0}, 3)
    assert store.get("locks", "l3")


def test_a_snapshot_has_what_was_refused():
    restored = Documents(frozenset({"element"}))
    restored.restore(freed().state())
    with pytest.raises(Conflict, match="it was refused before"):
        restored.put("locks", "l2", 0, {"element": 0}, 2)
