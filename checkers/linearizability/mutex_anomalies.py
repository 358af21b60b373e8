"""Why a mutex's history is not linearizable, by counting.

Acquires and releases alternate in every order. So at no moment can more acquires have completed
than releases have begun, and one; nor more releases have completed than acquires have begun. Which
of the holders is wrong nobody can tell, and a window can be long: each acquire that waits may take
the place of an earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence

from splitbrain.checkers.history import Call
from splitbrain.checkers.linearizability.wording import ended


def counted(calls: Sequence[Call]) -> tuple[str, str] | None:
    """The anomaly's name and a sentence, if counting shows that there is no order.

    Args:
        calls: of one mutex, in order of invocation.
    """
    events = [(call.invoked, False, call) for call in calls if call.outcome != "fail"]
    events += [
        (call.completed, True, call)
        for call in calls
        if call.outcome == "ok" and call.completed is not None
    ]
    begun, done = {"acquire": 0, "release": 0}, {"acquire": 0, "release": 0}
    for _, completes, call in sorted(events, key=lambda event: event[0]):
        (done if completes else begun)[call.f] += 1
        if done["acquire"] > begun["release"] + 1:
            return (
                "held-twice",
                f"{done['acquire']} acquires had completed at {ended(call)}, when only "
                f"{begun['release']} releases had begun, so it was held twice at once",
            )
        if done["release"] > begun["acquire"]:
            return (
                "released-twice",
                f"{done['release']} releases had completed at {ended(call)}, when only "
                f"{begun['acquire']} acquires had begun, so one released what was not held",
            )
    return None
