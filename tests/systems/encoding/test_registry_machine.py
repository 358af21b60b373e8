"""The registry as a replicated state machine: equal logs give equal ids, snapshots or not."""

from __future__ import annotations

import json
from random import Random

from splitbrain.harness.workloads.services.schema_registrations import SUBJECTS, a_schema
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.encoding.registry.machine import SchemaMachine


def registrations(count):
    random = Random(3)
    for _ in range(count):
        subject = random.choice(SUBJECTS)
        yield "register", subject, json.dumps(a_schema(subject.partition("/")[0], random))


def test_equal_logs_give_equal_ids_also_behind_a_snapshot():
    one, other = Sessions(SchemaMachine()), Sessions(SchemaMachine())
    one.apply(1, ("register",))
    other.apply(1, ("register",))
    for index, operation in enumerate(registrations(200), 2):
        command = ("command", 1, index, operation)
        assert one.apply(index, command) == other.apply(index, command)
        if index % 50 == 0:
            restored = Sessions(SchemaMachine())
            restored.restore(other.snapshot())
            other = restored

    assert one.state() == other.state()
    assert [id for id, _ in one.state()] == list(range(1, len(one.state()) + 1))


def test_a_schema_that_comes_again_has_the_id_it_has_and_what_cannot_be_is_refused():
    machine = SchemaMachine()
    text = '[[1, "f1", "int32"]]'

    assert machine.apply(("register", "tagged/full", text)) == ("ok", 1)
    assert machine.apply(("register", "tagged/full", '[[1,"f1","int32"]]')) == ("ok", 1)
    assert machine.apply(("register", "tagged/full", '[[1, "f1", "string"]]'))[0] == "refused"
    assert machine.apply(("register", "tagged/some", text))[0] == "refused"
    assert machine.query(("register", "tagged/full", text))[0] == "refused"
    assert machine.query(("schema", 2)) == ("ok", None)
