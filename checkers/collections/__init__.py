"""Collections: what was added must be there."""

from __future__ import annotations

from checkers.collections.set_full import set_full

__all__ = ["set_full"]
