"""Queries against their definition, by an index and without; what is refused says where and why."""

from __future__ import annotations

import json
import random

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from untimed_disks import UntimedDisk

from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.data_models.documents.queries import BadQuery, parsed, updated
from splitbrain.systems.data_models.documents.server import answered
from splitbrain.systems.data_models.documents.store import Documents, StoredDocuments

VALUES = st.sampled_from([None, True, False, 0, 1, 2, 1.5, "", "a", "b"])
FIELDS = st.dictionaries(st.sampled_from("xyz"), VALUES)
CONDITIONS = st.one_of(
    st.tuples(st.sampled_from(["$eq", "$ne"]), VALUES),
    st.tuples(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), st.sampled_from([0, 1, "", "a"])),
    st.tuples(st.just("$in"), st.lists(VALUES, max_size=3)),
    st.tuples(st.just("$exists"), st.booleans()),
).map(lambda each: dict([each]))
QUERIES = st.recursive(
    st.dictionaries(st.sampled_from("xyz"), st.one_of(VALUES, CONDITIONS), max_size=2),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: {"$or": each}),
        st.lists(inner, max_size=3).map(lambda each: {"$and": each}),
        inner.map(lambda each: {"$not": each}),
    ),
    max_leaves=6,
)


def typed(value):
    return (type(value) is bool, value)


def holds(query, fields):
    """The definition, clause by clause."""
    for name, value in query.items():
        if name == "$or":
            good = sum(holds(each, fields) for each in value) > 0
        elif name == "$and":
            good = [each for each in value if not holds(each, fields)] == []
        elif name == "$not":
            good = not holds(value, fields)
        else:
            conditions = value if isinstance(value, dict) else {"$eq": value}
            good = all(meets(fields, name, f, wanted) for f, wanted in conditions.items())
        if not good:
            return False
    return True


def meets(fields, name, f, wanted):
    there = name in fields
    if f == "$exists":
        return there == wanted
    if f == "$eq":
        return there and typed(fields[name]) == typed(wanted)
    if f == "$ne":
        return not meets(fields, name, "$eq", wanted)
    if f == "$in":
        return any(meets(fields, name, "$eq", each) for each in wanted)
    if not there or isinstance(fields[name], bool) or fields[name] is None:
        return False
    if isinstance(fields[name], str) != isinstance(wanted, str):
        return False
    below, equal = fields[name] < wanted, fields[name] == wanted
    return {"$lt": below, "$lte": below or equal, "$gt": not (below or equal), "$gte": not below}[f]


@given(QUERIES, st.lists(FIELDS, max_size=6))
def test_what_a_query_finds_is_what_its_definition_says(query, documents):
    store = Documents()
    for number, fields in enumerate(documents):
        store.put("c", f"d{number}", 0, fields, number)

    wanted = [f"d{number}" for number, fields in enumerate(documents) if holds(query, fields)]
    assert [found.id for found in store.find("c", query)] == wanted


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("xy"), st.integers(-3, 3)), max_size=8))
def test_updates_that_come_twice_and_crash_add_up(steps):
    disk = SimulatedDisk(random.Random(1))

    async def write():
        store = StoredDocuments(UntimedDisk(disk))
        await store.open()
        for number, (field, amount) in enumerate(steps):
            for _ in range(2):
                store.update("c", "d", {"$inc": {field: amount}, "$push": {"log": field}}, number)
        await store.sync()

    trio.run(write)
    disk.power_loss("drop_unsynced")
    again = StoredDocuments(UntimedDisk(disk))
    trio.run(again.open)

    found = again.get("c", "d")
    assert (found.version if found else 0) == len(steps)
    for field in {field for field, _ in steps}:
        assert dict(found.fields)[field] == sum(amount for name, amount in steps if name == field)
    if found:
        assert dict(found.fields)["log"] == tuple(field for field, _ in steps)


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ([], "query: give an object, by names"),
        ({"a": {"b": 1}}, "query.a.b: there is no such operator; there are $eq, $exists, $gt, "),
        ({"$nor": []}, "query.$nor: there is no such operator; there are $and, $not, $or"),
        ({"$or": [{}, {"a": {"$gt": None}}]}, "query.$or[1].a.$gt: give a number or a text"),
        ({"a": {"$in": [1, {}]}}, "query.a.$in[1]: a dict is no value of a field"),
        ({"a": {"$exists": 1}}, "query.a.$exists: give true or false"),
        ({"$and": {}}, "query.$and: give a list"),
        ({"a": 2**70}, "query.a: a whole number has 64 bits at most"),
        ({"a": float("nan")}, "query.a: a number is finite"),
        ({"a": {}}, "query.a: give a condition: $eq, $exists"),
        ({"": 1}, "query: '' is no name of a field"),
        ({"a": {"$in": [nested(99)]}}, f"query.a.$in[0]{33 * '[0]'}: lists are nested no deeper"),
    ],
)
def test_a_query_that_is_none_is_refused_with_the_place(query, said):
    with pytest.raises(BadQuery) as refused:
        parsed(query)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"$rename": {}}, "update.$rename: there is no such operator; there are $inc, $push, $set"),
        ({"$inc": {"a": "1"}}, "update.$inc.a: give a number to add"),
        ({"$inc": {"text": 1}}, "update.$inc.text: the field is no number to add to"),
        ({"$push": {"text": 1}}, "update.$push.text: the field is no list to push to"),
        ({"$set": {"$a": 1}}, "update.$set: '$a' is no name of a field"),
        ({"$unset": [1]}, "update.$unset[0]: 1 is no name of a field"),
        ({"$set": {"n": 1}, "$inc": {"n": 1}}, "update.$inc.n: $set changes the field already"),
        ({"$unset": ["n", "n"]}, "update.$unset[1]: $unset changes the field already"),
        ({"$push": {"l": nested(99)}}, f"update.$push.l{33 * '[0]'}: lists are nested no deeper"),
        ({"$set": 3}, "update.$set: give an object, by names"),
        ({"$inc": {"big": 1}}, "update.$inc.big: a whole number has 64 bits at most"),
    ],
)
def test_an_update_that_is_none_or_does_not_fit_is_refused_with_the_place(update, said):
    with pytest.raises(BadQuery) as refused:
        updated({"text": "x", "big": 2**63 - 1}, update)
    assert str(refused.value).startswith(said)


def test_a_server_refuses_and_changes_nothing():
    store = Documents()
    deep = "{}"
    for _ in range(40):
        deep = f'{{"$not": {deep}}}'

    assert answered(store, "find", "c", "{")[0] == "refused"
    assert answered(store, "find", "c", deep)[1].endswith("nested no deeper than 32")
    assert answered(store, "update", "c", "d", json.dumps({"$inc": {"a": None}}), 1) == (
        "refused",
        "update.$inc.a: give a number to add",
    )
    assert list(store) == []
