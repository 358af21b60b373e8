"""In the end, everything is answered.

*Property.* Once faults have ended and the system had time to settle, each of the final operations
succeeds at the latest when it is repeated, and each server that is up answers. A deadlock that
nobody detects, a lock that its holder took to the grave, or a transaction in doubt forever breaks
it: liveness, made checkable by asking for it at a time when there is no excuse left (as in
TigerBeetle's liveness mode, also while a minority is down for good).

*Source.* The harness notes its phases: events of the process ``nemesis`` with f ``phase``. Client
operations that are invoked after the value ``final`` are the final ones; those with the same f and
argument are attempts at the same. What each server did is the value of the event ``answers``
(`splitbrain.harness.runs.finals`); to refuse is an answer, silence is none.

*Algorithm.* One pass. A kind of operation that never succeeded in the whole run, but was answered,
did not stop working (a client may ask for what there is not); whether anything was exercised is
another checker's question. If nobody ever answered it, it hangs: whoever answers nothing at all,
from the beginning to the end, is as useless as who stopped.

A client that was shown what only a server had that is dead now can't go on: who keeps sessions
refuses it for good, and says why (`splitbrain.checkers.vocabulary.BEHIND`). That is excused, if it
is what became of every attempt and a server is dead for good.

*Left out.* How long it took, and whether anything made progress before. Beyond what a system claims
to survive, nobody asks this of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from splitbrain.checkers.answers import servers_that
from splitbrain.checkers.history import NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import (
    ANSWERS,
    BEHIND,
    FINAL,
    GONE,
    PHASE,
    SILENT,
    TIMED_OUT,
)

NO_PROGRESS = "no-progress"


def progress() -> Checker:
    """A checker: every final operation succeeds. See the module."""
    return _Progress()


@dataclass(frozen=True, slots=True)
class _Progress:
    name: str = "progress"

    def check(self, history: History) -> Verdict:
        """See `Checker.check`."""
        begin = [e.index for e in history.events(PHASE, NEMESIS) if e.value == FINAL]
        every = history.calls()
        calls = [call for call in every if begin and call.invoke_index > begin[0]]
        attempts: dict[tuple[str, str], list[Call]] = {}
        for call in calls:
            attempts.setdefault((call.f, repr(call.argument)), []).append(call)
        coverage = {"final operations": len(attempts), "attempts": len(calls)}
        if not attempts:
            reason = "nothing was asked of the system after it was healed"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        worked = {call.f for call in every if call.outcome == OK}
        gone = servers_that(history, GONE)
        anomalies = (
            *(
                _unanswered(history, group, gone)
                for group in attempts.values()
                if not any(call.outcome == OK for call in group)
                and not (gone and _knows_too_much(history, group))
                and (group[0].f in worked or _hung(history, group))
            ),
            *_silent(history),
        )
        if anomalies:
            return Verdict(self.name, INVALID, anomalies[0].message, anomalies, coverage=coverage)
        number = sum(any(c.outcome == OK for c in group) for group in attempts.values())
        if not number:
            reason = "none of the final operations ever succeeded, so none can have stopped working"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{number} final operation{'s' if number > 1 else ''}, each answered"
        return Verdict(self.name, VALID, reason, coverage=coverage)


def _hung(history: History, attempts: list[Call]) -> bool:
    """Whether no attempt was answered, not even by a refusal."""
    ends = [int(history.partner[call.invoked]) for call in attempts]
    return all(end < 0 or (history.errors[end] or "").startswith(TIMED_OUT) for end in ends)


def _knows_too_much(history: History, attempts: list[Call]) -> bool:
    """Whether each attempt was refused since its client has seen what nobody there has."""
    ends = [call.completed for call in attempts]
    return all(end is not None and BEHIND in (history.errors[end] or "") for end in ends)


def _silent(history: History) -> Iterator[Anomaly]:
    for event in history.events(ANSWERS, NEMESIS):
        told = event.value if isinstance(event.value, Mapping) else {}
        silent = [server for server, did in told.items() if did == SILENT]
        if silent:
            yield Anomaly(
                "silent-server",
                f"{', '.join(silent)} answered nothing after all faults had ended and the system "
                "had settled",
                (event.index,),
                {"servers": silent},
            )


def _unanswered(history: History, attempts: list[Call], gone: list[str]) -> Anomaly:
    first, times = attempts[0], len(attempts)
    what = first.f if first.argument is None else f"{first.f} {shown(first.argument)}"
    errors = [history.errors[c.completed] for c in attempts if c.completed is not None]
    why = f": {errors[-1]}" if errors and errors[-1] else ""
    without = f", with {', '.join(gone)} dead for good" if gone else ""
    return Anomaly(
        NO_PROGRESS,
        f"{what} did not succeed in {times} "
        f"attempt{'s' if times > 1 else ''} after all faults had ended and the system had settled"
        f"{without}{why}",
        tuple(i for c in attempts for i in (c.invoke_index, c.complete_index) if i is not None),
    )
