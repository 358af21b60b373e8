"""Routes through a graph: examples, a twin that tries every moment, mutants of right runs."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from witnesses import shown_alone

from splitbrain.checkers import INVALID, UNKNOWN, VALID
from splitbrain.checkers.graphs import routes_lead
from splitbrain.checkers.history import History
from splitbrain.checkers.history.operation import Operation
from splitbrain.checkers.models import ModelError


def history(*events):
    return History.from_operations(Operation(i, i, *event) for i, event in enumerate(events))


def link(one, other, kind="ok", number=7):
    value = [number, one, other, "knows", {}]
    return [(100 + number, "invoke", "add_edge", value), (100 + number, kind, "add_edge", value)]


def route(start, end, *nodes, found=True):
    told = [start, end, list(nodes) if found else None]
    return [(1, "invoke", "find_path", [start, end]), (1, "ok", "find_path", told)]


REMOVE = [(2, "invoke", "remove_node", "b"), (2, "ok", "remove_node", "b")]
AB, BC = link("a", "b"), link("c", "b", number=8)


@pytest.mark.parametrize(
    ("parts", "validity", "kinds"),
    [
        ([*AB, *BC, *route("a", "c", "a", "b", "c")], VALID, []),
        ([*link("a", "b", "info"), *REMOVE, *route("a", "b", "a", "b")], VALID, []),
        ([*AB, REMOVE[0], *route("a", "b", "a", "b")], VALID, []),  # not yet, perhaps
        ([AB[0], *REMOVE, AB[1], *route("a", "b", "a", "b")], VALID, []),  # before the edge
        ([*AB, *REMOVE, *link("a", "b", number=9), *route("a", "b", "a", "b")], VALID, []),
        ([*AB, *route("a", "b", "b", "a")], INVALID, ["elsewhere"]),
        ([*AB, *route("a", "b")], INVALID, ["elsewhere"]),
        ([*AB, *BC, *route("a", "c", "a", "c")], INVALID, ["no-edge"]),
        ([*AB, *REMOVE, *route("a", "b", "a", "b")], INVALID, ["no-edge"]),
        ([*link("a", "b", "fail"), *route("a", "b", "a", "b")], INVALID, ["no-edge"]),
        ([*route("a", "b", "a", "b"), *AB], INVALID, ["no-edge"]),
        ([*AB, *route("b", "a", found=False)], INVALID, ["missed"]),
        ([*AB, REMOVE[0], *route("b", "a", found=False)], VALID, []),
        ([*link("a", "b", "info"), *route("b", "a", found=False)], VALID, []),
        ([*AB, *route("a", "c", found=False)], VALID, []),
        ([], UNKNOWN, []),
    ],
)
def test_routes(parts, validity, kinds):
    verdict = routes_lead().check(history(*parts))
    assert verdict.validity is validity
    assert [anomaly.kind for anomaly in verdict.anomalies] == kinds
    shown_alone(routes_lead(), history(*parts), verdict)


@pytest.mark.parametrize(
    "event", [("add_edge", [7, "a"]), ("remove_node", 7), ("find_path", ["a", "b", "ab"])]
)
def test_other_forms_are_refused(event):
    with pytest.raises(ModelError):
        routes_lead().check(history((1, "invoke", *event), (1, "ok", *event)))


def run_of(dice):
    """A right run: operations act when they are called and return later; some never do."""
    edges, open_, events = {}, {}, []
    for number in range(40):
        process = dice.choice([p for p in range(4) if p not in open_] or [9])
        if process == 9 or (open_ and dice.random() < 0.4):
            process = dice.choice([*open_])
            events.append((process, "ok", *open_.pop(process)))
            continue
        a, b = dice.sample("abcd", 2)
        f = dice.choice(["add_edge", "add_edge", "remove_node", "find_path", "find_path"])
        if f == "add_edge":
            asked = done = [number, a, b]
            edges[number] = {a, b}
        elif f == "remove_node":
            asked = done = a
            edges = {e: ends for e, ends in edges.items() if a not in ends}
        else:
            asked, done = [a, b], [a, b, [a, b] if {a, b} in edges.values() else None]
        events.append((process, "invoke", f, asked))
        open_[process] = (f, done)
    return events


def twin(events):
    """Whether each step of each route can be an edge, by trying each edge and each removal."""
    calls = []
    for at, (process, kind, f, value) in enumerate(events):
        if kind == "invoke":
            calls.append([process, f, value, at, None])
        else:
            next(c for c in reversed(calls) if c[0] == process)[4] = at, value
    for _, f, asked, begin, end in calls:
        if f != "find_path" or end is None:
            continue
        nodes = end[1][2]
        if nodes is None:
            if any(
                g == "add_edge" and {*edge[1:3]} == {*asked} and over and over[0] < begin
                for _, g, edge, _, over in calls
            ) and not any(
                h == "remove_node" and n in asked and at < end[0] for _, h, n, at, _ in calls
            ):
                return False
            continue
        if [*nodes[:1], *nodes[-1:]] != asked:
            return False
        for step in pairwise(nodes):
            can = False
            for _, g, edge, added, over in calls:
                if g != "add_edge" or set(edge[1:3]) != set(step) or added > end[0]:
                    continue
                can |= not any(
                    h == "remove_node" and gone in step and over and done
                    and over[0] < removing and done[0] < begin
                    for _, h, gone, removing, done in calls
                )  # fmt: skip
            if not can:
                return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_right_runs_pass_and_mutants_are_judged_as_by_the_twin(seed):
    dice = Random(seed)
    events = run_of(dice)
    assert twin(events)
    assert routes_lead().check(history(*events)).validity is not INVALID
    routes = [i for i, e in enumerate(events) if e[1:3] == ("ok", "find_path")]
    for at in routes:
        process, kind, f, (a, b, _) = events[at]
        mutant = [*events]
        mutant[at] = (process, kind, f, [a, b, [a, *dice.sample("abcd", dice.randrange(2)), b]])
        assert (routes_lead().check(history(*mutant)).validity is INVALID) is not twin(mutant)
