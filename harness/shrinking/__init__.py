"""Making a failing plan smaller, for as long as it fails in the same way.

What shrinks is the explicit plan, never a seed or a sequence of choices: the recorded run's
operations are listed in it first, then

1. faults, operations and the micro-operations of transactions go, in chunks and then one by one
   (delta debugging: Zeller and Hildebrandt, IEEE TSE 2002); so do nodes and clients that nothing
   needs any more, and faults that wait for something wait for less of it (`removal`);
2. what is left becomes simpler (`simpler`): settings as they are by default, times earlier, all
   together and then each by itself, values small.

Each step goes down in one order of plans (`measure`), so the descent ends; what matters less to a
reader comes later in that order, and later in the descent.

Every timing after a change is another, so a smaller plan may fail under another environment only: a
candidate counts as failing if any of a few *re-rolled* seeds fails with the same signature, and
is then kept with that seed. The result is therefore always a plan that fails by itself, in one
run. At first one environment a candidate is enough, and cheaper, until nothing
goes in it any more: most failures fail in it if they fail at all. Times are the exception. Pulled
together in one lucky environment they soon fit that one only; so a failure that came in all of them
has to come in all of them with its times changed, too. Before that, the time in which nothing
happens is cut off as soon as most of the operations are, and with it what all other runs cost.

Candidates are run in their order, the next few already meanwhile by other processes (`trials`);
what is found does not depend on how many there are.

Then each remaining fault is taken away once more, under more re-rolls: if one of them fails, it
goes. Finally the small plan is run under other schedules, with each fault and without, and the
figures are told (`chances`).
"""

from __future__ import annotations

from splitbrain.harness.shrinking.chances import Chance, Necessity
from splitbrain.harness.shrinking.descent import REROLLS, Progress, listed_operations, shrink
from splitbrain.harness.shrinking.shrunk import NotReproduced, Shrunk

__all__ = [
    "REROLLS",
    "Chance",
    "Necessity",
    "NotReproduced",
    "Progress",
    "Shrunk",
    "listed_operations",
    "shrink",
]
