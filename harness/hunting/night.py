"""A night: several hunts one after the other, as a table says or a Python file.

    [tool.splitbrain.nightly]
    hunts = [
        { systems = ["raft", "leader-follower"], minutes = 30 },
        { systems = ["my_service.system:SYSTEM"], workloads = ["register", "kv"],
          faults = ["all", "kill,partition"], runs = 5000 },
    ]

Each hunt takes its systems with each of its kinds of faults, in turn, and in each of these cells
the workloads in turn. It ends after its minutes on each machine, or after its runs, all machines
taken together.
"""

from __future__ import annotations

import runpy
import tomllib
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.hunting.drawing import Target, target_of
from splitbrain.harness.hunting.hunt import Limits
from splitbrain.harness.hunting.pool import Start, Workers
from splitbrain.harness.hunting.sharding import WHOLE, Shard
from splitbrain.harness.nemesis.catalogue import resolve
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.system import System

TABLE = ("tool", "splitbrain", "nightly")
NAME = "NIGHT"
"""What a Python file calls its night."""


class Hunting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One hunt of a night.

    Attributes:
        systems: names or import paths; all reference systems, if there are none.
        workloads: those that the systems run of these, in turn; all that fit, if there are none.
        faults: kinds of faults as the command line takes them; each is a cell of its own.
        minutes: wall time on each machine.
        runs: new runs on all machines together.
        seed: no seed below this one.
        shrink_budget: runs that making one failure smaller may take.
    """

    systems: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    faults: tuple[str, ...] = ("all",)
    minutes: float | None = None
    runs: int | None = None
    seed: int = 0
    shrink_budget: int = 300

    def limits(self, shard: Shard = WHOLE) -> Limits:
        """When it ends."""
        time = None if self.minutes is None else 60 * self.minutes
        return Limits(time, self.runs, self.shrink_budget, first_seed=self.seed, shard=shard)

    def problem(self) -> str | None:
        """What makes no sense of it, in words; None if all does."""
        if self.minutes is None and self.runs is None:
            return "it has no end: give minutes or runs"
        if self.minutes is not None and not 0 < self.minutes < float("inf"):
            return f"minutes is {self.minutes!r}: give a positive number"
        for name, least in (("runs", 1), ("seed", 0), ("shrink_budget", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                return f"{name} is {value!r}: give a whole number from {least} up"
        if not self.faults:
            return 'faults is empty: leave it out for all, or give ["none"]'
        return None

    def targets(self, known: Callable[[str], System], every: tuple[str, ...]) -> list[Target]:
        """The cells.

        Args:
            known: the system of a name.
            every: the names that stand for none.

        Raises:
            InvalidPlan: a name is unknown, or nothing fits.
        """
        cells = []
        for name in self.systems or every:
            system = known(name)
            fitting = tuple(w for w in self.workloads if w in system.workloads)
            if self.workloads and not fitting:
                raise InvalidPlan(
                    f"{name} runs none of the workloads {', '.join(self.workloads)}: "
                    f"it runs {', '.join(system.workloads)}"
                )
            for faults in self.faults:
                kinds = tuple(kind.strip() for kind in faults.split(","))
                if kinds != ("none",):
                    resolve(kinds)
                cells.append(target_of(system, name=name, workloads=fitting, faults=kinds))
        return cells


@dataclass(frozen=True)
class Night:
    """Hunts, and who does the work.

    Attributes:
        hunts: one after the other.
        executor: starts any ``concurrent.futures.Executor`` whose workers can import what this
            process can; called again if its workers are lost. None: processes of this machine.
        jobs: how many tasks that executor does at a time.
    """

    hunts: tuple[Hunting, ...]
    executor: Start | None = None
    jobs: int = 1

    def __post_init__(self) -> None:
        if not self.hunts:
            raise InvalidPlan("a night has no hunts: give some")
        for place, hunt in enumerate(self.hunts, start=1):
            if (problem := hunt.problem()) is not None:
                raise InvalidPlan(f"hunt {place}: {problem}")

    def workers(self) -> Workers | None:
        """The workers of its executor, if it has one."""
        return None if self.executor is None else Workers(self.executor, self.jobs)


def read_night(path: Path) -> Night:
    """The night that a file describes: a TOML file's table, or what a Python file calls ``NIGHT``.

    Raises:
        InvalidPlan: there is none, or it makes no sense; the message says where.
    """
    try:
        if path.suffix == ".py":
            return _from_file(path)
        return _from_table(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, InvalidPlan) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise InvalidPlan(f"{path}: {why}") from None


def _from_file(path: Path) -> Night:
    try:
        found = runpy.run_path(str(path)).get(NAME)
    except (InvalidPlan, OSError):
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error}"
        raise InvalidPlan(f"it cannot be run ({told}, {last.filename}:{last.lineno})") from error
    if not isinstance(found, Night):
        raise InvalidPlan(f"it has no {NAME} = Night(...)")
    return found


def _from_table(data: dict[str, Any]) -> Night:
    table: Any = data
    for name in TABLE:
        table = table.get(name) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        raise InvalidPlan(f"it has no table [{'.'.join(TABLE)}] with hunts = [...]")
    for name in table:
        if name != "hunts":
            raise InvalidPlan(f"[{'.'.join(TABLE)}]: {name}: {suggestion(name, ['hunts'])}")
    try:
        return Night(msgspec.convert(table.get("hunts", ()), tuple[Hunting, ...]))
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at ")
        raise InvalidPlan(
            f"[{'.'.join(TABLE)}] hunts{place.strip('`').removeprefix('$')}: {problem}"
        ) from None
