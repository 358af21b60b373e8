"""A notice board on a distributed hash table from PyPI, kademlia: a library of others on trial.

kademlia (2.2.3; Brian Muller, MIT) is chosen because it is what this kind of testing is for and was
not written for it: pure Python over asyncio, a protocol of its own over UDP with its own timeouts,
routing tables that change with every answer that comes or doesn't. It is used as it was installed,
and as its documentation shows: listen, bootstrap once, set, get.

What the trial found:

* A node that was cut off for 5 s takes all others out of its routing table, and they take it out
  of theirs. Nobody asks again: the table is filled by answers alone, and its refresh begins with
  the neighbors that it knows. So two halves of a network never meet again, and each node says of
  what the other half has that there is no such key.
* ``set`` raises ``ValueError`` ("max() iterable argument is empty") where all neighbors turn out to
  be gone while it looks for the nearest, in place of returning False.

The first form of the board has both. The second joins again when something isn't found.
"""
