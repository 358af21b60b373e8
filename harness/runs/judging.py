"""Who judges a run, and what is said when a judge fails."""

from __future__ import annotations

from splitbrain.checkers.history import History, HistoryError
from splitbrain.checkers.invariants import leader_per_term
from splitbrain.checkers.invariants.costs import steady_costs
from splitbrain.checkers.invariants.coverage import exercised
from splitbrain.checkers.invariants.crashes import unhandled_exceptions
from splitbrain.checkers.invariants.declared import declared_invariants
from splitbrain.checkers.invariants.liveness import progress
from splitbrain.checkers.invariants.resting import at_rest
from splitbrain.checkers.models import ModelError
from splitbrain.checkers.telling import most_telling
from splitbrain.checkers.verdict import UNKNOWN, Checker, Verdict
from splitbrain.harness.error_text import described, traceback_lines
from splitbrain.harness.ground import ground_named
from splitbrain.harness.nemesis.catalogue import named
from splitbrain.harness.nemesis.claims import most_down, mourns, regime
from splitbrain.harness.nemesis.targets import minority
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.workload import Experiment


def checkers_of(experiment: Experiment) -> tuple[Checker, ...]:
    """The workload's and the system's, whether anything was exercised, and liveness.

    A single server has no other replica to converge with. Of a run beyond what the system claims to
    survive, only that no answer is wrong can be demanded: not that there is one. Invariants are
    watched between steps of servers, which only a deterministic ground knows of.
    """
    workload, plan = experiment.workload, experiment.plan
    watched = experiment.invariants is not None and ground_named(plan.ground).deterministic
    declared = [declared_invariants()] if watched else []
    guard = exercised(reads=workload.idempotent, shows=workload.shows, refusable=workload.refusable)
    checkers = [*declared, *workload.checkers, *experiment.checkers, guard]
    checkers = [c for c in checkers if plan.nodes >= getattr(c, "least_servers", 1)]
    if mourns(plan.faults, experiment.claims):
        # What the dead had and nobody else is still to come, for ever.
        checkers = [c for c in checkers if not getattr(c, "eventual", False)]
    if regime(plan.faults, plan.nodes, experiment.claims) != "beyond":
        asked = [progress()] if workload.final(plan) and must_answer(experiment) else []
        checkers += [*asked, at_rest(), steady_costs()]
    return tuple(checkers)


def must_answer(experiment: Experiment) -> bool:
    """Whether it is demanded that there is an answer in the end: faults stay within the claims."""
    plan = experiment.plan
    beyond = regime(plan.faults, plan.nodes, experiment.claims) == "beyond"
    return not beyond and not _too_many_dead(plan)


def _too_many_dead(plan: Plan) -> bool:
    """Whether more may be dead for good than any system can do without, whatever it claims."""
    dead = [fault for fault in plan.faults if named(fault.kind).permanent]
    return most_down(dead, plan.nodes) > minority(plan.nodes)


def judge(history: History, checkers: tuple[Checker, ...]) -> tuple[Verdict, ...]:
    """What each checker says of a history, and what the harness itself checks in every run.

    What is invalid comes first, and first of all what tells most (`splitbrain.checkers.telling`).

    A checker that cannot cope with the history, or fails itself, makes the verdict unknown, never
    valid; the run stands, and the others judge it.
    """
    every = (*checkers, unhandled_exceptions(), leader_per_term())
    asked = [checker for checker in every if _has_what_it_needs(checker, history)]
    verdicts = [(checker, _verdict(checker, history)) for checker in asked]
    return tuple(most_telling(v for checker, v in verdicts if not _found_nothing_of(checker, v)))


def _has_what_it_needs(checker: Checker, history: History) -> bool:
    events = getattr(checker, "needs_events", None)
    operations = getattr(checker, "needs_operations", None)
    return (events is None or bool(history.events(events))) and (
        operations is None or any(call.f == operations for call in history.calls())
    )


def _found_nothing_of(checker: Checker, verdict: Verdict) -> bool:
    """Whether what a checker is about did not happen, so that the run is not judged by it."""
    needed: str | None = getattr(checker, "needs_coverage", None)
    counted = None if needed is None else verdict.coverage.get(needed)
    return verdict.validity is UNKNOWN and counted == 0


def _verdict(checker: Checker, history: History) -> Verdict:
    name = str(getattr(checker, "name", type(checker).__name__))
    try:
        found: object = checker.check(history)
    except (HistoryError, ModelError) as error:
        return Verdict(name, UNKNOWN, f"the checker could not judge this history: {error}")
    # Whatever a checker does wrong, the run stands.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        lines = traceback_lines(error)
        return Verdict(
            name,
            UNKNOWN,
            f"the checker failed: {described(error)} ({lines[-1] if lines else 'no frames'})",
            cost={"traceback": lines},
        )
    if not isinstance(found, Verdict):
        return Verdict(name, UNKNOWN, f"the checker gave a {type(found).__name__}, not a Verdict")
    return found
