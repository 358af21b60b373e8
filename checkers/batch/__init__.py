"""Batch jobs: their output is what their input says.

>>> batch_output().name
'batch-output'
"""

from splitbrain.checkers.batch.outputs import batch_output

__all__ = ["batch_output"]
