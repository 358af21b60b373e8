"""Documents: versions, unique fields, changes that come twice, and the index, whatever crashes."""

from __future__ import annotations

import random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from untimed_disks import UntimedDisk

from splitbrain.harness.nemesis.control import POWER_LOSS_POLICIES
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.data_models.documents.queries import BadQuery
from splitbrain.systems.data_models.documents.store import Conflict, StoredDocuments


def opened(disk):
    store = StoredDocuments(UntimedDisk(disk), frozenset({"name"}))
    trio.run(store.open)
    return store


def by_scan(store, query):
    return [
        document
        for _, document in sorted(store, key=lambda each: each[1].id)
        if query.items() <= dict(document.fields).items()
    ]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 3),
        st.dictionaries(st.sampled_from(["name", "x", "y"]), st.integers(0, 2)),
    ),
    max_size=20,
)


@settings(max_examples=40)
@given(CHANGES, st.integers(0, 20), st.sampled_from(POWER_LOSS_POLICIES), st.integers(0, 99))
def test_what_is_found_is_what_is_there_also_after_a_power_loss(changes, synced, policy, seed):
    disk = SimulatedDisk(random.Random(seed))
    store = opened(disk)
    durable = []
    for number, (identity, version, fields) in enumerate(changes):
        try:
            store.put("c", identity, version, fields, number)
        except Conflict:
            continue
        if number < synced:
            trio.run(store.sync)
            durable = sorted(store)
    disk.power_loss(policy)

    after = opened(disk)
    assert sorted(after) == durable
    for each in (store, after):
        for query in ({}, {"x": 1}, {"name": 0}, {"x": 1, "y": 2}):
            assert each.find("c", query) == by_scan(each, query)
        names = [dict(document.fields).get("name") for _, document in each]
        taken = [name for name in names if name is not None]
        assert len(taken) == len(set(taken))


def test_a_change_names_the_version_it_was_made_from():
    store = opened(SimulatedDisk(random.Random(1)))
    store.put("c", "a", 0, {"x": 1}, 1)
    store.put("c", "a", 1, {"x": 2}, 2)

    with pytest.raises(Conflict, match="c/a is not version 1"):
        store.put("c", "a", 1, {"x": 3}, 3)
    assert store.get("c", "a").version == 2


def test_a_change_that_comes_twice_is_made_once_also_after_a_restart():
    disk = SimulatedDisk(random.Random(1))
    store = opened(disk)
    store.put("c", "a", 0, {"x": 1}, 7)
    trio.run(store.sync)

    for each in (store, opened(disk)):
        each.put("c", "a", 0, {"x": 1}, 7)
        assert each.get("c", "a").version == 1


def test_a_unique_value_is_free_again_when_its_document_is_gone():
    store = opened(SimulatedDisk(random.Random(1)))
    store.put("c", "a", 0, {"name": 1}, 1)

    with pytest.raises(Conflict, match="c/a has name 1 already"):
        store.put("c", "b", 0, {"name": 1}, 2)
    store.delete("c", "a", 9)
    store.put("c", "b", 0, {"name": 1}, 3)

    assert [document.id for document in store.find("c", {"name": 1})] == ["b"]


def test_several_documents_change_at_once_or_not_at_all_also_after_a_restart():
    disk = SimulatedDisk(random.Random(1))
    store = opened(disk)
    store.put("c", "a", 0, {"x": 1}, 1)
    store.put_all([("c", "a", 1, {"x": 2}), ("c", "b", 0, {"x": 3})], 2)

    with pytest.raises(Conflict, match="c/b is not version 0"):
        store.put_all([("c", "a", 2, {"x": 9}), ("c", "b", 0, {"x": 9})], 3)
    trio.run(store.sync)

    for each in (store, opened(disk)):
        each.put_all([("c", "a", 1, {"x": 2}), ("c", "b", 0, {"x": 3})], 2)  # it comes twice
        versions = {document.id: document.version for _, document in each}
        assert versions == {"a": 2, "b": 1}
        assert [document.id for document in each.find("c", {"x": 3})] == ["b"]


def test_a_deletion_that_comes_again_leaves_what_was_put_since():
    disk = SimulatedDisk(random.Random(1))
    store = opened(disk)
    store.delete("c", "a", 1)
    store.put("c", "a", 0, {"x": 1}, 2)
    trio.run(store.sync)

    for each in (store, opened(disk)):
        each.delete("c", "a", 1)
        assert each.get("c", "a").version == 1
        each.delete("c", "a", 3)
        assert each.get("c", "a") is None


def test_a_document_that_is_too_long_is_refused_with_its_place_and_stays_refused():
    disk = SimulatedDisk(random.Random(1))
    store = opened(disk)
    store.put("c", "a", 0, {"x": "v" * 40_000}, 1)

    with pytest.raises(BadQuery, match=r"document c/a takes 80,.* an entry has 65,536 at most"):
        store.update("c", "a", {"$set": {"y": "v" * 40_000}}, 2)
    store.put("c", "a", 1, {}, 3)
    trio.run(store.sync)

    for each in (store, opened(disk)):
        assert each.get("c", "a") == ("a", 2, ())
        with pytest.raises(Conflict, match="it was refused before"):
            each.update("c", "a", {"$set": {"y": "v" * 40_000}}, 2)


def test_an_update_that_did_not_fit_stays_refused_when_it_would_fit():
    store = opened(SimulatedDisk(random.Random(1)))
    store.put("c", "a", 0, {"x": "text"}, 1)
    with pytest.raises(BadQuery, match="no number to add to"):
        store.update("c", "a", {"$inc": {"x": 1}}, 2)
    store.put("c", "a", 1, {"x": 5}, 3)

    with pytest.raises(Conflict, match="it was refused before"):
        store.update("c", "a", {"$inc": {"x": 1}}, 2)
