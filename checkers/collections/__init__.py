"""Collections: what was added must be there."""

from __future__ import annotations

from splitbrain.checkers.collections.full_sets import set_full

__all__ = ["set_full"]
