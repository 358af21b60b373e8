"""Models: sequential specifications of the objects that systems claim to be."""

from __future__ import annotations

from collections.abc import Callable

from checkers.models.counter import Counter, counter
from checkers.models.keys import KeyPart, looks_keyed, split
from checkers.models.kv import KeyValue, kv
from checkers.models.locks import FencedLock, Mutex, fenced_lock, mutex
from checkers.models.log import Log, log
from checkers.models.model import (
    Adaptive,
    Discerning,
    Enumerable,
    Model,
    ModelError,
    Overwriting,
    State,
    Step,
    Unconditional,
)
from checkers.models.multi_register import MultiRegister, multi_register
from checkers.models.own import OwnModel, own
from checkers.models.queues import (
    PriorityQueue,
    Queue,
    Stack,
    priority_queue,
    queue,
    stack,
)
from checkers.models.registers import Register, cas_register, register
from checkers.models.replay import Replay, replay
from checkers.models.sets import Set, a_set

MODELS: dict[str, Callable[..., Model]] = {
    "register": register,
    "cas-register": cas_register,
    "multi-register": multi_register,
    "kv": kv,
    "set": a_set,
    "queue": queue,
    "stack": stack,
    "priority-queue": priority_queue,
    "counter": counter,
    "mutex": mutex,
    "fenced-lock": fenced_lock,
    "log": log,
}
"""The models that linearizability is checked against, by name; values make one from its options."""

__all__ = [
    "MODELS",
    "Adaptive",
    "Counter",
    "Discerning",
    "Enumerable",
    "FencedLock",
    "KeyPart",
    "KeyValue",
    "Log",
    "Model",
    "ModelError",
    "MultiRegister",
    "Mutex",
    "Overwriting",
    "OwnModel",
    "PriorityQueue",
    "Queue",
    "Register",
    "Replay",
    "Set",
    "Stack",
    "State",
    "Step",
    "Unconditional",
    "a_set",
    "cas_register",
    "counter",
    "fenced_lock",
    "kv",
    "log",
    "looks_keyed",
    "multi_register",
    "mutex",
    "own",
    "priority_queue",
    "queue",
    "register",
    "replay",
    "split",
    "stack",
]
