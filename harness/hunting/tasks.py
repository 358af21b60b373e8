"""Work handed to workers, and handed out again if its worker is lost.

Workers get lost: killed for memory, taken away by a cluster, cut off from a scheduler that starts
anew. What they were doing is then *suspect*: it may be what killed them. Suspects are done again
one by one with nothing beside them, seed by seed; what loses its workers `TRIES` times so is given
up, and told. Everything else is done as if nothing had happened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from typing import Any

from splitbrain.harness.hunting.pool import Workers
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.runs.folders import StoreError

TRIES = 3
"""How often something is done alone before it is given up."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do.

    Attributes:
        workers: who does it.
        function: what is called in a worker.
        arguments: with what.
        then: called with what it returns.
        lost: called with a sentence if it is given up.
        parts: the same in smaller pieces, if there are any, for when it is suspect.
        tries: how often it was done alone.
    """

    workers: Workers
    function: Callable[..., Any]
    arguments: Sequence[Any]
    then: Callable[[Any], None]
    lost: Callable[[str], None]
    parts: Callable[[], list[Task]] | None = None
    tries: int = 0


class Tasks:
    """What is being done."""

    def __init__(self) -> None:
        self._working: dict[Future[Any], tuple[Task, int]] = {}
        self._suspects: deque[Task] = deque()

    def __len__(self) -> int:
        return len(self._working) + len(self._suspects)

    @property
    def under_way(self) -> list[Task]:
        """What is being done, or waits to be done again."""
        return [*(task for task, _ in self._working.values()), *self._suspects]

    @property
    def wary(self) -> bool:
        """Whether suspects wait, or one is being done: nothing else is to begin."""
        return bool(self._suspects) or any(task.tries for task, _ in self._working.values())

    def add(self, task: Task) -> None:
        """Hand something out; while there are suspects, it waits behind them."""
        if self.wary:
            self._suspects.append(task)
        else:
            self._begin(task)

    def step(self, timeout: float) -> None:
        """Wait a moment for something to be done, and go on with it.

        Raises:
            StoreError: a folder can't be written, or workers that were lost can't be had again.
            InvalidPlan: what was handed out makes no sense.
        """
        if not self._working and self._suspects:
            suspect = self._suspects.popleft()
            self._begin(replace(suspect, tries=suspect.tries + 1))
        done, _ = wait(self._working, timeout=timeout, return_when=FIRST_COMPLETED)
        for future in done:
            task, generation = self._working.pop(future)
            try:
                result = future.result()
            except (StoreError, InvalidPlan):
                raise
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                self._lose(task, generation, error)
            else:
                task.then(result)

    def _begin(self, task: Task) -> None:
        generation = task.workers.generation
        try:
            future = task.workers.executor.submit(task.function, *task.arguments)
        except (RuntimeError, OSError) as error:  # a broken pool, a connection that was closed
            self._lose(task, generation, error)
        else:
            self._working[future] = task, generation

    def _lose(self, task: Task, generation: int, error: BaseException) -> None:
        task.workers.renew(generation)
        if task.tries >= TRIES:
            task.lost(f"its worker was lost {TRIES} times: {type(error).__name__}: {error}")
        elif task.parts is not None and not task.tries:
            self._suspects.extend(task.parts())
        else:
            self._suspects.append(task)
