"""Tests of a user's own system: `simulate` turns a function of a plan into an ordinary test.

What it makes is in `simulated`, what happens when such a test is called in `trying`, and what the
command line of pytest has to do with it in `pytest_plugin`.
"""

from __future__ import annotations

from splitbrain.harness.testing.decorator import (
    Inconclusive,
    Settings,
    Violation,
    settings,
    simulate,
)

__all__ = ["Inconclusive", "Settings", "Violation", "settings", "simulate"]
