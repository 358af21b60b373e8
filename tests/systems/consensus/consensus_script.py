"""Plays golden scripts of pure cores: commands, ``---``, and all that follows from them.

::

    cluster 3 [lease=0.2] ...  so many servers, n1 and so on, with these settings
    wait 150                   150 ms pass for all, and nobody does anything
    timeout n1                 n1 hears of no leader for so long that it does something about it
    tick n1                    the time comes at which n1 has something to do; all clocks go there
    ask n1 register            a client asks n1 for something: register, or get x
    deliver n1->n2 ...         what is under way on these links; "deliver all": until all is quiet
    drop n1->n2 ...            lose it instead; * stands for any server
    lose kind ...              lose all messages of these kinds that are under way
    crash n1                   n1 starts again, with what its disk holds
    quietly COMMAND            without telling what happens
    show                       each server in a line
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from splitbrain.systems.consensus.sending import Send

HIDDEN = ("SaveAll",)
"""Effects whose fields are all of a state: their name says enough."""


class Play:
    """A script being played.

    Args:
        cluster: makes one of so many servers, with settings by name; it has ``cores``, ``mail``,
            ``now``, ``tick``, ``ask``, ``settle``, ``crash`` or ``restart``, and hands all effects
            to ``take``.
        shown: a server in a line.
    """

    def __init__(self, cluster: Callable[..., Any], shown: Callable[[Any], str]) -> None:
        self.make, self.shown = cluster, shown
        self.told: list[str] = []
        self.do_cluster("3")

    def do(self, line: str) -> list[str]:
        """Do one command, and return what happened."""
        self.told.clear()
        name, *words = line.split()
        getattr(self, f"do_{name}")(*words)
        return list(self.told)

    def do_cluster(self, nodes: str, *words: str) -> None:
        settings = {name: json.loads(value) for name, value in (w.split("=") for w in words)}
        self.cluster = self.make(int(nodes), **settings)
        take = self.cluster.take

        def taken(name: str, effects: list[Any]) -> None:
            self.told.extend(told(name, effect) for effect in effects)
            take(name, effects)

        self.cluster.take = taken

    def do_wait(self, milliseconds: str) -> None:
        self.cluster.now += int(milliseconds) / 1000

    def do_timeout(self, name: str) -> None:
        getattr(self.cluster, "time_out", self.cluster.tick)(name)

    def do_tick(self, name: str) -> None:
        self.cluster.tick(name)

    def do_ask(self, name: str, *body: str) -> None:
        self.cluster.ask(name, *(body if body == ("register",) else ("query", body)))

    def do_deliver(self, *links: str) -> None:
        if links == ("all",):
            self.cluster.settle()
        for message in self.under_way(links):
            self.forget(message)
            source, to, body = message
            self.cluster.take(to, self.cluster.cores[to].receive(self.cluster.now, source, body))

    def do_drop(self, *links: str) -> None:
        for message in self.under_way(links):
            self.forget(message)

    def do_lose(self, *kinds: str) -> None:
        self.cluster.mail[:] = [each for each in self.cluster.mail if each[2][0] not in kinds]

    def do_crash(self, name: str) -> None:
        crash = getattr(self.cluster, "crash", None) or self.cluster.restart
        crash(name)

    def do_quietly(self, name: str, *words: str) -> None:
        getattr(self, f"do_{name}")(*words)
        self.told.clear()

    def do_show(self) -> None:
        self.told.extend(
            f"{name}: {self.shown(core.server)}" for name, core in self.cluster.cores.items()
        )

    def under_way(self, links: tuple[str, ...]) -> list[Any]:
        """The messages under way on these links now, link by link."""
        mail = self.cluster.mail
        return [each for link in links for each in mail if fnmatch(f"{each[0]}->{each[1]}", link)]

    def forget(self, message: Any) -> None:
        position = next(i for i, each in enumerate(self.cluster.mail) if each is message)
        del self.cluster.mail[position]


def told(name: str, effect: Any) -> str:
    """An effect in a line: ``n1 -> n2 prepare ballot=101 first=1``."""
    if isinstance(effect, Send):
        message = effect.message
        return f"{name} -> {effect.to} {message.kind} {fields(message)}"
    kind = type(effect).__name__
    return f"{name}: {kind} {'' if kind in HIDDEN else fields(effect)}".rstrip()


def fields(record: Any) -> str:
    """The fields of a named tuple, but for its kind."""
    named = record._asdict()
    return " ".join(f"{name}={value!r}" for name, value in named.items() if name != "kind")


def play(script: str, cluster: Callable[..., Any], shown: Callable[[Any], str]) -> str:
    """The script with the outcome of each block of commands filled in."""
    return filled(script, Play(cluster, shown).do)


def filled(script: str, do: Callable[[str], Iterable[str]]) -> str:
    """The script with what came of each block's commands, of which one at a time is done."""
    blocks = []
    for block in script.strip().split("\n\n"):
        commands = block.split("\n---")[0]
        lines = [line for line in commands.split("\n") if line and not line.startswith("#")]
        events = [event for line in lines for event in do(line)]
        blocks.append("\n".join([commands, *(["---", *events] if events else [])]))
    return "\n\n".join(blocks) + "\n"


def played(path: Path, play: Callable[[str], str]) -> str:
    """What happens in a script; it says so from now on, if that is asked for."""
    result = play(path.read_text())
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.write_text(result)
    return result


def scripts(folder: Path) -> list[Path]:
    """All scripts of a folder."""
    return sorted(folder.glob("*.txt"))
