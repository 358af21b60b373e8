"""Leader-follower replication: one leader writes, the others follow (DDIA chapter 5).

`reference` is the system done properly, `summary` the sketch with its weaknesses, `bugs` the
reference with one decision wrong.
"""
