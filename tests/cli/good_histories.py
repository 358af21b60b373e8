"""A small good history for each model that `splitbrain check` knows, as JSON lines."""

import json

BROADCASTS = [
    ("broadcast", 1, 1),
    ("drain", None, {"server": "n1", "after": 0, "messages": [1]}),
    ("broadcast", 2, 2),
    ("broadcast", 3, 3),
    ("drain", None, {"server": "n2", "after": 0, "messages": [1, 2, 3]}),
]

# What clients did, one after another: function, argument, result.
CALLS = {
    "register": [("write", 1, 1), ("read", None, 1), ("swap", 2, 1), ("read", None, 2)],
    "cas-register": [("write", 1, 1), ("cas", [1, 3], [1, 3]), ("read", None, 3)],
    "multi-register": [
        ("txn", [["w", "x", 1], ["w", "y", 2]], [["w", "x", 1], ["w", "y", 2]]),
        ("txn", [["r", "x", None], ["r", "y", None]], [["r", "x", 1], ["r", "y", 2]]),
    ],
    "kv": [
        ("put", ["a", "1"], ["a", "1"]),
        ("swap", ["a", "2"], ["a", "1"]),
        ("get", ["a", None], ["a", "2"]),
    ],
    "set": [("add", 1, 1), ("contains", 1, True), ("remove", 1, 1), ("read", None, [])],
    "queue": [("enqueue", 1, 1), ("enqueue", 2, 2), ("dequeue", None, 1), ("dequeue", None, 2)],
    "stack": [("push", 1, 1), ("push", 2, 2), ("pop", None, 2), ("pop", None, 1)],
    "priority-queue": [("insert", 5, 5), ("insert", 9, 9), ("delete-min", None, 5)],
    "counter": [("add", 2, 2), ("fetch-add", 1, 2), ("add-fetch", -2, 1), ("read", None, 1)],
    "mutex": [("acquire", None, None), ("release", None, None), ("acquire", None, None)],
    "semaphore": [("acquire", 2, 1), ("acquire", 2, 2), ("release", 1, 1)],
    "fenced-lock": [("acquire", None, 1), ("release", 1, 1), ("acquire", None, 2)],
    "log": [
        ("append", "a", [0, "a"]),
        ("append", "b", [1, "b"]),
        ("read", None, ["a", "b"]),
        ("length", None, 2),
    ],
    "set-full": [("add", 1, 1), ("add", 2, 2), ("read", None, [1, 2])],
    "membership": [
        ("announce", 7, {"server": "n1", "incarnation": 1}),
        ("settled", None, {"by": "n1", "members": {"n1": ["alive", 1, 7]}}),
    ],
    "saga": [("order", [7, 1], [7, 1]), ("audit", None, {"a": [[7, "did"]], "b": [[7, "did"]]})],
    "watch": [
        ("put", ["x", 1], ["x", 1, 1]),
        ("watch", 0, {"after": 0, "upto": 1, "events": [[1, "x", 1]]}),
        ("snapshot", None, {"revision": 1, "state": {"x": 1}}),
    ],
    "sticky-register": [("read", None, None), ("claim", 7, 7), ("claim", 8, 7), ("read", None, 7)],
    "total-order-broadcast": BROADCASTS,
    "fifo-broadcast": BROADCASTS,
    "causal-broadcast": BROADCASTS,
    "unique-ids": [("generate", None, 1), ("generate", None, 2)],
    "echo": [("echo", "hello", "hello")],
    "total-queue": [("enqueue", 1, 1), ("dequeue", None, 1), ("drain", None, [])],
    "regular-register": [("write", 1, 1), ("read", None, 1)],
    "safe-register": [("write", 1, 1), ("read", None, 1)],
    "bounded-staleness": [("write", 1, 1), ("read", None, 1)],
    "list-append": [
        ("txn", [["append", 1, 1], ["r", 2, None]], [["append", 1, 1], ["r", 2, []]]),
        ("txn", [["append", 1, 2], ["append", 2, 7]], [["append", 1, 2], ["append", 2, 7]]),
        ("txn", [["r", 1, None], ["r", 2, None]], [["r", 1, [1, 2]], ["r", 2, [7]]]),
    ],
    "rw-register": [
        ("txn", [["w", 1, 1], ["r", 2, None]], [["w", 1, 1], ["r", 2, None]]),
        ("txn", [["r", 1, None], ["w", 2, 7]], [["r", 1, 1], ["w", 2, 7]]),
    ],
    "predicate-reads": [
        ("txn", [["w", 1, 4]], [["w", 1, 4]]),
        ("txn", [["rp", "all", None]], [["rp", "all", [[1, 4]]]]),
    ],
    "bank": [
        ("read", None, {"a": 5, "b": 5}),
        ("transfer", {"from": "a", "to": "b", "amount": 1}, None),
        ("read", None, {"a": 4, "b": 6}),
    ],
    "long-fork": [
        ("txn", [["w", 1, 1]], [["w", 1, 1]]),
        ("txn", [["r", 1, None], ["r", 2, None]], [["r", 1, 1], ["r", 2, None]]),
    ],
    "doctors": [("read", ["s", None], ["s", ["a", "b"]]), ("leave", ["s", "a"], ["s", "a"])],
    "causal-reverse": [("write", 1, 1), ("write", 2, 2), ("read", None, [1, 2])],
}


def good_history(model):
    """The lines of a history by two clients in turn, with an operation that is never answered."""
    events = []
    for number, (f, argument, result) in enumerate(CALLS[model]):
        for kind, value in (("invoke", argument), ("ok", result)):
            events.append({"type": kind, "process": number % 2, "f": f, "value": value})
    f, argument, _ = CALLS[model][-1]
    events.append({"type": "invoke", "process": 2, "f": f, "value": argument})
    events.append({"type": "info", "process": 2, "f": f, "value": argument, "error": "timeout"})
    events.append({"type": "info", "process": "nemesis", "f": "kill", "value": ["n1"]})
    lines = ({"index": at, "time": 1000 * at, **event} for at, event in enumerate(events))
    return "".join(json.dumps(line) + "\n" for line in lines).encode()
