"""Partitioned logs and what is made of them: records keep their places, and all are polled.

>>> kafka().name
'kafka'
"""

from splitbrain.checkers.streams.message_deliveries import deliveries
from splitbrain.checkers.streams.partitioned_logs import kafka
from splitbrain.checkers.streams.publishing import published_in_order
from splitbrain.checkers.streams.rebuilding import rebuild_equals_live
from splitbrain.checkers.streams.recipients import causal_recipients
from splitbrain.checkers.streams.results import stream_results
from splitbrain.checkers.streams.views import view_consistent

__all__ = [
    "causal_recipients",
    "deliveries",
    "kafka",
    "published_in_order",
    "rebuild_equals_live",
    "stream_results",
    "view_consistent",
]
