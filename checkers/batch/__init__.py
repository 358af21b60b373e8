"""Batch jobs: their output is what their input says, however often and wherever it is made.

>>> batch_output().name
'batch-output'
"""

from splitbrain.checkers.batch.combiners import combiner_law
from splitbrain.checkers.batch.joins import join_complete
from splitbrain.checkers.batch.outputs import batch_output
from splitbrain.checkers.batch.reruns import batch_deterministic, partition_invariant, rerun_equal

__all__ = [
    "batch_deterministic",
    "batch_output",
    "combiner_law",
    "join_complete",
    "partition_invariant",
    "rerun_equal",
]
