"""Collections: what was added must be there."""

from __future__ import annotations

from splitbrain.checkers.collections.full_sets import set_full
from splitbrain.checkers.collections.identifiers import unique_ids
from splitbrain.checkers.collections.row_versions import version_identity
from splitbrain.checkers.collections.total_queues import total_queue

__all__ = ["set_full", "total_queue", "unique_ids", "version_identity"]
