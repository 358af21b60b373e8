"""Values told apart by their types: 1, 1.0 and true are equal in Python, but three in a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.checkers.verdict import Anomaly

_OTHERS = (bool, float)


def typed(value: Any) -> Any:
    """Data in which booleans and fractions come with the name of their type, and equal no other."""
    if type(value) in _OTHERS:
        return (type(value).__name__, value)
    if isinstance(value, list | tuple):
        return [typed(part) for part in value]
    if isinstance(value, Mapping):
        return {name: typed(part) for name, part in value.items()}
    return value


def typed_anomaly(anomaly: Anomaly) -> Anomaly:
    """An anomaly whose evidence quotes typed values."""
    return replace(anomaly, details=typed(anomaly.details))


def typed_call(call: Call) -> Call:
    """A transaction with typed keys and values; itself if it has none but others."""
    if not _has_others(call.argument) and not _has_others(call.result or ()):
        return call
    return replace(call, argument=typed(call.argument), result=typed(call.result))


def _has_others(micros: Any) -> bool:
    for _, key, value in micros:
        if type(key) in _OTHERS or type(value) in _OTHERS:
            return True
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list | tuple) and any(type(part) in _OTHERS for part in value):
            return True
    return False
