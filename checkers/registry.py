"""Checkers by name: where each one's entry is, loaded when somebody asks for it.

A name that isn't of ours may be that of an entry point of the group ``splitbrain.checkers``, or a
place: ``package.module:NAME`` or ``FILE.py:NAME``. What is there is an entry
(`splitbrain.checkers.entry.CheckerEntry`), or a model (`splitbrain.checkers.models`), whose checker
is then linearizability.
"""

from __future__ import annotations

from typing import Any

from splitbrain.checkers.entries import Entries
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.verdict import Checker

GROUP = "splitbrain.checkers"
"""The group of entry points by which other distributions add checkers."""

_MODELS = "splitbrain.checkers.models"

PATHS: dict[str, str] = {
    "register": f"{_MODELS}:register",
    "cas-register": f"{_MODELS}:cas_register",
    "multi-register": f"{_MODELS}:multi_register",
    "kv": f"{_MODELS}:kv",
    "set": f"{_MODELS}:a_set",
    "queue": f"{_MODELS}:queue",
    "stack": f"{_MODELS}:stack",
    "priority-queue": f"{_MODELS}:priority_queue",
    "counter": f"{_MODELS}:counter",
    "mutex": f"{_MODELS}:mutex",
    "semaphore": f"{_MODELS}:semaphore",
    "fenced-lock": f"{_MODELS}:fenced_lock",
    "log": f"{_MODELS}:log",
    "sticky-register": f"{_MODELS}:sticky_register",
    "set-full": "splitbrain.checkers.collections.full_sets:ENTRY",
    "saga": "splitbrain.checkers.calls.sagas:ENTRY",
    "owner-agreement": "splitbrain.checkers.invariants.ownership:ENTRY",
    "membership": "splitbrain.checkers.invariants.memberships:ENTRY",
    "watch": "splitbrain.checkers.collections.watches:ENTRY",
    "total-order-broadcast": "splitbrain.checkers.broadcast.orders:TOTAL_ENTRY",
    "fifo-broadcast": "splitbrain.checkers.broadcast.orders:FIFO_ENTRY",
    "causal-broadcast": "splitbrain.checkers.broadcast.orders:CAUSAL_ENTRY",
    "index-agreement": "splitbrain.checkers.collections.indexes:ENTRY",
    "total-queue": "splitbrain.checkers.collections.total_queues:ENTRY",
    "unique-ids": "splitbrain.checkers.collections.identifiers:ENTRY",
    "version-identity": "splitbrain.checkers.collections.row_versions:ENTRY",
    "echo": "splitbrain.checkers.calls.echoes:ENTRY",
    "regular-register": "splitbrain.checkers.consistency.lamport:REGULAR",
    "safe-register": "splitbrain.checkers.consistency.lamport:SAFE",
    "bounded-staleness": "splitbrain.checkers.consistency.staleness:ENTRY",
    "told-staleness": "splitbrain.checkers.consistency.told_ages:ENTRY",
    "causal-consistency": "splitbrain.checkers.consistency.causality:ENTRY",
    "no-lost-concurrent-write": "splitbrain.checkers.convergence.concurrent_writes:ENTRY",
    "shopping-carts": "splitbrain.checkers.convergence.carts:ENTRY",
    "eventual-counter": "splitbrain.checkers.convergence.totals:ENTRY",
    "replicated-text": "splitbrain.checkers.convergence.texts:ENTRY",
    "strong-eventual-consistency": "splitbrain.checkers.convergence.strong_eventual:ENTRY",
    "converged": "splitbrain.checkers.convergence.replicas:ENTRY",
    "homes-converged": "splitbrain.checkers.convergence.homes:ENTRY",
    "repair-ends": "splitbrain.checkers.convergence.repairs:ENTRY",
    "placement": "splitbrain.checkers.invariants.placements:ENTRY",
    "no-needless-move": "splitbrain.checkers.invariants.rebalances:ENTRY",
    "exactly-once-effect": "splitbrain.checkers.calls.effects:ENTRY",
    "round-trip": "splitbrain.checkers.encoding.records:ENTRY",
    "unknown-fields-preserved": "splitbrain.checkers.encoding.records:PRESERVED_ENTRY",
    "schema-compatible": "splitbrain.checkers.encoding.registrations:ENTRY",
    "cache-coherent": "splitbrain.checkers.caching.coherence:ENTRY",
    "symmetric-edges": "splitbrain.checkers.graphs.edges:ENTRY",
    "no-dangling-edge": "splitbrain.checkers.graphs.edges:DANGLING_ENTRY",
    "atomic-visibility": "splitbrain.checkers.graphs.paths:ENTRY",
    "routes-lead": "splitbrain.checkers.graphs.routes:ENTRY",
    "metastable": "splitbrain.checkers.overload.goodput:ENTRY",
    "retry-amplification": "splitbrain.checkers.calls.retry_budgets:ENTRY",
    "backoff-spread": "splitbrain.checkers.calls.retry_budgets:SPREAD_ENTRY",
    "breaker-states": "splitbrain.checkers.calls.breakers:ENTRY",
    "no-request-to-dead": "splitbrain.checkers.calls.balancing:DEAD_ENTRY",
    "cache-monotonic": "splitbrain.checkers.caching.backwards:ENTRY",
    "requests-counted": "splitbrain.checkers.calls.balancing:COUNTED_ENTRY",
    "balance": "splitbrain.checkers.calls.balancing:BALANCE_ENTRY",
    "kept-work": "splitbrain.checkers.calls.work_done:ENTRY",
    "drained": "splitbrain.checkers.calls.balancing:DRAINED_ENTRY",
    "no-stale-set": "splitbrain.checkers.caching.filling:STALE_SET_ENTRY",
    "single-flight": "splitbrain.checkers.caching.filling:SINGLE_FLIGHT_ENTRY",
    "expiry-spread": "splitbrain.checkers.caching.expiries:ENTRY",
    "batch-output": "splitbrain.checkers.batch.outputs:ENTRY",
    "rerun-equal": "splitbrain.checkers.batch.reruns:ENTRY",
    "partition-invariant": "splitbrain.checkers.batch.reruns:PARTITIONS_ENTRY",
    "combiner-law": "splitbrain.checkers.batch.combiners:ENTRY",
    "batch-deterministic": "splitbrain.checkers.batch.reruns:DETERMINISTIC_ENTRY",
    "join-complete": "splitbrain.checkers.batch.joins:ENTRY",
    "kafka": "splitbrain.checkers.streams.partitioned_logs:ENTRY",
    "rebuild-equals-live": "splitbrain.checkers.streams.rebuilding:ENTRY",
    "published-in-order": "splitbrain.checkers.streams.publishing:ENTRY",
    "causal-recipients": "splitbrain.checkers.streams.recipients:ENTRY",
    "deliveries": "splitbrain.checkers.streams.message_deliveries:ENTRY",
    "transfers": "splitbrain.checkers.calls.transfers:ENTRY",
    "view-consistent": "splitbrain.checkers.streams.views:ENTRY",
    "window-complete": "splitbrain.checkers.streams.results:WINDOWS_ENTRY",
    "watermark-monotonic": "splitbrain.checkers.streams.results:WATERMARKS_ENTRY",
    "late-policy": "splitbrain.checkers.streams.results:LATE_ENTRY",
    "checkpoint-consistent": "splitbrain.checkers.streams.results:CHECKPOINTS_ENTRY",
    "stream-results": "splitbrain.checkers.streams.results:ENTRY",
    "list-append": "splitbrain.checkers.isolation.entries:LIST_APPEND",
    "rw-register": "splitbrain.checkers.isolation.entries:RW_REGISTER",
    "predicate-reads": "splitbrain.checkers.isolation.entries:PREDICATE_READS",
    "bank": "splitbrain.checkers.invariants.entries:BANK",
    "doctors": "splitbrain.checkers.invariants.entries:DOCTORS",
    "long-fork": "splitbrain.checkers.invariants.entries:LONG_FORK",
    "causal-reverse": "splitbrain.checkers.invariants.entries:CAUSAL_REVERSE",
    "durable": "splitbrain.checkers.storage.entries:DURABLE",
    "no-resurrection": "splitbrain.checkers.storage.entries:NO_RESURRECTION",
    "read-durable": "splitbrain.checkers.storage.entries:READ_DURABLE",
    "prefix-durable": "splitbrain.checkers.storage.entries:PREFIX_DURABLE",
    "atomic-batch": "splitbrain.checkers.storage.entries:ATOMIC_BATCH",
    "detects-corruption": "splitbrain.checkers.storage.entries:DETECTS_CORRUPTION",
    "structure": "splitbrain.checkers.storage.entries:STRUCTURE",
    "damage-is-real": "splitbrain.checkers.storage.entries:DAMAGE_IS_REAL",
}
"""Where the entry of each checker is; a model's maker stands for linearizability."""


def _of_model(name: str, found: Any) -> CheckerEntry:
    """The entry that a model stands for: linearizability."""
    from splitbrain.checkers.consistency.entries import of_maker, of_model
    from splitbrain.checkers.models import own

    if name in PATHS:
        return of_maker(name, found)
    return of_model(own(found))


CHECKERS = Entries("checker", CheckerEntry, PATHS, GROUP, stands_for=_of_model, files=True)
"""Every checker there is, by name."""


def entry_named(name: str) -> CheckerEntry:
    """The entry of a checker.

    Args:
        name: one of `CHECKERS`, or a place (``package.module:NAME``, ``FILE.py:NAME``) of an entry
            or of a model.

    Raises:
        ValueError: there is none; the message has the nearest names.
    """
    return CHECKERS.named(name)


def entry_of_verdict(checker: str) -> CheckerEntry | None:
    """The entry whose verdicts carry this ``checker``; None if no registered one does."""
    family, _, rest = checker.partition("(")
    # The family first: list-append(serializable) is no checker called serializable.
    name = next((name for name in (family, rest.removesuffix(")")) if name in CHECKERS), None)
    return None if name is None else CHECKERS[name]


def checker_for_model(name: str, **options: Any) -> Checker:
    """The checker that judges histories of a model.

    Args:
        name: see `entry_named`.
        options: ``keyed`` for all that may be judged key by key; ``consistency`` (``linearizable``
            or ``sequential``, or an isolation level); those of
            `splitbrain.checkers.linearizability.linearizable` (``budget`` may be a number of
            configurations) and the model's own (``initial``, ``absent``) for those judged by
            linearizability; for the others what their constructors take.

    Raises:
        ValueError: no such model; the message has the nearest names. Or no such option.
    """
    entry = entry_named(name)
    try:
        return entry.make(**options)
    except TypeError as error:
        raise ValueError(f"model {name!r}: {error}") from None
