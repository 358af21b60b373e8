"""Words of a history that several floors write or read: events of the nemesis and of nodes.

An event of the nemesis is ``phase``, with one of `PHASES` as its value, or a fault's kind. A node
announces what it likes; these announcements have a meaning to checkers and reports.
"""

from __future__ import annotations

PHASE = "phase"
"""An event of the nemesis: the run enters another phase."""

LOAD, HEAL, SETTLE, FINAL, DONE = "load", "heal", "settle", "final", "done"
PHASES = (LOAD, HEAL, SETTLE, FINAL, DONE)
"""The phases of a run, in their order: see `splitbrain.harness.runs.running`."""

LEADER = "leader"
"""A node announces that it leads: ``{"term": 3}``; no two may lead in one term."""

DIED = "died"
"""The world announces that a node's code raised what nobody caught: ``{"error": text, "traceback":
lines, "last": what the node did before}``."""

TRIPWIRE = "tripwire"
"""The world announces that a node did what none may, whether or not its code caught the error that
it was given; its value is that of `DIED`, with ``"stopped": true`` if the run ended there because
of real time or memory."""

INVARIANT = "invariant"
"""The harness announces for a server that it broke an invariant of its system, and the run ended
there: ``{"invariant": name, "said": what, "state": what was seen}``; or that what watches them
failed: ``{"failed": error, "traceback": lines}``."""

STALE_ANSWER = "stale-answer"
"""The invariant that a server broke which answered a query from an older state than another server
had when the query came."""

GOALS = "goals"
"""The harness records at the end what was to come true at some moment (`sometimes`): ``{"reached":
{name: seconds}, "missed": [names]}``."""

CHANGE, TRANSFER = "change-members", "hand-over"
"""Operations on the cluster, not on its data: who is a member, and who leads."""

MOVE, SPLIT, MERGE = "move-range", "split-range", "merge-range"
"""Likewise: which server has which range of keys, and where ranges end."""

ADD_MEMBER, REMOVE_MEMBER, REPLACE_MEMBER = "add-member", "remove-member", "replace-member"
"""Operations of operators: a server becomes a member, is one no longer, takes another's place."""

CHANGES = frozenset(
    {CHANGE, TRANSFER, MOVE, SPLIT, MERGE, ADD_MEMBER, REMOVE_MEMBER, REPLACE_MEMBER}
)
"""All of these."""

OWNS = "owns"
"""A server announces which ranges of keys it answers for from now on: ``{"ranges": [[low, high],
...]}``, ``high`` null for no end; no two may answer for a key."""

PLACEMENT = "placement"
"""A server announces how it places a sample of keys: ``{"members": names, "copies": n, "owners":
{key: [owners]}}``."""

REPAIR = "repair"
"""A server announces that it sends another one what that seems to lack: ``{"to": server, "cells":
how many}``."""

REBALANCE = "rebalance"
"""A server announces that it moves a range of its own accord: ``{"from": server, "to": server,
"ranges": {server: how many}}``."""

LOG_START = "log-start"
"""A server announces that it forgets the oldest records of some logs: ``{"keys": names, "start":
offset of the first that stays, "epoch": number of its leadership, "keeps": how many stay for
sure}``."""

REPLICA_STATE = "replica-state"
"""An operation: what the server of this name itself holds; completes with ``[name, state]``."""

NOT_OF_DATA = frozenset({*CHANGES, REPLICA_STATE})
"""Operations that checkers of data pass over."""

REST = "rest"
"""An event of the nemesis: what was measured of servers that are left alone; see
`splitbrain.checkers.invariants.resting`."""

COST = "cost"
"""An event of the nemesis: what was measured of servers under an undisturbed load; see
`splitbrain.checkers.invariants.costs`."""

TRAFFIC = "traffic"
"""An event of the nemesis, where messages take real time: how many had been sent when the load
ended, by who sent them to whom."""

TIMED_OUT = "timed out after"
"""How the error of an operation begins that nobody answered in time."""

BEHIND = "what the client has seen is not here"
"""What the error of an operation tells that was refused for the sake of its client's session: the
server lacks what the client was shown elsewhere."""

ASKED = "asked"
"""In the effect of a fault: where in the history the operations begin that it asked for."""

MEMBER_DEAD = "member.dead"
"""The fault that leaves a server dead for good."""

ANSWERS = "answers"
"""An event of the nemesis: what each server did when it was asked in the end, by its name: one of
these."""

ANSWERED, REFUSED, SILENT, GONE = "ok", "refused", "silent", "gone"
