"""Entries of the checkers of stores."""

from __future__ import annotations

from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.storage import recheck
from splitbrain.checkers.storage.batches import atomic_batch
from splitbrain.checkers.storage.corruption import detects_corruption
from splitbrain.checkers.storage.damage import NAME as DAMAGE
from splitbrain.checkers.storage.damage import damage_is_real
from splitbrain.checkers.storage.hiding import (
    durable,
    no_resurrection,
    prefix_durable,
    read_durable,
)
from splitbrain.checkers.storage.structures import structure

DURABLE = CheckerEntry(
    "durable", durable, "no acknowledged put of a store is lost", verify=recheck.verify_hidden
)
NO_RESURRECTION = CheckerEntry(
    "no-resurrection",
    no_resurrection,
    "what a store deleted does not come back",
    verify=recheck.verify_hidden,
)
READ_DURABLE = CheckerEntry(
    "read-durable",
    read_durable,
    "what a store has shown stays, acknowledged or not",
    verify=recheck.verify_hidden,
)
PREFIX_DURABLE = CheckerEntry(
    "prefix-durable",
    prefix_durable,
    "a scan of a store shows the first operations, without a hole",
    verify=recheck.verify_hidden,
)
ATOMIC_BATCH = CheckerEntry(
    "atomic-batch",
    atomic_batch,
    "a batch of writes is seen whole or not at all",
    verify=recheck.verify_torn,
)
DETECTS_CORRUPTION = CheckerEntry(
    "detects-corruption",
    detects_corruption,
    "a store returns nothing that nobody wrote",
    verify=recheck.verify_corrupt,
)
STRUCTURE = CheckerEntry(
    "structure",
    structure,
    "a store finds nothing wrong with its own files",
    verify=recheck.verify_structure,
)
DAMAGE_IS_REAL = CheckerEntry(
    DAMAGE, damage_is_real, "a store reports damage only where a disk may have done some"
)
