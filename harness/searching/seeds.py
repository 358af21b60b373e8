"""Many seeds: run the same experiment under one seed after another until one fails.

Each seed draws its own faults (and its own workload), and seeds are tried in their order. On a
deterministic ground a run is a function of its plan, so the first failing seed is the same on every
machine; that it is one is tried by doing some runs twice, the second time in another process if it
knows the experiment by name (`splitbrain.harness.searching.elsewhere`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Validity
from splitbrain.harness.ground import ground_named
from splitbrain.harness.runs.running import Run, run
from splitbrain.harness.searching.elsewhere import Repeat, Source, Unnameable, end
from splitbrain.harness.simulation.trace import first_difference
from splitbrain.harness.workloads.workload import Experiment

TWICE_EVERY = 25
"""One run in so many is done twice, and must come out the same: the second seed's, the 27th's, ...

Not the first's: a search over one seed would take twice as long, and whoever looks into its failure
runs it again anyway.
"""

Make = Callable[[int], Experiment]
"""The experiment of a seed."""

SeedDone = Callable[[int, Validity], None]


class NotDeterministic(Exception):
    """The same plan gave two different runs; the message names the first event that differs."""


@dataclass(slots=True)
class Search:
    """What a search over seeds found.

    Attributes:
        tried: how many seeds were run.
        valid: how many of them were valid; the rest was unknown, or failed.
        unknown: seeds whose run nothing can be said of.
        why: why nothing can be said of the first of them.
        operations: operations invoked in all of them.
        failure: the first failing run, or None.
        experiment: its experiment.
        client_bugs: errors that look like mistakes in the client's code, with how often.
        broken: why the client's code cannot be right, with file and line; it ends the search.
        doubtful: the first run of which nothing can be said, with its experiment.
        last: the last run.
    """

    tried: int = 0
    valid: int = 0
    unknown: list[int] = field(default_factory=list)
    why: str = ""
    operations: int = 0
    failure: Run | None = None
    experiment: Experiment | None = None
    client_bugs: dict[str, int] = field(default_factory=dict)
    broken: str | None = None
    doubtful: tuple[Experiment, Run] | None = None
    last: Run | None = None


def search(
    make: Make,
    seeds: Iterable[int],
    *,
    wanted: Callable[[Run], bool] = lambda result: result.validity is INVALID,
    done: SeedDone | None = None,
    source: Source | None = None,
) -> Search:
    """Run `make(seed)` for each seed until a run is `wanted` (by default: invalid), or shows that
    the client's own code is broken.

    Args:
        make: the experiment of a seed.
        seeds: the seeds, in order.
        wanted: which run ends the search.
        done: told of each seed that was run.
        source: where another process finds the function that makes an experiment of a plan; runs
            that are done twice are then done there.

    Raises:
        NotDeterministic: a run that was done twice came out differently.
    """
    found = Search()
    with _Repeated(make, source) as repeated:
        for seed in seeds:
            experiment = make(seed)
            # What may never come again is kept as it was, with its trace.
            chance = not ground_named(experiment.plan.ground).deterministic
            twice = found.tried % TWICE_EVERY == 1 and not chance
            result = run(experiment, tracing=twice or chance)
            if twice:
                repeated.add(seed, result)
            found.tried, found.last = found.tried + 1, result
            found.operations += len(result.history.calls())
            for text, count in result.client_bugs.items():
                found.client_bugs[text] = found.client_bugs.get(text, 0) + count
            if result.validity is VALID:
                found.valid += 1
            elif result.validity is not INVALID:
                found.unknown.append(seed)
                found.why = found.why or _why_unknown(result)
                found.doubtful = found.doubtful or (experiment, result)
            if done is not None:
                done(seed, result.validity)
            if wanted(result):
                found.failure, found.experiment = result, experiment
                break
            if result.broken is not None:
                found.broken = result.broken
                break
    return found


class _Repeated:
    """A run that is being done a second time: one at a time, since its trace is kept meanwhile."""

    def __init__(self, make: Make, source: Source | None) -> None:
        self._make = make
        self._source = source
        self._waiting: tuple[int, Run, Repeat] | None = None

    def __enter__(self) -> _Repeated:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is None:
            self.compare()
        elif self._waiting is not None:
            end()  # or its answer would be taken for that to the next question

    def add(self, seed: int, result: Run) -> None:
        """Have a run done again, here and now if no other process can."""
        self.compare()
        try:
            self._waiting = seed, result, Repeat(self._source, result)
        except Unnameable:
            _compare(result, run(self._make(seed)))

    def compare(self) -> None:
        """Compare the run before with its repetition.

        Raises:
            NotDeterministic: they differ.
        """
        if self._waiting is None:
            return
        (seed, result, repeat), self._waiting = self._waiting, None
        try:
            found = repeat.difference()
        except Unnameable:
            _compare(result, run(self._make(seed)))
            return
        if found is not None:
            raise NotDeterministic(
                f"seed {seed} gave another run in another process, from event {found.position} "
                f"on: here {found.here}, there {found.there}; the system depends on its process "
                "(the order of a set, hash(), id(), the process id, memory shared between runs)"
            )


def _why_unknown(result: Run) -> str:
    return next((v.reason for v in result.verdicts if v.validity is UNKNOWN), "it has no verdict")


def _compare(one: Run, other: Run) -> None:
    difference = first_difference(one.trace.events, other.trace.events)
    if difference is not None:
        position, first, second = difference
        raise NotDeterministic(
            f"seed {one.plan.seed} gave two different runs, from event {position} on: first "
            f"{first}, then {second}; the system depends on something besides its node "
            "(time, randomness, the order of a set, memory shared between nodes or runs)"
        )
