"""Plans on real processes: the same programs over TCP, real files and real clocks.

harness: clients, nemesis ── switch ══ TCP ══ n1   each server a process of this Python,
             │                        ╠═════ n2   forked by the keeper, its files in a
             └── keeper ── fork, signals     ...  directory of its own
"""
