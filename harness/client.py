"""What became of an operation, told by how the client's code ended.

A client is ordinary code that talks to the system under test. It returns, or it raises:

===========================  ==========  =============================================
the client                   outcome     because
===========================  ==========  =============================================
returns                      ``ok``      it happened
raises `Definite`            ``fail``    it certainly did not happen, and never will
anything else, or no answer  ``info``    nobody knows; it may still take effect
===========================  ==========  =============================================

Doubt is the default: timeouts, lost connections and exceptions nobody thought of are all ``info``,
because recording "failed" for a write that later shows up would accuse a correct system. The one
exception is an *idempotent* operation, one that changes nothing, such as a read: whether it
happened makes no difference to anyone, so it is ``fail`` and its process may go on (as in
Maelstrom's and Jepsen's ``with-errors``).
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import trio

from splitbrain.checkers.history.operation import FAIL, INFO, OK
from splitbrain.checkers.vocabulary import TIMED_OUT
from splitbrain.harness.error_text import without_addresses
from splitbrain.harness.node import Message, Node

TIMEOUT_S = 2.0
"""How long an operation may take unless the run says otherwise, in virtual seconds."""

Perform = Callable[[Any, str, Any], Awaitable[Any]]
"""Does an operation through a client: ``await perform(client, f, value)`` is the result's value."""


class Definite(Exception):
    """The operation certainly did not happen and never will: it is recorded as ``fail``.

    One that comes out of a nursery, inside an exception group, counts as doubt: of the nursery's
    other tasks some may have had an effect. Raise it after the nursery instead.
    """


class Indefinite(Exception):
    """The operation may or may not have happened: it is recorded as ``info``.

    Any other exception means the same; this one says that the client's author thought of it.
    """


# What Python itself raises when code is wrong. A subclass defined by some library
# (json.JSONDecodeError, a database's KeyNotFound) is that library's answer, not a bug.
_PROGRAMMING_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    NotImplementedError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)

# Those of them that no answer of a server excuses: the client cannot have been tried.
_BROKEN = (
    AttributeError,
    ImportError,
    NameError,
    NotImplementedError,
    SyntaxError,
    TypeError,
)

_FRAMES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation ended.

    Attributes:
        type: ``ok``, ``fail`` or ``info``: the type of the completion to record.
        value: the result if ``ok``, the invocation's own value otherwise.
        error: why it is not ``ok``; None if it is.
        bug: True if the client's code (or what it called) is itself wrong: it raised a
            `TypeError`, say. Such an operation is still recorded, but the run should say so.
        broken: True if no answer of a server excuses that: a name or attribute that there isn't, or
            a call with the wrong arguments. Whatever the checkers say, a run with such a client is
            not valid.
    """

    type: str
    value: Any
    error: str | None = None
    bug: bool = False
    broken: bool = False


async def invoke(
    perform: Perform,
    client: Any,
    f: str,
    value: Any,
    *,
    timeout_s: float = TIMEOUT_S,
    idempotent: bool = False,
) -> Outcome:
    """Perform one operation and say what became of it; never raises what the client raises.

    `NodeDead`, cancellation from outside, and other `BaseException`s propagate: then the operation
    has no outcome, and stays open in the history.

    Args:
        perform: the workload's dispatch onto the client's methods.
        client: the client to perform it with.
        f: what to do.
        value: its argument.
        timeout_s: seconds on the client's own clock until it is given up.
        idempotent: True if the operation changes nothing, so that doubt about it may be ``fail``.
    """
    doubt = FAIL if idempotent else INFO
    # The scope is inside: when it cancels a nursery of the client's, whose other tasks then raise,
    # what is left of their exception group comes out of the scope, not of the call.
    try:
        with trio.move_on_after(timeout_s):
            return Outcome(OK, await perform(client, f, value))
    except Definite as error:
        return Outcome(FAIL, value, str(error) or "definite failure")
    except Exception as error:  # noqa: BLE001 - doubt is the default, whatever was raised
        broken = _is_broken(error)
        bug = broken or _is_bug(error)
        text = _describe(error, with_place=bug)
        return Outcome(doubt, value, text, bug=bug, broken=broken)
    return Outcome(doubt, value, f"{TIMED_OUT} {timeout_s:g} s")


async def request(node: Node, server: str, *message: Any, identity: int | None = None) -> Message:
    """Ask a server and wait for its answer, however long it takes.

    Sends ``("request", id, *message)`` once; the server answers ``("reply", id, *answer)``.
    Whatever else arrives meanwhile, such as a late answer to a request given up, is dropped, so a
    client has one request open at a time. To give up, put a timeout around it.

    Args:
        identity: the id, that of an earlier attempt whose late answer is as good; drawn if None.

    Returns:
        The answer, without ``"reply"`` and the id. Any server may have sent it.
    """
    if identity is None:
        identity = node.random.getrandbits(63)
    node.network.send(server, ("request", identity, *message))
    while True:
        _sender, reply = await node.network.receive()
        if reply[:2] == ("reply", identity):
            return tuple(reply[2:])


def _is_bug(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_is_bug(part) for part in error.exceptions)
    return isinstance(error, _PROGRAMMING_ERRORS) and type(error).__module__ == "builtins"


def _is_broken(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_is_broken(part) for part in error.exceptions)
    return isinstance(error, _BROKEN) and type(error).__module__ == "builtins"


def _describe(error: BaseException, *, with_place: bool) -> str:
    """One line, the same in every run: memory addresses would differ, so they go."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(_describe(part, with_place=with_place) for part in error.exceptions)
    text = " ".join(str(error).split())
    name = type(error).__name__
    line = text if isinstance(error, Indefinite) and text else f"{name}: {text}" if text else name
    if with_place and (place := _place(error)):
        line = f"{line} ({place})"
    return without_addresses(line)


def _place(error: BaseException) -> str:
    """Where it was raised, innermost last, without this file's own frame and without folders."""
    frames = [
        f"{os.path.basename(frame.filename)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__
    ]
    return " > ".join(frames[-_FRAMES_SHOWN:])
