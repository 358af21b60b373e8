"""Re-checking verdicts on transactions: nothing here may import what found them.

Only the lattice of models (`splitbrain.checkers.isolation.consistency`) is common to both sides,
since it says what there is to prove.
"""
