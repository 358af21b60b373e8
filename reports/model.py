"""Everything that a page, a summary or a terminal shows of a run, computed once from its files.

`load_run` works from the folder alone (``plan.json``, ``history.jsonl`` and whatever else is
there), never from live objects, so a report can be made again from the files years later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from splitbrain.checkers.history import Call, History, Operation
from splitbrain.checkers.verdict import INVALID, VALID, Anomaly, Validity, Verdict, worst
from splitbrain.checkers.vocabulary import LEADER
from splitbrain.harness.knobs import told
from splitbrain.harness.plan import Plan
from splitbrain.harness.runs.recorded_trace import RunTrace
from splitbrain.reports.availability import outage_parts
from splitbrain.reports.coverage import Coverage, cover
from splitbrain.reports.evidence.crash import crash_lines, crash_of
from splitbrain.reports.faults import FaultBand, Mark, announcements, fault_bands, phase_marks
from splitbrain.reports.foreign_nemesis import foreign_faults
from splitbrain.reports.phrases import Phrases, phrases_of
from splitbrain.reports.recorded import Recorded, is_recorded, read_recorded
from splitbrain.reports.run_files import (
    Certain,
    RunError,
    RunInfo,
    Shrink,
    folder_files,
    read_history,
    read_info,
    read_plan,
    read_shrink,
    read_verdicts,
)
from splitbrain.reports.traffic import traffic_parts
from splitbrain.reports.wording import clipped, counted, safe_text, sentence, shortened
from splitbrain.systems import registry

STATEMENT_LIMIT = 400

MANY = 200_000
"""From how many operations on they are made one by one: nobody looks at more than a few."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, ready to be shown.

    Attributes:
        path: the run's folder.
        plan: what was run.
        info: how it was run.
        recorded: the history's own story if another tool made it; None for a run.
        history: what happened.
        calls: the clients' operations, paired, in order of invocation.
        phrases: how operations are told.
        small: whether it is a shrunk run, in which every value matters.
        faults: faults in order of start, then those that never started.
        phases: the run's phases.
        marks: what nodes announced.
        verdicts: what checkers said; None for a run that nobody judged (a killed run).
        coverage: what was exercised.
        shrink: how the run was shrunk; None if it wasn't.
        shrunk: the shrunk run; None if there is none.
        certain: from which event on this run, a shrunk one, fails whatever comes; None if nobody
            knows.
        problems: what is missing or damaged, one sentence each.
        trace: its trace, read when it is first looked into.
        repeat: the command that repeats the run, or judges its history again. It comes from where
            the run is, or from whoever made it just now: never from what its files say.
    """

    path: Path
    plan: Plan
    info: RunInfo
    recorded: Recorded | None
    history: History
    calls: Sequence[Call]
    phrases: Phrases
    small: bool
    faults: tuple[FaultBand, ...]
    phases: tuple[Mark, ...]
    marks: tuple[Mark, ...]
    verdicts: tuple[Verdict, ...] | None
    coverage: Coverage
    shrink: Shrink | None
    shrunk: RunView | None
    certain: Certain | None
    problems: tuple[str, ...]
    trace: RunTrace
    repeat: str

    @property
    def page(self) -> Path:
        """Where the run's HTML page is, once it is written."""
        return self.path / "report.html"

    @property
    def files(self) -> Mapping[str, int]:
        """The run's files that are there now, and their sizes in bytes."""
        return folder_files(self.path)

    @property
    def validity(self) -> Validity | None:
        """The worst of the verdicts; None for a run that nobody judged."""
        return None if self.verdicts is None else worst(self.verdicts)

    @property
    def judgement(self) -> str:
        """The validity as a word: ``valid``, ``INVALID``, ``unknown`` or ``not judged``."""
        validity = self.validity
        if validity is None:
            return "not judged"
        return "INVALID" if validity is INVALID else str(validity)

    @property
    def deciding(self) -> Verdict | None:
        """The verdict that decides: the first of the worst validity."""
        for verdict in self.verdicts or ():
            if verdict.validity is self.validity:
                return verdict
        return None

    @property
    def anomaly(self) -> Anomaly | None:
        """The anomaly to show first; None unless the run is invalid."""
        verdict = self.deciding
        return verdict.anomalies[0] if verdict and verdict.anomalies else None

    @property
    def signature(self) -> str:
        """What failures are grouped by; empty unless the run is invalid."""
        return self.deciding.signature if self.deciding else ""

    @property
    def title(self) -> str:
        """The run's name in a heading: system, workload and planted bug."""
        bug = f" with bug {self.plan.bug}" if self.plan.bug else ""
        system, workload = self.plan.told
        return safe_text(shortened(f"{system} / {workload}{bug}", 120))

    @property
    def name(self) -> str:
        """The run's title with what tells it from others: its seed."""
        return self.title if self.recorded else f"{self.title}, seed {self.plan.seed}"

    @property
    def servers(self) -> tuple[str, ...]:
        """The names of the servers, as far as they are known."""
        if self.recorded is None:
            return self.plan.servers
        return tuple(dict.fromkeys(name for fault in self.faults for name in fault.targets))[:40]

    @property
    def end(self) -> int:
        """The time of the last event, ns; 0 for an empty history."""
        return self.history[-1].time if len(self.history) else 0

    @property
    def telling(self) -> RunView:
        """The run whose story to tell: the shrunk one if it fails as this one does."""
        return self.shrunk if self.shrunk and self.shrunk.validity is INVALID else self

    @property
    def statement(self) -> str:
        """The verdict in one sentence of plain English."""
        return sentence(safe_text(clipped(_statement(self), STATEMENT_LIMIT)))

    @property
    def crash(self) -> list[str]:
        """Where a node's code raised and what it did before, as lines."""
        return crash_lines(crash_of(self.verdicts or ()))

    @property
    def marked(self) -> frozenset[int]:
        """Positions in `calls` of the operations of the anomaly shown first."""
        return frozenset(self.positions(self.anomaly.operations)) if self.anomaly else frozenset()

    @property
    def transactions(self) -> Mapping[int, str]:
        """Names that the anomaly shown first gives to transactions (T1, T2), by position."""
        entries = self.anomaly.details.get("transactions") if self.anomaly else None
        return {
            position: safe_text(shortened(str(entry.get("name")), 24))
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, Mapping)
            for position in self.positions([entry.get("operation", -1)])
        }

    def number(self, position: int) -> int:
        """The number of a call among those of its f, from 1."""
        return int(self.history.client_calls.numbers[position])

    def positions(self, indices: tuple[int, ...] | list[int]) -> list[int]:
        """The calls of history indices, by position, once each in the order given."""
        place_of = self.history.client_calls.place_of
        found = (place_of(index) for index in indices if isinstance(index, int))
        return list(dict.fromkeys(position for position in found if position is not None))

    def completion(self, call: Call) -> Operation | None:
        """The event that ended the call, an ``info`` one included; None if the run ended first."""
        position = int(self.history.partner[call.invoked])
        return self.history[position] if position >= 0 else None


def _statement(view: RunView) -> str:
    verdicts, verdict = view.verdicts, view.deciding
    if verdicts is None:
        return (
            "Nobody has judged this run: it has no verdict, so it was probably stopped before its "
            "end. What its history holds is shown below."
        )
    if verdict is None:
        return "Nothing was judged: the run was checked by no checker."
    if verdict.validity is VALID:
        if len(verdicts) == 1:
            return verdict.reason or f"{verdict.checker} holds."
        return f"All {len(verdicts)} checked properties hold: " + ", ".join(
            entry.checker for entry in verdicts
        )
    if verdict.validity is INVALID:
        return verdict.anomalies[0].message or verdict.reason
    return verdict.reason or f"{verdict.checker} is {verdict.validity}."


def load_run(
    path: str | Path,
    commands: Mapping[Path, str] | None = None,
    recorded: History | None = None,
) -> RunView:
    """The run whose files are in this folder.

    Args:
        path: the folder.
        commands: what repeats the runs of which folder, where that is not `splitbrain replay`.
        recorded: the history in it, if it is another tool's and was read already.

    Raises:
        RunError: the plan or the history is missing or can't be read.
    """
    whole = Path(path).parent
    small = (whole / "shrink.json").exists()
    found = read_shrink(whole, []) if small else None
    return _load(Path(path), commands or {}, small=small, found=found, known=recorded)


def _load(
    path: Path,
    commands: Mapping[Path, str],
    *,
    small: bool,
    found: Shrink | None,
    known: History | None = None,
) -> RunView:
    """The run in a folder; `found` is what shrinking says of it if it is a small one."""
    recorded: Recorded | None = None
    if is_recorded(path):
        recorded, plan, history = read_recorded(path, known)
    else:
        plan, history = read_plan(path), read_history(path)
    problems: list[str] = list(history.notes)
    verdicts = read_verdicts(path, problems)
    info = read_info(path, problems)
    shrink = read_shrink(path, problems)
    shrunk = None if small else _load_shrunk(path, commands, problems, shrink)
    told = found or shrink
    needed = frozenset(n.fault for n in told.necessary if n.needed) if told else frozenset()
    paired = history.client_calls
    calls = history.calls() if len(paired) < MANY else paired
    events = list(history.events())
    marks = announcements(events)
    if recorded is None:
        faults = fault_bands(events, plan.faults, needed)
    else:
        faults, others = foreign_faults(events)
        marks = tuple(sorted((*marks, *others), key=lambda mark: mark.index))
        if not recorded.timed:
            problems.append("The history has no times: its events are drawn a millisecond apart")
    return RunView(
        path=path,
        plan=plan,
        info=info,
        recorded=recorded,
        history=history,
        calls=calls,
        phrases=phrases_of(plan, info.words),
        small=small,
        faults=faults,
        phases=phase_marks(events),
        marks=marks,
        verdicts=verdicts,
        coverage=cover(paired, faults),
        shrink=shrink,
        shrunk=shrunk,
        certain=found.certain if found else None,
        problems=tuple(map(safe_text, problems)),
        trace=RunTrace(path, _failed_at(verdicts, history)),
        repeat=commands.get(path) or _repeat(path, plan, recorded),
    )


def _failed_at(verdicts: tuple[Verdict, ...] | None, history: History) -> int | None:
    """When the last of what the anomaly to show first names was over, ns; None if it names
    nothing."""
    anomaly = next((v.anomalies[0] for v in verdicts or () if v.validity is INVALID), None)
    named = [at for at in anomaly.operations if 0 <= at < len(history)] if anomaly else []
    ends = [max(at, int(history.partner[at])) for at in named]
    return max((history[at].time for at in ends), default=None)


def _repeat(path: Path, plan: Plan, recorded: Recorded | None) -> str:
    """What repeats the run of a folder; of a test's own system (``module.test``) that test does."""
    if recorded is not None:
        return recorded.check_command(path)
    module, _, test = plan.system.rpartition(".")
    named = ":" not in plan.system and plan.system not in registry.SYSTEMS
    if module and named and test.isidentifier():
        return f"pytest -k {test} --splitbrain-replay {quote(str(path / 'plan.json'))}"
    return f"splitbrain replay {quote(str(path))}"


def _load_shrunk(
    path: Path, commands: Mapping[Path, str], problems: list[str], found: Shrink | None
) -> RunView | None:
    folder = path / "shrunk"
    if not (folder / "plan.json").exists():
        return None
    try:
        return _load(folder, commands, small=True, found=found)
    except RunError as error:
        problems.append(f"The shrunk run can't be shown: {error}")
        return None


def shrink_summary(view: RunView) -> str:
    """From what to what the run was shrunk, in words; empty when it wasn't."""
    shrink = view.shrink
    if shrink is None:
        return ""
    named = (("operation", shrink.operations), ("fault", shrink.faults))
    before = [counted(pair[0], noun) for noun, pair in named if pair]
    after = [counted(pair[1], noun) for noun, pair in named if pair]
    if not before:
        return ""
    runs = f", in {counted(shrink.runs, 'run')}" if shrink.runs is not None else ""
    return f"shrunk from {' and '.join(before)} to {' and '.join(after)}{runs}"


def often_text(view: RunView) -> str:
    """How often the small plan fails, in one sentence; empty if nobody counted."""
    if view.shrink is None or view.shrink.often is None:
        return ""
    failed, of = view.shrink.often
    return f"the same plan fails in {failed} of {counted(of, 'other schedule')}"


def regime_text(view: RunView) -> str:
    """What the run's regime means, in one sentence; empty when it has none."""
    claimed = f" ({clipped(view.info.claims, 300)})" if view.info.claims else ""
    if view.info.regime == "survivable":
        return f"survivable: these faults are within what the system claims{claimed}"
    if view.info.regime == "beyond":
        return f"beyond: these faults exceed what the system claims{claimed}"
    return safe_text(shortened(view.info.regime))


def settings_text(view: RunView) -> str:
    """The system's settings that the plan chose; empty if it left all as they are."""
    return safe_text(shortened(told(view.plan), 300))


def exercised_text(view: RunView) -> str:
    """What the run exercised, in one line."""
    coverage = view.coverage
    total = coverage.total
    parts = [
        f"{counted(total.total, 'operation')} "
        f"({total.ok:,} ok, {total.fail:,} fail, {total.info:,} info)"
    ]
    if view.faults:
        parts.append(
            f"{counted(coverage.faults, 'fault')} ({coverage.observed:,} with observed effect)"
        )
    leaders = sum(mark.f == LEADER for mark in view.marks)
    if leaders:
        parts.append(counted(leaders, "leadership"))
    if view.faults:
        parts += outage_parts(view.history, view.calls)
    drawn = view.plan.operations is None
    parts += traffic_parts(view.history, view.calls, view.plan.rate if drawn else None)
    return ", ".join(parts)
