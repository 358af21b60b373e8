"""A debugger that opens inside a node, at a moment of a run that is repeated."""

from __future__ import annotations

import pdb
import sys
from bdb import BdbQuit
from collections.abc import Mapping
from types import FrameType
from typing import Any

from splitbrain.harness.ground import World
from splitbrain.harness.plan import InvalidPlan, parse_seconds
from splitbrain.harness.programs.factory import Running
from splitbrain.harness.programs.insides import is_own
from splitbrain.harness.runs.interruption import CtrlC


class DebuggerLeft(CtrlC):
    """Somebody left the debugger with ``q`` or the end of its input: the run ends, as by Ctrl-C."""


class Stop:
    """Where to stop: ``n2@6.669s``, which is when that node's code first runs from then on.

    Attributes:
        node: the node's name.
        at: the moment, in seconds.
        opened: whether it has stopped there.
    """

    def __init__(self, text: str) -> None:
        """Read where to stop.

        Raises:
            InvalidPlan: it is of another form.
        """
        node, sign, moment = text.partition("@")
        if not sign or not node:
            raise InvalidPlan(f"--pdb {text!r}: give a node and a time: n2@6.669s")
        self.node, self.at = node, parse_seconds(moment, "--pdb")
        self.opened = False

    def begin(self, world: World, servers: Mapping[str, Any]) -> None:
        """Wait for the moment.

        Raises:
            InvalidPlan: the run has no such node.
        """
        known = (*world.servers, *getattr(world, "clients", ()))
        if self.node not in known:
            names = ", ".join(known)
            raise InvalidPlan(f"--pdb: there is no node {self.node}: the run has {names}")
        world.at(self.at, self._wait, world, servers)

    def _wait(self, world: World, servers: Mapping[str, Any]) -> None:
        """From now on look at each piece of code that begins or goes on, until it is the node's."""

        def entered(frame: FrameType, event: str, argument: Any) -> Any:
            current = getattr(world, "current", None)
            there = current is not None and current.name == self.node
            return on_line if there and _is_a_nodes(frame, servers.get(self.node)) else None

        def on_line(frame: FrameType, event: str, argument: Any) -> Any:
            if event != "line":  # it only passes on what somebody else waits for
                return on_line
            # What is printed in a node's turn goes into the trace: the debugger talks past that.
            terminal = getattr(sys.stdout, "real", sys.stdout)
            self.opened = True
            debugger = _Debugger(stdout=terminal, nosigint=True, readrc=False)
            debugger.message(
                f"{world.now:.6f} s, {self.node}; c goes on, q ends the run, p NAME shows a name"
            )
            debugger.set_trace(frame)
            return debugger.trace_dispatch(frame, event, argument)

        sys.settrace(entered)


class _Debugger(pdb.Pdb):
    """One whose end is that of the run, not an error of the node's code that happens to run."""

    def trace_dispatch(self, frame: FrameType, event: str, arg: Any) -> Any:
        try:
            return super().trace_dispatch(frame, event, arg)
        except BdbQuit:
            sys.settrace(None)
            raise DebuggerLeft from None


def _is_a_nodes(frame: FrameType, server: Any) -> bool:
    """Whether a frame is of a system's own code."""
    if isinstance(server, Running):
        return is_own(server, frame)
    name = str(frame.f_globals.get("__name__", ""))
    root = name.partition(".")[0]
    if root == "splitbrain":
        return name.startswith("splitbrain.systems.")
    return root not in sys.stdlib_module_names and root not in ("trio", "outcome")
