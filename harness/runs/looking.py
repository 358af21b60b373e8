"""Looking into a run while it is repeated: what a server's object holds, where its tasks wait.

A replay is the same run, so one can look at what was not recorded. A look only reads: the replay's
trace is compared with the recorded one as ever, which shows that it did.
"""

from __future__ import annotations

import re
import reprlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from splitbrain.checkers.nearest import suggestion
from splitbrain.harness.error_text import awaiting_place, place
from splitbrain.harness.ground import World
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.programs.factory import Running
from splitbrain.harness.programs.insides import (
    globals_of,
    locals_of,
    named_in,
    objects_in,
    own_frames,
    package_of,
    tasks_in,
)
from splitbrain.harness.runs.debugging import Stop
from splitbrain.harness.simulation.trace import brief

_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*|\[-?\d+\]|\[(?:'[^']*'|\"[^\"]*\")\])*")
_PART = re.compile(r"\.?([^\W\d]\w*)|\[(-?\d+)\]|\[(?:'([^']*)'|\"([^\"]*)\")\]")

_DEPTH = 4
"""How deep into a server's own objects its state is told."""

_NAMES = 12
"""Names of an object's that are told in place of one that it hasn't."""

_LINES = 60
"""Lines of a server's state that are told."""


class _Short(reprlib.Repr):
    """Values in a line of text, without addresses in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 8
        self.maxstring = 80

    def repr_instance(self, x: object, level: int) -> str:
        try:
            text = repr(x)
        except Exception as error:  # noqa: BLE001 - whatever a system's own words do
            return f"({type(x).__name__}, whose repr raises {type(error).__name__})"
        text = re.sub(r" at 0x[0-9a-fA-F]+", "", text)
        return text if len(text) <= self.maxstring else f"{text[: self.maxstring - 3]}..."


_SHORT = _Short()

Tell = Callable[[str], object]


def shown(value: object) -> str:
    """A value in a line of text; an object without words of its own by its type."""
    text = _SHORT.repr(value)
    return text if text.isprintable() else ascii(text)


class Watched:
    """What is watched of a server: ``n1: core.commit``; ``*`` is every server.

    Attributes:
        node: the server's name, or ``*``.
        path: attributes, elements ``[0]`` and keys ``['x']`` from the server's object on; of a
            program from a name in its module, or in a function of one of its tasks.
    """

    def __init__(self, text: str) -> None:
        """Read what is to be watched.

        Raises:
            InvalidPlan: it is of another form.
        """
        node, colon, path = (part.strip() for part in text.partition(":"))
        if not colon or not node or not _PATH.fullmatch(path):
            raise InvalidPlan(
                f"--watch {text!r}: give a server and a path of attributes: 'n1: core.commit'"
                ", '*: log[-1]' or \"n2: peers['n1']\""
            )
        self.node, self.path = node, path

    def value(self, server: object) -> str:
        """What the path leads to, in words."""
        found: Any = server
        for name, number, one, two in _PART.findall(self.path):
            try:
                if name:
                    found = _member(found, name)
                else:
                    found = found[int(number)] if number else found[one or two]
            except (AttributeError, LookupError, TypeError):
                return f"(no {name or number or one or two}{_instead(found, name)})"
            except Exception as error:  # noqa: BLE001 - a property of a system may raise anything
                return f"({name or number or one or two} raises {type(error).__name__})"
        return shown(found)


def _instead(found: object, name: str) -> str:
    """What there is in place of a name that an object hasn't."""
    if isinstance(found, Running):
        known = [*objects_in(found), *globals_of(found.module)]
    else:
        kind = type(found)
        known = [each for each in dir(found) if not callable(getattr(kind, each, None))]
    known = [each for each in known if not each.startswith("_")]
    return f"; {suggestion(name, known[:_NAMES])}" if name and known else ""


class Look:
    """A pair of eyes for one run.

    Args:
        tell: given each line.
        watches: what changes are told of.
        at: a moment at which all servers are shown, in seconds.
        event: the number of an event of the trace, from 0, after which they are shown.
        stop: where a debugger opens in a node.
    """

    def __init__(
        self,
        tell: Tell,
        watches: Iterable[Watched] = (),
        at: float | None = None,
        event: int | None = None,
        stop: Stop | None = None,
    ) -> None:
        self._tell = tell
        self._watches = tuple(watches)
        self._at = at
        self._event = event
        self._stop = stop
        self._last: dict[tuple[str, str], str] = {}

    def begin(self, world: World, servers: Mapping[str, Any]) -> None:
        """Open the eyes, before the run begins.

        Raises:
            InvalidPlan: a server that is watched is none of the run's.
        """
        unknown = {watched.node for watched in self._watches} - {"*", *world.servers}
        if unknown:
            raise InvalidPlan(
                f"--watch: there is no server {min(unknown)}: the run has "
                f"{', '.join(world.servers)}"
            )
        before = world.on_step

        def stepped(name: str) -> None:
            self._stepped(world, servers, name)
            if before is not None:
                before(name)

        world.on_step = stepped
        if self._at is not None:
            world.at(self._at, self._show_then, world, servers)
        if self._stop is not None:
            self._stop.begin(world, servers)

    def missed(self, events: int, seconds: float) -> str:
        """What was to be looked at and never came, in a sentence; empty if all came.

        Args:
            events: how many events the run had.
            seconds: how long it took, in virtual time.
        """
        over = f"the run was over after {events} events, at {seconds:.3f} s"
        if self._event is not None:
            return f"--event {self._event} never came: {over}"
        if self._at is not None:
            return f"--at {self._at:g}s never came: {over}"
        if self._stop is not None and not self._stop.opened:
            return f"--pdb {self._stop.node}@{self._stop.at:g}s: no code ran there: {over}"
        return ""

    def _stepped(self, world: World, servers: Mapping[str, Any], name: str) -> None:
        for watched in self._watches:
            if watched.node in ("*", name) and name in servers:
                self._changed(world, name, watched, watched.value(servers[name]))
        if self._event is not None and len(world.trace.events) > self._event:
            self._event = None
            self._show(world, servers)

    def _changed(self, world: World, name: str, watched: Watched, value: str) -> None:
        key = name, watched.path
        was = self._last.get(key)
        if was is not None and was.partition(";")[0] == value.partition(";")[0]:
            return  # of what isn't there, what there is instead is told once
        self._last[key] = value
        events = world.trace.events
        after = f"   after {brief(events[-1])}" if events else ""
        then = "" if was is None else f" (was {was})"
        self._tell(
            f"{world.now:.6f} s  event {len(events) - 1}  {name}: {watched.path} = {value}{then}"
            f"{after}"
        )

    def _show_then(self, world: World, servers: Mapping[str, Any]) -> None:
        self._at = None
        self._show(world, servers)

    def _show(self, world: World, servers: Mapping[str, Any]) -> None:
        """Each server's object and the places where its tasks wait."""
        self._tell(f"at {world.now:.6f} s, after event {len(world.trace.events) - 1}:")
        for name in world.servers:
            server = servers.get(name)
            told = _of_program(server) if isinstance(server, Running) else _of_node(world, server)
            self._tell(f"{name}: {'not started' if server is None else _kind(server)}")
            for line in told:
                self._tell(f"    {line}")


def _member(found: object, name: str) -> Any:
    return named_in(found, name) if isinstance(found, Running) else getattr(found, name)


def _kind(server: object) -> str:
    if isinstance(server, Running):
        return "about to start" if server.module is None else server.module.__name__
    return type(server).__name__


def _of_node(world: World, server: object) -> list[str]:
    """A server's object, and where its tasks wait."""
    name = getattr(getattr(server, "node", None), "name", "")
    tasks = (f"task {task} waits at {place}" for task, place in _tasks(world, name))
    return [*_state(_told("", server, _DEPTH)), *tasks]


def _of_program(server: Running) -> list[str]:
    """What a program's module keeps; for each task where it waits, and what that function holds."""
    package = package_of(server)
    kept = {**objects_in(server), **globals_of(server.module)}
    lines = _state(
        line for name, value in kept.items() for line in _told(name, value, _DEPTH, package)
    )
    for task, coroutine in tasks_in(server.node):
        for frame in own_frames(server, coroutine)[-1:]:
            lines.append(f"task {task} waits at {place(frame)}")
            held = locals_of(frame).items()
            told = (line for name, value in held for line in _told(name, value, _DEPTH, package))
            lines += [f"    {line}" for line in _state(told)]
    return lines


def _state(told: Iterable[str]) -> list[str]:
    """Lines of what something holds, as many as can be read."""
    lines = list(told)
    more = [f"... and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return [*lines[:_LINES], *more]


def _told(path: str, value: object, depth: int, package: str = "") -> Iterator[str]:
    """What is at a path, and what that holds in turn, if it is a system's own: of this package, or
    of whatever is neither Python's nor trio's."""
    module = type(value).__module__
    if module.startswith("splitbrain.harness"):
        return
    root = module.partition(".")[0]
    own = root == package if package else root not in ("trio", *sys.stdlib_module_names)
    parts = _attributes(value) if own and depth else []
    for name, held in parts:
        yield from _told(f"{path}.{name}" if path else name, held, depth - 1, package)
    if path and not parts:
        yield f"{path} = {shown(value)}"


def _attributes(server: object) -> list[tuple[str, Any]]:
    """What an object holds, by name; not its parts of the harness, and not what is a method."""
    held = dict(getattr(server, "__dict__", {}))
    for kind in type(server).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if not name.startswith("__") and hasattr(server, name):
                held.setdefault(name, getattr(server, name))
    return [(name, value) for name, value in held.items() if not callable(value)]


def _tasks(world: World, name: str) -> list[tuple[str, str]]:
    """A server's tasks and where they wait; none on a ground that doesn't tell."""
    host = getattr(world, "hosts", {}).get(name)
    incarnation = getattr(host, "incarnation", None)
    tasks = sorted(getattr(incarnation, "tasks", ()), key=lambda task: task._counter)
    places = ((task.name, awaiting_place(task.coro)) for task in tasks)
    return [(task.rsplit(".", 1)[-1], place) for task, place in places if place is not None]
