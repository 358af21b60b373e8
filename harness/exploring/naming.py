"""Tasks of trio and asyncio by short names that are the same in each run."""

from __future__ import annotations

from typing import Any


class Names:
    """The names of one run's tasks: asyncio's own; of trio the function, numbered from the second
    task on that has it."""

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}
        self._count: dict[str, int] = {}

    def of(self, task: Any) -> str:
        """The name of a task."""
        if hasattr(task, "get_name"):
            return str(task.get_name())
        if task not in self._names:
            name = function_of(task)
            number = self._count[name] = self._count.get(name, 0) + 1
            self._names[task] = name if number == 1 else f"{name} {number}"
        return self._names[task]


def function_of(task: Any) -> str:
    """The name of the function that a task of trio was started with."""
    return str(task.name.rpartition(".")[2])


def coroutine_of(task: Any) -> Any:
    """What a task runs."""
    return task.get_coro() if hasattr(task, "get_coro") else task.coro
