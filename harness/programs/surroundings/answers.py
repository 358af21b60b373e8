"""What an unmodified program is told of time, randomness and identity: what its host knows.

Answers are by the names under which `splitbrain.harness.simulation.wires` guards the functions of
`time`, `random`, `secrets`, `uuid`, `os` and `asyncio`, so they hold wherever a module has a
function under a name of its own.
"""

from __future__ import annotations

import random
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import outcome

from splitbrain.harness.simulation import wires
from splitbrain.harness.simulation.incarnation import Incarnation
from splitbrain.harness.simulation.trio_hooks import THREAD_STARTER

_FIRST_PROCESS = 100
"""The number of a host's first process; each restart has the next."""

_PARENT = 1
"""The number of who starts it: the first process of a machine."""

Answers = dict[str, Callable[..., Any] | None]


def answers_of(process: Incarnation) -> Answers:
    """What a process is told, by the name of the function as `wires` tells it."""
    return {
        **_of_time(process),
        **_of_randomness(process),
        **dict.fromkeys(f"asyncio.{name}()" for name in wires.ASYNCIO),
        "os.getpid()": lambda: _FIRST_PROCESS + process.number,
        "os.getppid()": lambda: _PARENT,
        f"{THREAD_STARTER[0].__name__}.{THREAD_STARTER[1]}()": _in_place,
    }


def _of_time(process: Incarnation) -> Answers:
    wall, monotonic = process.clock.time, process.clock.monotonic

    def nanoseconds(clock: Callable[[], float]) -> Callable[[], int]:
        return lambda: round(clock() * 1e9)

    found: Answers = {
        "time.time()": wall,
        "time.time_ns()": nanoseconds(wall),
        "time.gmtime()": lambda: _gmtime(wall()),
        "time.localtime()": lambda: _gmtime(wall()),
        "time.ctime()": lambda: time.asctime(_gmtime(wall())),
        "time.asctime()": lambda: time.asctime(_gmtime(wall())),
        "time.strftime()": lambda form: time.strftime(form, _gmtime(wall())),
    }
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        found[f"time.{name}()"] = monotonic
        found[f"time.{name}_ns()"] = nanoseconds(monotonic)
    real_time = {time.CLOCK_REALTIME: wall}
    found["time.clock_gettime()"] = lambda clock: real_time.get(clock, monotonic)()
    found["time.clock_gettime_ns()"] = lambda clock: round(real_time.get(clock, monotonic)() * 1e9)
    return found


_gmtime = time.gmtime


def _of_randomness(process: Incarnation) -> Answers:
    dice = process.random
    system = random.SystemRandom

    def seeded(generator: random.Random, *nothing: Any) -> None:
        _init(generator, dice.getrandbits(64))

    def random_bytes(size: int | None = None, *flags: int) -> bytes:
        return dice.randbytes(32 if size is None else size)

    def token_hex(size: int | None = None) -> str:
        return random_bytes(size).hex()

    def token_urlsafe(size: int | None = None) -> str:
        return urlsafe_b64encode(random_bytes(size)).rstrip(b"=").decode("ascii")

    def uuid4() -> uuid.UUID:
        return uuid.UUID(int=dice.getrandbits(128), version=4)

    found: Answers = {f"random.{name}()": getattr(dice, name) for name in wires.RANDOM}
    return found | {
        "Random.__init__()": seeded,
        f"{system.__name__}.random()": lambda self: dice.random(),
        f"{system.__name__}.getrandbits()": lambda self, bits: dice.getrandbits(bits),
        "secrets.choice()": dice.choice,
        "secrets.randbelow()": dice.randrange,
        "secrets.randbits()": dice.getrandbits,
        "secrets.token_bytes()": random_bytes,
        "secrets.token_hex()": token_hex,
        "secrets.token_urlsafe()": token_urlsafe,
        "uuid.uuid1()": lambda *arguments, **named: uuid4(),
        "uuid.uuid4()": uuid4,
        "os.urandom()": random_bytes,
        "os.getrandom()": random_bytes,
    }


_init = random.Random.__init__


def _in_place(action: Callable[[], Any], deliver: Callable[[Any], Any], name: Any = None) -> None:
    """What trio's threads do, done at once by the caller: `trio.to_thread` works, in turn."""
    deliver(outcome.capture(action))
