"""Partitioned logs and what is made of them: records keep their places, and all are polled.

>>> kafka().name
'kafka'
"""

from splitbrain.checkers.streams.partitioned_logs import kafka

__all__ = ["kafka"]
