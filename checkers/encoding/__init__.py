"""Encodings that evolve: what was written is read, whatever version of the code does either.

>>> round_trip().name, unknown_fields_preserved().name
('round-trip', 'unknown-fields-preserved')
"""

from splitbrain.checkers.encoding.records import round_trip, unknown_fields_preserved
from splitbrain.checkers.encoding.registrations import schema_compatible

__all__ = ["round_trip", "schema_compatible", "unknown_fields_preserved"]
