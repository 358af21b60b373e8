"""Edges and paths of a graph: examples, twins by the definitions, mutants of right runs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.graphs import atomic_visibility, no_dangling_edge, symmetric_edges
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def history(*parts):
    """Operations ``(process, f, argument, result)``, one after the other; None: no result."""
    events = []
    for process, f, argument, *result in parts:
        events.append((process, "invoke", f, argument))
        if result:
            events.append((process, "ok", f, result[0]))
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def scan(**nodes):
    return (1, "scan", None, {n: [list(each) for each in edges] for n, edges in nodes.items()})


def neighbours(node, *others):
    return (1, "connected_nodes", node, [node, list(others)])


LINK = (2, "add_edge", [7, "a", "b"], [7, "a", "b"])
WHAT = ("knows", {"since": 2001})
FRIENDS = (2, "add_edge", [7, "a", "b", *WHAT], [7, "a", "b", *WHAT])
REMOVE = (3, "remove_node", "b", "b")
BOTH = scan(a=[(7, "b")], b=[(7, "a")])


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([LINK, BOTH], VALID, []),
        ([LINK, REMOVE, scan(a=[], c=[(8, "d")], d=[(8, "c")])], VALID, []),
        ([(9, "add_edge", [7, "a", "b"]), scan(a=[(8, "c")], c=[(8, "a")])], VALID, []),
        ([LINK, scan(a=[(7, "b")], b=[])], INVALID, ["one-sided"]),
        ([LINK, scan(a=[(7, "b")], b=[(7, "c")], c=[])], INVALID, ["one-sided", "one-sided"]),
        ([LINK, scan(a=[], b=[])], INVALID, ["lost-edge"]),
        ([FRIENDS, scan(a=[(7, "b", *WHAT)], b=[(7, "a", *WHAT)])], VALID, []),
        (
            [FRIENDS, scan(a=[(7, "b", *WHAT)], b=[(7, "a", "knows", {})])],
            INVALID,
            ["one-sided", "one-sided", "altered-edge"],
        ),
        (
            [FRIENDS, scan(a=[(7, "b", "likes")], b=[(7, "a", "likes")])],
            INVALID,
            ["altered-edge", "altered-edge"],
        ),
        ([LINK, neighbours("a", "b"), neighbours("b", "a", "c")], VALID, []),
        ([LINK, neighbours("a", "c")], INVALID, ["lost-edge"]),
        ([LINK, neighbours("c"), REMOVE, neighbours("a", "c"), neighbours("b")], VALID, []),
        ([LINK, neighbours("c")], UNKNOWN, []),
        ([scan(a=[], b=[])], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_symmetric_edges(parts, validity, kinds):
    verdict = symmetric_edges().check(history(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds)


def test_no_dangling_edge():
    check = no_dangling_edge().check
    assert check(history(BOTH)).validity is VALID
    assert check(history(scan(a=[(7, "b")]))).validity is INVALID
    assert check(history(scan(a=[]))).validity is UNKNOWN


def switch(via, *result, process=2):
    return (process, "switch", ["red", via], *(["red", via] for _ in result or [1]))


def path(*nodes, found=True):
    return (1, "path", "red", list(nodes) if found else None)


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([switch("u"), path("u"), switch("v"), path("v")], VALID, []),
        ([path(found=False), switch("u"), path("u")], VALID, []),
        ([(9, "switch", ["red", "u"]), switch("v"), path("u")], VALID, []),
        ([switch("u"), path(found=False)], INVALID, ["fractured"]),
        ([switch("u"), path("u", "v")], INVALID, ["fractured"]),
        ([switch("u"), switch("v"), path("u")], INVALID, ["stale"]),
        ([switch("u"), path("w")], INVALID, ["unwritten"]),
        ([switch("u")], UNKNOWN, []),
        ([], UNKNOWN, []),
    ],
)
def test_atomic_visibility(parts, validity, kinds):
    verdict = atomic_visibility().check(history(*parts))

    assert (verdict.validity, [a.kind for a in verdict.anomalies]) == (validity, kinds)


@pytest.mark.parametrize(
    ("checker", "parts"),
    [
        (symmetric_edges(), [(1, "scan", None, 7)]),
        (no_dangling_edge(), [(1, "scan", None, {"a": [7]})]),
        (symmetric_edges(), [(1, "add_edge", 7, 7)]),
        (symmetric_edges(), [(1, "connected_nodes", "a", ["b"])]),
        (symmetric_edges(), [(1, "connected_nodes", "a", ["a", [7]])]),
        (atomic_visibility(), [(1, "path", "red", 7)]),
        (atomic_visibility(), [(1, "switch", "red", "red")]),
        (atomic_visibility(), [switch("u"), switch("u")]),
    ],
)
def test_what_is_no_such_operation_is_refused(checker, parts):
    with pytest.raises(ModelError):
        checker.check(history(*parts))


def simulated(random: Random) -> list[Operation]:
    """A right graph, one operation after the other, whose invocations may be earlier."""
    events, nodes, edges, what, chain = [], set("abc"), {}, {}, None
    for number in range(random.randrange(3, 14)):
        f = random.choice(
            [
                "add_edge",
                "add_edge",
                "remove_node",
                "add_node",
                "scan",
                "connected_nodes",
                "switch",
                "path",
                "path",
            ]
        )
        argument, result, kind = None, None, "ok"
        if f == "add_edge":
            argument = result = [number, *random.sample("abc", 2), random.randrange(2)]
            if set(argument[1:3]) <= nodes:
                edges[number] = argument[1:3]
                what[number] = argument[3]
            else:
                kind = "fail"
        elif f in ("remove_node", "add_node"):
            argument = result = random.choice("abc")
            if f == "remove_node" and argument not in nodes:
                kind = "fail"
            nodes = nodes - {argument} if f == "remove_node" else nodes | {argument}
            edges = {e: ends for e, ends in edges.items() if set(ends) <= nodes}
        elif f == "scan":
            result = {n: [[e, two if one == n else one, what[e]] for e, (one, two) in edges.items()
                          if n in (one, two)] for n in sorted(nodes)}  # fmt: skip
        elif f == "connected_nodes":
            argument = random.choice("abc")
            others = {n for ends in edges.values() if argument in ends for n in ends}
            result = [argument, sorted(others - {argument})]
        elif f == "switch":
            argument = result = ["red", f"v{number}"]
            chain = f"v{number}"
            kind = "ok" if random.random() < 0.8 else "info"
        else:
            argument, result = "red", None if chain is None else [chain]
        value = argument if kind != "ok" else result
        events += [(number, "invoke", f, argument), (number, kind, f, value)]
    for at in range(len(events)):
        if events[at][1] == "invoke" and at and random.random() < 0.3:
            events.insert(random.randrange(max(0, at - 4), at + 1), events.pop(at))
    return [Operation(i, i, *event) for i, event in enumerate(events)]


def mutated(operations: list[Operation], random: Random) -> list[Operation]:
    """The same with what one read showed changed."""
    read = ("scan", "path", "connected_nodes")
    reads = [n for n, o in enumerate(operations) if o.f in read and o.type == "ok"]
    if not reads:
        return operations
    at = random.choice(reads)
    shown = operations[at].value
    if operations[at].f == "path":
        shown = random.choice([None, ["v0"], ["v3"], ["v1", "v2"], [f"v{random.randrange(14)}"]])
    elif operations[at].f == "connected_nodes":
        shown = [shown[0], random.sample("abc", random.randrange(3))]
    else:
        shown = {node: [list(edge) for edge in edges] for node, edges in shown.items()}
        node = random.choice("abc")
        match random.randrange(4):
            case 3 if shown.get(node):
                random.choice(shown[node])[2] += 1
            case 0:
                shown.pop(node, None)
            case 1 if shown.get(node):
                shown[node].pop()
            case _:
                shown.setdefault(node, []).append([random.randrange(14), random.choice("abc"), 0])
    return [replace(o, value=shown) if n == at else o for n, o in enumerate(operations)]


def twin(operations: list[Operation]) -> tuple[bool, bool, bool]:
    """Whether each of the properties is broken, by its definition, read by read."""
    asked = {o.process: o for o in operations if o.type == "invoke"}
    done = {o.process: o for o in operations if o.type == "ok"}
    failed = {o.process for o in operations if o.type == "fail"}
    one_sided = dangling = fractured = False

    def kept(begin, end):
        """The edges that must be there all the time between."""
        for link in (o for o in done.values() if o.f == "add_edge" and o.index < begin.index):
            edge, *pair, _ = link.value
            if not any(o.f == "remove_node" and o.value in pair and o.index < end.index
                       and p not in failed for p, o in asked.items()):  # fmt: skip
                yield edge, pair

    for process, end in done.items():
        begin = asked[process]
        if end.f == "scan":
            ends = [(n, *edge) for n, edges in end.value.items() for edge in edges]
            at = {n: {e: ways for e, *ways in edges} for n, edges in end.value.items()}
            dangling |= any(other not in end.value for _, _, other, _ in ends)
            one_sided |= any(
                other in at and at[other].get(e) != [n, what]
                for n in at
                for e, (other, what) in at[n].items()
            )
            made = {o.value[0]: o.value[3] for o in asked.values() if o.f == "add_edge"}
            one_sided |= any(made.get(e, what) != what for _, e, _, what in ends)
            for edge, pair in kept(begin, end):
                one_sided |= not any(edge in at.get(n, {}) for n in pair)
        if end.f == "connected_nodes":
            node, others = end.value
            for _, pair in kept(begin, end):
                one_sided |= node in pair and not {*pair} - {node} <= {*others}
        if end.f == "path":
            switches = [o for o in asked.values() if o.f == "switch"]
            before = [o for o in switches if o.process in done
                      and done[o.process].index < begin.index]  # fmt: skip
            if end.value is None or len(end.value) != 1:
                fractured |= end.value is not None or bool(before)
                continue
            mine = [o for o in switches if o.value[1] == end.value[0] and o.index < end.index]
            own_end = done.get(mine[0].process) if mine else None
            fractured |= not mine
            fractured |= bool(own_end) and any(o.index > own_end.index for o in before)
    return one_sided, dangling, fractured


@pytest.mark.parametrize("seed", range(4))
def test_the_checkers_agree_with_their_twins(seed):
    random = Random(seed)
    checkers = (symmetric_edges(), no_dangling_edge(), atomic_visibility())
    for _ in range(200):
        operations = simulated(random)
        made = History.from_operations(operations)
        assert not any(checker.check(made).anomalies for checker in checkers), operations
        for events in (operations, mutated(operations, random)):
            made = History.from_operations(events)
            verdicts = [checker.check(made) for checker in checkers]
            found = tuple(verdict.validity is INVALID for verdict in verdicts)
            for checker, verdict in zip(checkers, verdicts, strict=True):
                shown_alone(checker, made, verdict)
            assert found == twin(events), events
