"""Clocks that order events (chapters 8 and 9): a library, which any system may use.

The problem (DDIA chapter 8, "Unreliable Clocks"): no two machines show the same time, and what a
clock shows may jump. Which of two events came first can't be told from the times that two machines
noted. What can be told is what an event *may have been caused by*: the events before it on its own
node, and those before a message that reached it (Lamport's "happened before").

===============  ==============================  ===================================================
``lamport``      a number and a node's name      an event has a greater stamp than all that happened
                                                 before it; stamps order all events, concurrent
                                                 ones too, which is then no causality (CON-24)
``vectors``      by actor, how many events       happened before *if and only if* smaller; grows
                                                 with the actors
``hybrid``       time of day, and a number       a Lamport clock that stays close to the time of day
                 within it                       as long as the nodes' clocks stay close to another
``intervals``    between when and when it is     two intervals that don't overlap *are* in order, if
                                                 the bounds on drift hold; nothing else is told
===============  ==============================  ===================================================

Stamps are named tuples or tuples, so they can be sent and kept as they are.

Sources: Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", Communications
of the ACM 21(7), 1978; Mattern, "Virtual Time and Global States of Distributed Systems", 1989, and
Fidge, 1988; Kulkarni, Demirbas, Madeppa, Avva and Leone, "Logical Physical Clocks and Consistent
Snapshots in Globally Distributed Databases", OPODIS 2014; Corbett et al., "Spanner: Google's
Globally-Distributed Database", OSDI 2012, section 3; Cristian, "Probabilistic Clock
Synchronization", Distributed Computing 3, 1989.
"""
