"""Operations in the words of their workload."""

import pytest

from splitbrain.checkers.history.history import Call
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads import WORKLOADS, Words
from splitbrain.harness.workloads.parts.words import words_from_json
from splitbrain.reports.phrases import Phrases, phrases_of


def call(f, argument, result=None, outcome="ok", process=1):
    return Call(process, f, argument, result, outcome, 0, 1, 0, 1, 0, 1)


@pytest.mark.parametrize(
    ("workload", "the_call", "action", "label"),
    [
        ("register", call("write", ["x", 2], ["x", 2]), "writes x = 2", "x=2"),
        ("register", call("write", [0, 2], [0, 2]), "writes key 0 = 2", "key 0=2"),
        ("register", call("read", ["x", None], ["x", 1]), "reads x -> 1", "x->1"),
        ("register", call("read", ["x", None], ["x", None]), "reads x -> null", "x->null"),
        ("register", call("read", ["x", None], outcome="fail"), "reads x", "x->?"),
        ("register", call("cas", ["x", [1, 2]]), "compare-and-sets x: 1 -> 2", "x:1->2"),
        ("register", call("write", 7), "write 7", "7"),  # not what the workload does
        ("kv", call("append", ["x", ",1"]), 'appends ",1" to x', 'x+=",1"'),
        ("set", call("add", 7), "adds 7", "7"),
        ("set", call("read", None, [1]), "reads -> [1]", "->[1]"),
        (
            "set",
            call("replica-state", "n1", ["n1", {"a": 1}]),
            'asks n1 for its state -> {"a": 1}',
            "n1",
        ),
        (
            "bank",
            call("transfer", {"from": "a1", "to": "a2", "amount": 3}),
            "moves 3 from a1 to a2",
            "a1->a2 3",
        ),
        (
            "list-append",
            call(
                "txn", [["append", "x", 1], ["r", "y", None]], [["append", "x", 1], ["r", "y", []]]
            ),
            "does T5: append x 1, r y -> []",
            "T5: append x 1, r y -> []",
        ),
        (
            "list-append",
            call("txn", [["r", "x", None]], outcome="info"),
            "does T5: r x",
            "T5: r x",
        ),
        ("no-such", call("enqueue", 5, 5), "enqueue 5", "5"),
        ("no-such", call("dequeue", None, 5), "dequeue -> 5", "->5"),
        ("no-such", call("get", [9, None], [9, 4]), "get 9 -> 4", "9->4"),
        ("no-such", call("swap", 1, 2), "swap 1 -> 2", "1->2"),
        ("cas-register", call("read", ["x", None], ["x", 1]), "reads x -> 1", "x->1"),
        ("cas-register", call("read", None, 1), "read -> 1", "->1"),
    ],
)
def test_an_operation_is_told_in_the_words_of_its_workload(workload, the_call, action, label):
    phrases = phrases_of(Plan("", workload), {})

    assert phrases.action(the_call, 5) == action
    assert phrases.label(the_call, 5) == label


def test_what_an_operation_leaves_is_known_where_words_say_it():
    phrases = Phrases(WORKLOADS["register"].words)

    assert phrases.leaves(call("cas", ["x", [1, 2]])) == "2"
    assert phrases.leaves(call("read", ["x", None], ["x", 3])) == "3"
    assert phrases.leaves(call("read", ["x", None], outcome="fail")) == ""


def test_a_run_tells_its_own_words():
    words = {"take": Words("takes {argument:name}[ and gets {result}]", "{argument}")}
    recorded = words_from_json({f: entry.to_json() for f, entry in words.items()})

    assert recorded == words
    phrases = phrases_of(Plan("", "mypkg.leases:KIND"), recorded)
    assert phrases.action(call("take", "k1", 9)) == "takes k1 and gets 9"
    assert phrases.action(call("take", "k1", None, "info")) == "takes k1"


@pytest.mark.parametrize(
    "data", [None, [], "x", {"f": 1}, {"f": {"phrase": 1, "label": "", "leaves": ""}}, {"f": {}}]
)
def test_what_is_no_words_in_a_file_is_left_out(data):
    assert words_from_json(data) == {}


def test_a_template_reaches_nothing_but_data():
    def told(template, *fields):
        return Phrases({"f": Words(template, "")}).action(call("f", *fields))

    assert told("{argument.__class__}", [1], [2]) == told("{nothing}", [1], [2]) == "f [1] -> [2]"
    assert told("{0} {argument!r} {argument}", [1]) == "{0} {argument!r} [1]"
    assert "\\u202e" in told("{argument:name}", "\u202e")
