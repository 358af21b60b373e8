"""How operations and times are put into sentences."""

from __future__ import annotations

from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.models import Model
from splitbrain.checkers.models.model import shown


def began(call: Call) -> str:
    """When an operation was invoked: ``4.870 s``, or the event if that is too early to tell."""
    return f"{call.start / 1e9:.3f} s" if _has_times(call) else f"event {call.invoke_index}"


def ended(call: Call) -> str:
    """When an operation completed."""
    if call.completed is None:
        return "a time nobody knows"
    return f"{(call.end or 0) / 1e9:.3f} s" if _has_times(call) else f"event {call.complete_index}"


def _has_times(call: Call) -> bool:
    """Whether times in milliseconds tell anything: files without times are read with tiny ones."""
    return max(call.start, call.end or 0) >= 1_000_000


def named(model: Model, call: Call) -> str:
    """An operation and whose it is: ``process 3's read → 1 (operation 17)``."""
    return f"process {call.process}'s {model.describe(call)} (operation {call.invoke_index})"


def object_name(key: Any) -> str:
    """What a register is called in a sentence."""
    return "the register" if key is None else f"key {shown(key)}"
