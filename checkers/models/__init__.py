"""Models: sequential specifications of the objects that systems claim to be."""

from __future__ import annotations

from collections.abc import Callable

from splitbrain.checkers.models.counters import Counter, counter
from splitbrain.checkers.models.keys import KeyPart, looks_keyed, split
from splitbrain.checkers.models.locks import (
    FencedLock,
    Mutex,
    Semaphore,
    fenced_lock,
    mutex,
    semaphore,
)
from splitbrain.checkers.models.logs import Log, log
from splitbrain.checkers.models.model import (
    Adaptive,
    Discerning,
    Enumerable,
    Model,
    ModelError,
    Overwriting,
    Rephrasing,
    State,
    Step,
    Unconditional,
)
from splitbrain.checkers.models.multi_registers import MultiRegister, multi_register
from splitbrain.checkers.models.own_models import OwnModel, own
from splitbrain.checkers.models.queues import (
    PriorityQueue,
    Queue,
    Stack,
    priority_queue,
    queue,
    stack,
)
from splitbrain.checkers.models.registers import Register, cas_register, register
from splitbrain.checkers.models.replaying import Replay, replay
from splitbrain.checkers.models.sets import Set, a_set
from splitbrain.checkers.models.sticky_registers import StickyRegister, sticky_register
from splitbrain.checkers.models.stores import KeyValue, kv

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
    "semaphore": semaphore,
    "fenced-lock": fenced_lock,
    "log": log,
    "sticky-register": sticky_register,
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
    "Rephrasing",
    "Replay",
    "Semaphore",
    "Set",
    "Stack",
    "State",
    "Step",
    "StickyRegister",
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
    "semaphore",
    "split",
    "stack",
    "sticky_register",
]
