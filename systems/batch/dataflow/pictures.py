"""The tasks of a batch job and their attempts: where each ran, and whether it ended."""

from __future__ import annotations

from splitbrain.harness.pictures.forms import Bar, Form, Lane, Lanes, tone_of
from splitbrain.harness.pictures.picture import Picture, Seen

_TASKS = 24

Task = tuple[int | str, int]
"""A step, by its number or what it does, and a partition."""

Attempt = tuple[int, int]


def _drawn(seen: Seen) -> Form | None:
    begun: dict[tuple[int, int], dict[Task, list[tuple[int, Attempt, str]]]] = {}
    ended: dict[tuple[int, int, int | str, int, Attempt], int] = {}
    for at, event in enumerate(seen.trace.events):
        match event:
            case [_, "attempt", _, job, run, step, part, life, number, str(worker)]:
                tasks = begun.setdefault((job, run), {})
                one = seen.trace.time(at), (life, number), worker
                tasks.setdefault((step, part), []).append(one)
            case [_, "made", _, job, run, step, part, life, number]:
                ended.setdefault((job, run, step, part, (life, number)), seen.trace.time(at))
    if not begun:
        return None
    run = _shown(seen, begun)
    lanes = []
    for (step, part), attempts in sorted(begun[run].items())[:_TASKS]:
        bars = []
        for time, attempt, worker in attempts:
            end = ended.get((*run, step, part, attempt))
            said = "and ended" if end is not None else "and was never heard of again"
            tone = tone_of(int(worker[1:])) if end is not None else "bad"
            note = f"attempt {attempt[1]} on {worker} began {said}"
            # One that did not end is drawn until the next one of its task begins.
            later = [other for other, _, _ in attempts if other > time]
            bars.append(Bar(time, end or min(later, default=seen.end), worker, tone, note))
        lanes.append(Lane(f"step {step}, partition {part}", tuple(bars)))
    return Lanes(tuple(lanes))


def _shown(
    seen: Seen, begun: dict[tuple[int, int], dict[Task, list[tuple[int, Attempt, str]]]]
) -> tuple[int, int]:
    """The run to show: one of the job that is blamed, else that with the most attempts."""
    blamed = {
        call.argument[0]
        for call in (seen.calls[at] for at in seen.blamed)
        if isinstance(call.argument, list) and call.argument
    }
    mine = {run: tasks for run, tasks in begun.items() if run[0] in blamed} or begun
    return max(mine, key=lambda run: (sum(map(len, mine[run].values())), -run[0], -run[1]))


ATTEMPTS = Picture(
    "attempts",
    "Tasks of a job and their attempts",
    "A lane is one partition of one step, a bar an attempt on a worker, red if nothing came of it. "
    "What a task makes again must be what it made before.",
    _drawn,
)
