"""Generators: what clients do, and when. Pure values, composed by functions.

A load of reads and writes at 20 invocations a second for 10 seconds, then one read by each client:

    phases(
        time_limit(10, stagger(1 / 20, mix(repeat(reads), repeat(writes)))),
        each_client(once({"f": "read"})),
    )

`base` explains the protocol, `lift` what may stand where a generator is wanted.
"""

from splitbrain.harness.generators.base import (
    PENDING,
    Context,
    Generator,
    GeneratorError,
    Invocation,
    Liftable,
    Pending,
    Step,
)
from splitbrain.harness.generators.clients import each_client, on_clients, reserve
from splitbrain.harness.generators.independent import concurrent_keys, sequential_keys
from splitbrain.harness.generators.lifting import lift
from splitbrain.harness.generators.limits import cycle, limit, once, repeat
from splitbrain.harness.generators.lists import listed
from splitbrain.harness.generators.mixes import any_of, flip_flop, mix, weighted
from splitbrain.harness.generators.phased import phases, synchronize, then
from splitbrain.harness.generators.reactions import until_ok
from splitbrain.harness.generators.timing import delay, sleep, stagger, time_limit
from splitbrain.harness.generators.transforms import filter_, map_
from splitbrain.harness.generators.validating import validate

__all__ = [
    "PENDING",
    "Context",
    "Generator",
    "GeneratorError",
    "Invocation",
    "Liftable",
    "Pending",
    "Step",
    "any_of",
    "concurrent_keys",
    "cycle",
    "delay",
    "each_client",
    "filter_",
    "flip_flop",
    "lift",
    "limit",
    "listed",
    "map_",
    "mix",
    "on_clients",
    "once",
    "phases",
    "repeat",
    "reserve",
    "sequential_keys",
    "sleep",
    "stagger",
    "synchronize",
    "then",
    "time_limit",
    "until_ok",
    "validate",
    "weighted",
]
