"""The zoo night after night: hunts gather in one file until each bug has had enough of them.

Twenty hunts for each of hundreds of bugs take more than a night. So each night goes on where the
last one ended: bugs that were hunted least come first. A bug that has had enough hunts loses its
oldest for a new one, once all have had enough: what the file tells is never much older than so many
nights, however plans were drawn in between. No seed is hunted from twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait

from splitbrain.harness.hunting.zoo import SEEDS_APART, Animal, Hunted, Told, hunt_one

ENOUGH = 20
"""Hunts that each bug is to have."""


def hunt_on(
    animals: Sequence[Animal],
    executor: Executor,
    *,
    jobs: int,
    limit: float,
    held: Sequence[Hunted] = (),
    hunts: int = ENOUGH,
    seed: int = 0,
    time_left: Callable[[], bool] | None = None,
    told: Told = lambda hunted, done, of: None,
) -> list[Hunted]:
    """Hunt for the bugs, those with the fewest hunts first, then those with the oldest.

    Args:
        animals: the bugs.
        executor: does the work.
        jobs: how many hunts are held at a time.
        limit: seconds of CPU for each.
        held: hunts that were held before.
        hunts: how many each bug is to have.
        seed: where the first hunt for a bug that had none begins.
        time_left: whether another hunt may begin; unless given, all ends when each bug has enough.
        told: called as hunts end.

    Returns:
        For each bug the newest of its hunts, at most so many, by bug in the order given, then by
        first seed.
    """
    results, done = [*held], 0
    coming = _next(animals, held, hunts, seed, endless=time_left is not None)
    running: set[Future[Hunted]] = set()
    while True:
        while len(running) < jobs and (time_left is None or time_left()):
            upcoming = next(coming, None)
            if upcoming is None:
                break
            running.add(executor.submit(hunt_one, *upcoming, limit))
        if not running:
            return newest(animals, results, hunts)
        ended, running = wait(running, return_when=FIRST_COMPLETED)
        for one in ended:
            done += 1
            results.append(one.result())
            told(one.result(), done, None)


def newest(animals: Sequence[Animal], hunted: Sequence[Hunted], hunts: int) -> list[Hunted]:
    """Of each of these bugs so many hunts, the newest; by bug, then by first seed."""
    by_bug: dict[str, list[Hunted]] = {animal.bug: [] for animal in animals}
    for one in sorted(hunted, key=_age):
        if one.bug in by_bug:
            by_bug[one.bug].append(one)
    return [
        one
        for its in by_bug.values()
        for one in sorted(its[-hunts:], key=lambda one: one.first_seed)
    ]


def _next(
    animals: Sequence[Animal], held: Sequence[Hunted], hunts: int, seed: int, *, endless: bool
) -> Iterator[tuple[Animal, int]]:
    """Which bug is hunted next, and from which seed on."""
    days: dict[str, list[str]] = {animal.bug: [] for animal in animals}
    seeds = dict.fromkeys(days, seed - SEEDS_APART)
    for one in sorted(held, key=_age):
        if one.bug in days:
            days[one.bug].append(one.day)
            seeds[one.bug] = max(seeds[one.bug], one.first_seed)
    for its in days.values():
        del its[:-hunts]
    while days:
        animal = min(animals, key=lambda a: (len(days[a.bug]), days[a.bug][:1]))
        its = days[animal.bug]
        if len(its) >= hunts:
            if not endless:
                return
            del its[0]
        its.append(_NOW)
        seeds[animal.bug] += SEEDS_APART
        yield animal, seeds[animal.bug]


_NOW = "today"
"""The day of a hunt that is held now: after all days."""


def _age(one: Hunted) -> tuple[str, int]:
    return one.day, one.first_seed
