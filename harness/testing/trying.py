"""What happens when a simulated test is called: plans and seeds are tried until one fails.

    fixed plans ──► what failed before ──► seeds 0, 1, 2, ...        (or one plan, under replay)
                                             │
                           kept in runs/TEST--SIGNATURE/, made smaller, told

The folder of a failure is named after the test and the failure's signature, so a failure has one
folder however often it comes. As long as it stands there, its small plan is tried before all seeds;
once that plan passes, a file ``passed`` in the folder says so, and it is tried no more.
"""

from __future__ import annotations

import difflib
import functools
import shlex
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Verdict
from splitbrain.harness.plan import InvalidPlan, Plan
from splitbrain.harness.regression import origin_of
from splitbrain.harness.runs.folders import (
    StoreError,
    emptied_folder,
    read_plan,
    recorded_digest,
    slug,
)
from splitbrain.harness.runs.investigating import Investigation, investigate
from splitbrain.harness.runs.running import Run
from splitbrain.harness.runs.store import run_in_folder
from splitbrain.harness.searching.elsewhere import Source
from splitbrain.harness.searching.seeds import NotDeterministic, Search, search
from splitbrain.harness.testing.simulated import (
    Inconclusive,
    NoExperiment,
    Settings,
    SimulatedTest,
    Violation,
)
from splitbrain.harness.workloads.parts.options import SHARED
from splitbrain.harness.workloads.workload import Experiment

PASSED = "passed"
"""The file in a failure's folder that says that its plan fails no more."""

_UNKNOWN = "--unknown"


@dataclass(frozen=True, slots=True)
class _Failure:
    """A failing run, where its plan came from (None: from a seed, or drawn by somebody), and how to
    begin telling it."""

    experiment: Experiment
    run: Run
    source: Path | None
    heading: str
    drawn: bool = False


class Trial:
    """One call of a simulated test."""

    def __init__(
        self,
        make: functools.partial[Any],
        test: SimulatedTest,
        settings: Settings,
        source: Source | None = None,
    ) -> None:
        """Prepare a call.

        Args:
            make: the function under `simulate`, with its arguments but the plan.
            test: what it was told.
            settings: what the command line says.
            source: where another process finds the test.
        """
        self._make = make
        self._source = source
        self._test = test
        self._settings = settings
        self._folders = slug(settings.test or test.name)
        # Hypothesis calls a test many times, makes its arguments small and remembers them itself.
        hypothesis = sys.modules.get("hypothesis")
        self._explored = hypothesis is not None and hypothesis.currently_in_test_context()

    def run(self, plan: Plan | None = None) -> None:
        """Try everything; or, with a plan that somebody drew, this one alone.

        Raises:
            Violation: a run is invalid.
            Inconclusive: no run could be judged.
            InvalidPlan, StoreError, NotDeterministic: a sentence, without the harness's frames.
        """
        __tracebackhide__ = True
        told: Exception
        try:
            self._try(plan)
        except (Violation, Inconclusive) as error:
            told = error.with_traceback(None)
        except (InvalidPlan, StoreError, NotDeterministic, NoExperiment) as error:
            told = error.with_traceback(None)
        else:
            return
        raise told from None

    def _try(self, plan: Plan | None) -> None:
        settings = self._settings
        if settings.replay is not None:
            self._replay(settings.replay)
            return
        if plan is not None:
            self._drawn(plan)
            return
        for file in self._fixed():
            self._once(file, f"{file} fails")
        if settings.hunt is not None and not self._explored:
            self._hunt(settings.hunt)
            return
        if settings.seed is None and not self._explored:
            for file in self._remembered():
                self._again(file)
        # What needs arguments can't be made again from its name alone.
        source = None if self._make.keywords else self._source
        found = search(self._experiment, settings.seeds(self._test.runs), source=source)
        self._finish(found)
        if found.failure is not None and found.experiment is not None:
            seed = found.failure.plan.seed
            heading = f"seed {seed} fails ({found.tried} tried)"
            raise self._violation(_Failure(found.experiment, found.failure, None, heading))
        self._judge_doubt(found)

    # What is tried

    def _drawn(self, plan: Plan) -> None:
        """Run a plan that somebody drew, with the test's own options.

        Raises:
            Violation: it is invalid. Of a run that cannot be judged nothing is said: there are many
                plans.
        """
        base = self._test.base
        options = {**base.options, **plan.options}
        experiment = self.experiment(plan.with_(options=options, ground=base.ground))
        found = search(lambda _: experiment, [plan.seed])
        self._finish(found)
        if found.failure is not None:
            raise self._violation(
                _Failure(experiment, found.failure, None, "this plan fails", True)
            )
        if found.broken is not None:
            raise Inconclusive(f"the client's own code is broken: {found.broken}")

    def plan(self, seed: int) -> Plan:
        """The plan of a seed."""
        plan = self._test.base.with_(seed=seed)
        return plan.with_(faults=self._test.faults.draw(seed, plan) if self._test.faults else ())

    def _experiment(self, seed: int) -> Experiment:
        return self.experiment(self.plan(seed))

    def experiment(self, plan: Plan) -> Experiment:
        """What the test runs under a plan.

        Raises:
            NoExperiment: the function returned something else.
            InvalidPlan: an option looks like a misspelt parameter.
        """
        experiment = self._make(plan=plan)
        if not isinstance(experiment, Experiment):
            raise NoExperiment(
                f"{self._test.name} returned {experiment!r}: return plan.using(server, workload)"
            )
        self._check_options(experiment)
        return experiment

    def _check_options(self, experiment: Experiment) -> None:
        """Refuse what looks like a misspelt parameter of `simulate`, which takes any option."""
        for name in self._test.base.options:
            if name in SHARED or name in experiment.workload.options:
                continue
            near = difflib.get_close_matches(name, self._test.parameters, n=1, cutoff=0.75)
            if near:
                raise InvalidPlan(
                    f"simulate() has no parameter {name!r}, and the workload "
                    f"{experiment.workload.name} no such option: did you mean {near[0]!r}?"
                )

    def _fixed(self) -> list[Path]:
        """The plans that the test names.

        Raises:
            StoreError: there are none.
        """
        if self._test.plans is None:
            return []
        place = self._settings.root / self._test.plans
        if place.is_file():
            return [place]
        found = sorted([*place.glob("*.json"), *place.glob("*/plan.json")])
        if not found:
            raise StoreError(
                f"{place} holds no plans: plans= of {self._test.name} names a folder of plan.json "
                "files"
            )
        return found

    def _remembered(self) -> Iterator[Path]:
        """The small plans of this test's failures that have not passed since."""
        for folder in sorted(self._settings.folder.glob(f"{self._folders}--*")):
            if not (folder / PASSED).exists() and not folder.name.endswith(_UNKNOWN):
                files = [folder / "shrunk" / "plan.json", folder / "plan.json"]
                yield from [file for file in files if file.exists()][:1]

    def _once(self, file: Path, heading: str) -> Run:
        """Run a plan from a file.

        Raises:
            Violation: it is invalid.
            InvalidPlan: it cannot run; the message names the file.
        """
        plan = read_plan(file)
        try:
            experiment = self.experiment(plan)
            if plan.workload not in ("", experiment.workload.name):
                raise InvalidPlan(
                    f"it is for the workload {plan.workload}, and {self._test.name} runs "
                    f"{experiment.workload.name}"
                )
            found = search(lambda _: experiment, [plan.seed])
        except InvalidPlan as error:
            raise InvalidPlan(f"{file}: {error}") from None
        self._finish(found)
        if found.failure is not None:
            raise self._violation(_Failure(experiment, found.failure, file, heading))
        self._judge_doubt(found)
        assert found.last is not None
        return found.last

    def _again(self, file: Path) -> None:
        """Try what failed before; what passes now, or fits the test no more, is tried no more."""
        folder = file.parent.parent if file.parent.name == "shrunk" else file.parent
        try:
            self._once(file, "what failed before still fails")
        except (InvalidPlan, Inconclusive) as error:
            reason = f"it is tried no more: {error}"
        else:
            reason = "its plan fails no more, and is tried no more"
        (folder / PASSED).write_text(reason + "\n", encoding="utf-8")

    def _replay(self, file: Path) -> None:
        """Run one plan, and say whether its trace is the recorded one."""
        before = recorded_digest(file)
        file = file / "plan.json" if file.is_dir() else file
        try:
            result = self._once(file, "")
        except Violation as violation:
            told = _same_trace(before, recorded_digest(violation.folder))
            raise Violation(f"{violation}\n\n  {told}", violation.folder, violation.seed) from None
        told = _same_trace(before, None) if before is None else ""
        self._settings.notes.append(
            f"{file}: it does not fail any more ({result.validity}){'; ' if told else ''}{told}"
        )

    def _finish(self, found: Search) -> None:
        if self._settings.finished is not None:
            self._settings.finished(found)

    # How it fails

    def _violation(self, failure: _Failure) -> Violation:
        plan, settings = failure.experiment.plan, self._settings
        name = f"{self._folders}--{slug(failure.run.signature)}"
        source = failure.source
        own = (settings.folder / name).absolute()
        if source is not None and own in source.absolute().parents:
            folder = source.parent  # its own folder: the plan is done again where it stands
        else:
            folder = emptied_folder(settings.folder, name)
        small = source is not None or self._explored
        found = investigate(
            failure.experiment,
            folder,
            # A plan from a file is as small as it was made.
            budget=0 if small else settings.shrink_budget,
            recorded=failure.run,
            origin=origin_of(self._make),
        )
        seeded = source is None and not failure.drawn
        commands = {
            folder: self._command("seed", plan.seed)
            if seeded
            else self._command("replay", folder / "plan.json"),
            folder / "shrunk": self._command("replay", folder / "shrunk" / "plan.json"),
        }
        text = settings.render(folder, commands) if settings.render else _summary(found)
        for note in (found.problem, _budget_note(found, settings)):
            text += f"\n\n  note: {note}" if note else ""
        return Violation(f"{failure.heading}\n{text}".lstrip("\n"), folder, plan.seed)

    def _hunt(self, seconds: float) -> None:
        from splitbrain.harness.testing.hunting import HuntedTest, hunt_in  # few need it

        settings = self._settings
        test = HuntedTest(
            settings.test or self._test.name,
            self,
            source=self._source,
            arguments=self._make.keywords,
            command=settings.command or f"pytest -k {self._test.name.rpartition('.')[2]}",
            origin=origin_of(self._make),
        )
        hunt_in(test, seconds, settings)

    def _judge_doubt(self, found: Search) -> None:
        """Say what could not be judged.

        Raises:
            Inconclusive: nothing could, or the client's own code is broken.
        """
        if found.broken is not None:
            raise Inconclusive(f"the client's own code is broken: {found.broken}")
        if found.doubtful is None:
            return
        experiment, run = found.doubtful
        why = _unknown(run.verdicts)
        if found.valid:
            warnings.warn(
                f"{len(found.unknown)} of {found.tried} runs could not be judged "
                f"(first: seed {found.unknown[0]}): {why}",
                stacklevel=6,
            )
            return
        folder = emptied_folder(self._settings.folder, f"{self._folders}{_UNKNOWN}")
        run_in_folder(experiment, folder)
        raise Inconclusive(f"{_why_inconclusive(found)}\n  {why}\nrun: {folder}", folder)

    def _command(self, option: str, value: object) -> str:
        """What repeats the current test: a pytest command, or, without pytest, a setting."""
        if self._settings.command is None:
            return f"splitbrain.harness.testing.settings.{option} = {value!r}, then the test again"
        return f"{self._settings.command} --splitbrain-{option} {shlex.quote(str(value))}"


def _same_trace(before: str | None, now: str | None) -> str:
    if before is None:
        return "nothing to compare with: no recorded trace stands beside the plan"
    if before == now:
        return f"same trace as recorded, byte for byte (sha256 {before[:16]})"
    return (
        f"the trace differs from the recorded one (sha256 {str(now)[:16]}, recorded "
        f"{before[:16]}): the code has changed, or is not deterministic"
    )


def _budget_note(found: Investigation, settings: Settings) -> str | None:
    if found.shrunk is None or found.shrunk.complete:
        return None
    return (
        f"shrinking stopped at its budget of {settings.shrink_budget} runs, before nothing more "
        "could go: a larger one (--splitbrain-shrink-budget) may make this smaller"
    )


def _unknown(verdicts: tuple[Verdict, ...]) -> str:
    return "; ".join(f"{v.checker}: {v.reason}" for v in verdicts if v.validity is UNKNOWN)


def _why_inconclusive(found: Search) -> str:
    text = f"none of {found.tried} runs could be judged: {found.why}; "
    if not found.client_bugs:
        return text + (
            "check that clients reach the servers, and that the time limit leaves time for some "
            "operations"
        )
    worst = max(found.client_bugs, key=lambda bug: found.client_bugs[bug])
    return text + f"the client's code looks wrong ({found.client_bugs[worst]} times): {worst}"


def _summary(found: Investigation) -> str:
    """The verdicts in words, for use without the reports."""
    run = found.shrunk.run if found.shrunk else found.run
    words = {VALID: "valid", INVALID: "INVALID", UNKNOWN: "unknown"}
    lines = [f"{words[v.validity]}  {v.checker}: {v.reason}" for v in run.verdicts]
    return "\n".join([*lines, f"run: {found.folder}"])
