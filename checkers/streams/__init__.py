"""Partitioned logs and what is made of them: records keep their places, and all are polled.

>>> kafka().name
'kafka'
"""

from splitbrain.checkers.streams.partitioned_logs import kafka
from splitbrain.checkers.streams.results import stream_results
from splitbrain.checkers.streams.views import view_consistent

__all__ = ["kafka", "stream_results", "view_consistent"]
