"""A path that is found was there, all of it, at one moment.

*Property.* ``switch [chain, via]`` replaces, at once, the one way between a chain's ends by another
one, over a node ``via`` that no other switch has. ``path chain`` gives the nodes in between, or
null.

===========  =======================================================================================
fractured    there is no path, or one over several nodes, though a switch was acknowledged before:
             at no moment was there none
stale        a path leads over a node that was certainly replaced before it was asked for
unwritten    a path leads over a node of a switch that nobody had begun
===========  =======================================================================================

*Source.* Bailis et al., "Scalable Atomic Visibility with RAMP Transactions", SIGMOD 2014 (fractured
reads); the LDBC ACID test suite, OTV and FR (Waudby et al., TPCTC 2020).

*Algorithm.* As `splitbrain.checkers.caching.coherence` with a bound of nothing: for each chain the
acknowledged switches by completion, each with the latest invocation before it. O(n log n).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import Anomaly, Checker, Verdict

NAME = "atomic-visibility"

SWITCH, PATH = "switch", "path"


def atomic_visibility() -> Checker:
    """A checker: paths are of one moment. See the module."""
    return _AtomicVisibility()


@dataclass(frozen=True, slots=True)
class _Chain:
    """The switches of a chain: all by their node; and those acknowledged, in order, each with the
    one among these that was invoked last."""

    by_via: dict[Any, Call]
    ends: list[int]
    latest: list[Call]

    def before(self, position: int) -> Call | None:
        """Of the switches acknowledged before a position, the one that was invoked last."""
        count = bisect_left(self.ends, position)
        return self.latest[count - 1] if count else None


def _later(one: Call, two: Call) -> Call:
    return one if one.invoked >= two.invoked else two


def _chain(switches: list[Call]) -> _Chain:
    by_via: dict[Any, Call] = {}
    for call in switches:
        via = frozen(call.argument[1])
        if via in by_via:
            raise ModelError(call.invoke_index, f"{shown(call.argument)}: that is no new node")
        by_via[via] = call
    done = sorted((c for c in switches if c.outcome == OK), key=lambda call: call.completed or 0)
    ends = [call.completed or 0 for call in done]
    return _Chain(by_via, ends, list(accumulate(done, _later)))


@dataclass(frozen=True, slots=True)
class _AtomicVisibility:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: a switch or a path has another form.
        """
        calls = history.calls()
        switches: dict[Any, list[Call]] = {}
        for call in calls:
            if call.f == SWITCH:
                if not isinstance(call.argument, list | tuple) or len(call.argument) != 2:
                    said = f"{SWITCH} {shown(call.argument)}: give [chain, via]"
                    raise ModelError(call.invoke_index, said)
                switches.setdefault(frozen(call.argument[0]), []).append(call)
        chains = {name: _chain(mine) for name, mine in switches.items()}
        paths = [call for call in calls if call.f == PATH and call.outcome == OK]
        nothing = _chain([])
        anomalies = [
            found
            for path in paths
            for found in _judged(chains.get(frozen(path.argument), nothing), path)
        ]
        shown_paths = sum(path.result is not None for path in paths)
        coverage = {"switches": sum(map(len, switches.values())), "paths found": shown_paths}
        vain = None if shown_paths else "no path was found, so nothing was exercised"
        holds = f"{shown_paths} paths are each of one moment"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


def _judged(chain: _Chain, path: Call) -> Iterator[Anomaly]:
    who, via = f"process {path.process}", path.result
    last = chain.before(path.invoked)
    if via is not None and not isinstance(via, list | tuple):
        raise ModelError(path.invoke_index, f"{PATH} gave {shown(via)}: give nodes, or null")
    if via is None or len(via) != 1:
        if via is not None or last is not None:
            what = "no path" if via is None else f"the path {shown(via)}"
            said = f"{who} finds {what} in {path.argument}, which always has one over one node"
            yield Anomaly("fractured", said, _indices(*([last] if last else []), path))
        return
    switch = chain.by_via.get(frozen(via[0]))
    assert path.completed is not None
    if switch is None or switch.invoked > path.completed:
        said = f"{who} finds a path over {shown(via[0])}, which nobody had put there"
        yield Anomaly("unwritten", said, _indices(path))
    elif last is not None and switch.completed is not None and last.invoked > switch.completed:
        said = (
            f"{who} finds a path over {shown(via[0])} after {shown(last.argument[1])} replaced it"
        )
        yield Anomaly("stale", said, _indices(switch, last, path))


def _indices(*calls: Call) -> tuple[int, ...]:
    found = (index for call in calls for index in (call.invoke_index, call.complete_index))
    return tuple(index for index in found if index is not None)


ENTRY = CheckerEntry(NAME, atomic_visibility, "a path that is found was all there at one moment")
