"""Documents as a replicated state machine: what decides about a change survives snapshots."""

from __future__ import annotations

from random import Random

from splitbrain.systems.consensus.sessions import Sessionless, immutable
from splitbrain.systems.data_models.replicated_documents.machine import DocumentMachine


def changes(count):
    """Puts and deletes, of which some come twice."""
    random = Random(4)
    made = []
    for number in range(count):
        if made and random.random() < 0.2:
            yield random.choice(made)
            continue
        identity, version = random.choice("abc"), random.randrange(3)
        fields = (("element", random.randrange(4)), ("n", number))
        one = ("put", "c", identity, version, fields, number)
        made.append(one if random.random() < 0.8 else ("delete", "c", identity, number))
        yield made[-1]


def test_equal_logs_give_equal_documents_also_behind_a_snapshot():
    one, other = Sessionless(DocumentMachine()), Sessionless(DocumentMachine())
    answers = []
    for index, change in enumerate(changes(300), 1):
        command = ("command", 0, 0, change)
        answers.append(one.apply(index, command))
        assert other.apply(index, command) == answers[-1]
        if index % 40 == 0:
            restored = Sessionless(DocumentMachine())
            restored.restore(other.snapshot())
            other = restored

    assert immutable(one.state()) == immutable(other.state())
    find = ("find", "c", '{"element": 1}')
    assert one.query(find) == other.query(find)
    assert len({answer[0] for _, answer in answers}) > 1


def test_a_change_that_comes_again_is_made_once_and_a_change_is_no_query():
    machine = DocumentMachine()
    put = ("put", "c", "a", 0, (("x", 1),), 71)

    assert machine.apply(put) == machine.apply(put) == ("ok", ("ok", 1))
    assert machine.apply((*put[:5], 72))[1][0] == "conflict"
    assert machine.query(put)[0] == "refused"
