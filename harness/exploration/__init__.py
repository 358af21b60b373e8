"""All schedules and crash points of a small run with at most k deviations: a bounded proof.

A run without faults is one schedule, the *base*: its seed says how long messages, fsyncs and
timeouts take. A *deviation* from it is one of

* `LATE`: something that happens to a host (a message arrives, a timer fires, an fsync ends) happens
  only after the next thing that happens to the same host;
* `CRASH`: a server loses power, with all that it has not synced, right after something happened to
  it, and starts again a moment later.

Every run with at most k deviations is made, shortest first: the deviations of a run say at which
*positions* (events are counted as they happen) they come; a run is extended behind its last one, so
each set of deviations comes once (delay-bounded scheduling: Emmi, Qadeer and Rakamarić, POPL 2011).

**Partial-order reduction.** The order of events of different hosts is never varied for its own
sake: a host's code sees its own events only, so two orders of independent events are one run
(Mazurkiewicz, 1977; Godefroid, Partial-Order Methods, 1996). Nor is a crash tried after an event of
another host. All clients count as one host, since who was first among them is what histories tell.

**What "none of N fails" says**: of this program (operations, servers, seed, settings) no schedule
with at most k deviations fails. It says nothing of more deviations, of other draws of the nodes'
own randomness, of the order of tasks within one step of a node, of lost messages, and of what
happens after the load.
"""

from __future__ import annotations

CRASH, LATE = "crash", "late"
"""The kinds of deviations."""
