"""Stores on a disk: what was acknowledged survives, whole, in order, and unaltered."""

from __future__ import annotations

from splitbrain.checkers.storage.batches import atomic_batch
from splitbrain.checkers.storage.corruption import detects_corruption
from splitbrain.checkers.storage.damage import damage_is_real
from splitbrain.checkers.storage.hiding import (
    durable,
    no_resurrection,
    prefix_durable,
    read_durable,
)
from splitbrain.checkers.storage.structures import structure

__all__ = [
    "atomic_batch",
    "damage_is_real",
    "detects_corruption",
    "durable",
    "no_resurrection",
    "prefix_durable",
    "read_durable",
    "structure",
]
