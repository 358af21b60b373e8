"""Placing keys on nodes so that few move when a node comes or goes.

The problem (DDIA chapter 6, "Strategies for Rebalancing Partitions"): a key must be found by anyone
who knows the nodes, without a table of all keys. ``hash(key) mod n`` does that, and moves nearly
all keys when n changes (PART-03); a hash that differs from process to process has no two of them
agree (PART-04).

==============  ===============================  ===================================================
``ring``        consistent hashing with          a node takes the arcs before its points; many
                virtual nodes, bounded loads     points a node even them out
``rendezvous``  highest random weight            each key ranks all nodes by a hash of both; no
                                                 state, and time in proportion to the nodes
``jump``        jump consistent hashing          no state at all and perfectly even; nodes are
                                                 numbered, and only the last may go
``summary``     the ring as sketched             3 points a node, and a hash that puts names which
                                                 are alike side by side (PART-07)
==============  ===============================  ===================================================

What a placement owes is told by `splitbrain.checkers.invariants.placement`: nothing moves but to or
from the node that came or went, and no node has much more than its share.

Sources: Karger et al., "Consistent Hashing and Random Trees", STOC 1997; Thaler and Ravishankar,
"Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM Transactions on Networking 6(1), 1998;
Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014; Mirrokni, Thorup and
Zadimoghaddam, "Consistent Hashing with Bounded Loads", SODA 2018.

The leaderless store places its keys by rendezvous hashing. Two systems are here: ``ring_store``, a
set on a ring whose nodes come and go, and ``database``, whose ranges of keys split, merge and move
while it is used.
"""
