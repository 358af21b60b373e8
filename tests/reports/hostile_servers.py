"""A run in which servers say hostile words, for the pictures of one system at a time: each word as
a name, a value, a reason, wherever the system's pictures take one."""

from run_recording import SECOND, Recording, anomaly, plan, save, verdict
from sample_runs import HOSTILE
from sample_traces import Tracing

from splitbrain.checkers.caching.filling import FILLED, LOADING
from splitbrain.checkers.calls.announced import STARTED
from splitbrain.checkers.calls.breakers import BREAKER, PROBE
from splitbrain.checkers.invariants.memberships import MEMBER
from splitbrain.checkers.vocabulary import OWNS

WORDS = (*HOSTILE[:7], "-->]]><!--", "javascript:document.documentElement.dataset.pwned='4'")[::-1]
"""Markup comes last: some pictures show the last few of what they were told."""


def _members(recording, trace, time, word):
    value = {"of": word, "status": "suspect", "incarnation": word}
    recording.add(time * SECOND, "n1", "info", MEMBER, value)


def _orders(recording, trace, time, word):
    order = trace.number
    trace.message(time, "n1", "n2", ["do", order, word], lost=word)
    trace.message(time, "n2", "n1", ["refused", order, word], time)


def _lease(recording, trace, time, word):
    trace.add(time, "role", "n1", "leader", word)
    trace.add(time, "lease", "n1", word, 0.0001)
    trace.message(time, "c1", "n1", ["request", word, ["query", ["get", word]]], time)
    trace.message(time, "n1", "c1", ["reply", word, "ok", word], time)


def _homes(recording, trace, time, word):
    early = 2 - time  # the first few rows are shown
    trace.add(early, "state", "n1", "members", f"0: {word}")
    trace.add(early, "state", "n1", "members", f"1: n1 n2 to {word}")
    trace.add(early, "state", "n2", word, word)


def _quorums(recording, trace, time, word):
    trace.message(time, "c1", "n1", ["request", word, "put", word, word], time)
    trace.message(time, "n1", "n2", ["query", word, word], time)
    trace.message(time, "n2", "n1", ["answer", word, word], time)
    trace.message(time, "n1", "n3", ["query", word, word], lost=word)
    trace.message(time, "n1", "c1", ["reply", word, "ok", word], time)


def _commits(recording, trace, time, word):
    trace.message(time, "n1", "n2", ["prepare", word, word], time)
    trace.message(time, "n2", "n1", ["vote", word, True], lost=word)
    trace.message(time, "n1", "n2", ["pre-commit", word], time)
    for server, outcome in (("n1", word), ("n2", "abort")):
        trace.add(time, "announce", server, "decided", {"txn": word, "outcome": outcome})


def _disk(recording, trace, time, word):
    trace.add(time, "fsync", "n1", word)
    trace.add(time, "not-opened", "n1", word)
    trace.add(time, "failed", "n1", word)
    trace.add(time, "boot", "n1", word)


def _levels(recording, trace, time, word):
    trace.number += 1
    trace.add(time, "table", "n1", trace.number, word, word, [word])
    trace.add(time, "levels", "n1", [[trace.number]])


def _pages(recording, trace, time, word):
    trace.add(time, "pages", "n1", 1, [[5, word]], [])
    trace.add(time, "not-opened", "n1", word)


def _ranges(recording, trace, time, word):
    recording.add(time * SECOND, "n1", "info", OWNS, {"ranges": [["", word], [word, None]]})


def _caches(recording, trace, time, word):
    for kind in (FILLED, LOADING):
        recording.add(time * SECOND, word, "info", kind, {"key": WORDS[-1], "version": 1})


def _breakers(recording, trace, time, word):
    value = {"endpoint": word, "state": word}
    for kind in (BREAKER, PROBE):
        recording.add(time * SECOND, "n1", "info", kind, value)
    recording.add(time * SECOND, "n1", "info", STARTED, {})


def _documents(recording, trace, time, word):
    trace.add(time, "document", "n1", word, word, 1)


def _nodes(recording, trace, time, word):
    trace.add(time, "steps", "n1", [["add", word], ["link", word, word, "other"]])


TOLD = {
    "swim/members": _members,
    "saga/orders": _orders,
    "raft-lease/lease": _lease,
    "light-transactions/homes": _homes,
    "leaderless/quorums": _quorums,
    "three-phase-commit/commits": _commits,
    "write-ahead-log/disk": _disk,
    "b-tree/disk": _disk,
    "lsm-tree/levels": _levels,
    "b-tree/pages": _pages,
    "sharded-database/ranges": _ranges,
    "cache-aside/cached-versions": _caches,
    "service-calls/breakers": _breakers,
    "documents/document-versions": _documents,
    "graph/nodes": _nodes,
}
"""By system and picture: what a server does about a word."""


def told_run(folder, picture):
    """A failed run of a system, in which its servers say each of the words."""
    system, _, _ = picture.partition("/")
    recording, trace = Recording(), Tracing()
    for number, word in enumerate(WORDS):
        time = 1 + 0.01 * number
        key = word if number else WORDS[-1]
        for kind, at in (("invoke", time), ("ok", time + 0.005)):
            recording.add(at * SECOND, 0, kind, "put", [key, word])
        TOLD[picture](recording, trace, time + 0.001, word)
    trace.add(1.084, "kill", "n1")
    recording.add(1.3 * SECOND, 0, "invoke", "read", ["other", None])
    recording.add(1.3 * SECOND, 0, "ok", "read", ["other", None])
    blamed = [number for number, line in enumerate(recording.lines()) if '"put"' in line]
    found = anomaly("lost-update", WORDS[-1], blamed, key=WORDS[-1])
    verdicts = [verdict("linearizable(register)", "invalid", WORDS[-1], [found])]
    the_plan = plan(system=system)
    save(folder, recording, the_plan, verdicts)
    trace.write(folder)
    return folder
