"""Which of several things that went wrong in one run tells most about why.

A lost write makes replicas differ, two leaders lose writes, a crashed node answers nobody: what
comes first in this order is told first, and gives the run's failure its name
(`splitbrain.harness.runs.running.Run.signature`). The others are told beside it.

1. what was acknowledged is lost;
2. an answer was wrong: nonlinearizable, any anomaly of isolation, a broken invariant. Kinds that
   this table does not know, such as those of users' own checkers, are here;
3. servers decided differently: two leaders in a term, a transaction both committed and aborted; or
   one gave an answer that was old, whether or not anybody can have seen that;
4. replicas that differ in the end;
5. a node's own code failed;
6. nothing wrong was said, but too little, or the system never comes to rest, or does more and more.

What a user of the system sees comes before what explains it, since no answer excuses it; a cause
comes before what follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from splitbrain.checkers.verdict import INVALID, Verdict


class Tells(IntEnum):
    """What an invalid verdict tells; the smaller, the more."""

    LOSS = 1
    ANSWER = 2
    DECISION = 3
    DIVERGENCE = 4
    CRASH = 5
    STANDSTILL = 6


KINDS = {
    "lost": Tells.LOSS,
    "lost-work": Tells.LOSS,
    "two-leaders": Tells.DECISION,
    "split-decision": Tells.DECISION,
    "two-owners": Tells.DECISION,
    "stale-answer": Tells.DECISION,
    "diverged": Tells.DIVERGENCE,
    "node-died": Tells.CRASH,
    "tripwire": Tells.CRASH,
    "run-stopped": Tells.CRASH,
    "no-progress": Tells.STANDSTILL,
    "endless-repair": Tells.STANDSTILL,
    "silent-server": Tells.STANDSTILL,
    "message-storm": Tells.STANDSTILL,
    "unstable-leadership": Tells.STANDSTILL,
    "restless-ranges": Tells.STANDSTILL,
    "inbox-growth": Tells.STANDSTILL,
    "memory-growth": Tells.STANDSTILL,
    "disk-growth": Tells.STANDSTILL,
    "needless-elections": Tells.STANDSTILL,
    "message-cost-growth": Tells.STANDSTILL,
    "latency-growth": Tells.STANDSTILL,
    "disk-cost-growth": Tells.STANDSTILL,
    "memory-cost-growth": Tells.STANDSTILL,
}
"""By kind of anomaly; all others are answers."""


def tells(verdict: Verdict) -> Tells:
    """What an invalid verdict tells, by its first anomaly, which is its worst."""
    kind = verdict.anomalies[0].kind
    return KINDS.get(kind, Tells.ANSWER)


def most_telling(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts, invalid ones first and the most telling first of these; else as they were."""
    given = list(verdicts)
    invalid = [verdict for verdict in given if verdict.validity is INVALID]
    others = [verdict for verdict in given if verdict.validity is not INVALID]
    return [*sorted(invalid, key=tells), *others]
