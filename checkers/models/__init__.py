"""Models: sequential specifications of the objects that systems claim to be."""

from __future__ import annotations

from collections.abc import Callable

from checkers.models.keys import KeyPart, looks_keyed, split
from checkers.models.kv import KeyValue, kv
from checkers.models.model import Adaptive, Model, ModelError, Overwriting, State, Step
from checkers.models.registers import Register, cas_register, register

MODELS: dict[str, Callable[..., Model]] = {
    "register": register,
    "cas-register": cas_register,
    "kv": kv,
}
"""The models that linearizability is checked against, by name; values make one from its options."""

__all__ = [
    "MODELS",
    "Adaptive",
    "KeyPart",
    "KeyValue",
    "Model",
    "ModelError",
    "Overwriting",
    "Register",
    "State",
    "Step",
    "cas_register",
    "kv",
    "looks_keyed",
    "register",
    "split",
]
