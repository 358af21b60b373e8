"""Which version of its code a server runs: the one that it was started with, or another.

A server that comes in versions says so by two attributes of its class (or factory)::

    class Node:
        version = 2              # what it runs unless somebody installs another
        versions = (1, 2, 3)     # all there are, oldest first

Another version of it is it with another `version`, as `splitbrain.harness.bug.planted` makes it.
"""

from __future__ import annotations

from typing import Any

from splitbrain.harness.bug import planted
from splitbrain.harness.nemesis.rules import Answer
from splitbrain.harness.node import ServerFactory


class Versions:
    """The versions that are installed in a run, by server.

    Args:
        server: the code of a server (`splitbrain.harness.node.ServerFactory`); one without versions
            is what it is.

    Attributes:
        all: the versions there are, oldest first; none for a server without.
        usual: the version that a server runs if none is installed; None for a server without.
        refusal: how a server says that it fails (`splitbrain.harness.nemesis.kinds.service`); None
            for one that doesn't say.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self.all: tuple[int, ...] = tuple(getattr(server, "versions", ()))
        self.usual: int | None = getattr(server, "version", None) if self.all else None
        self.refusal: Answer | None = getattr(server, "refusal", None)
        self._installed: dict[str, list[tuple[str, int]]] = {}

    def installed(self, name: str) -> int | None:
        """The version that a server's next process runs."""
        installed = self._installed.get(name)
        return installed[-1][1] if installed else self.usual

    def install(self, name: str, owner: str, version: int) -> None:
        """Let a server's next processes run a version, until `owner` removes it."""
        self._installed.setdefault(name, []).append((owner, version))

    def remove(self, name: str, owner: str) -> None:
        """What `owner` installed is gone: what was there before it, or came after it, runs."""
        self._installed[name] = [one for one in self._installed.get(name, []) if one[0] != owner]

    def server(self, name: str) -> ServerFactory:
        """The code of a server's next process."""
        version = self.installed(name)
        made: ServerFactory = (
            self._server if version == self.usual else planted(self._server, version=version)
        )
        return made
