"""Partitioned logs and what is made of them: records keep their places, and all are polled.

>>> kafka().name
'kafka'
"""

from splitbrain.checkers.streams.partitioned_logs import kafka
from splitbrain.checkers.streams.results import stream_results

__all__ = ["kafka", "stream_results"]
