"""A world of real processes: servers forked by a keeper, clients as tasks of the harness.

    trio, one thread: clients, switch, timers, the keeper's reports
    another thread:   the nemesis, whose levers wait until a process has ended, or stands still

See `splitbrain.harness.ground.World` for what the methods mean. Seconds of a plan are real seconds.
"""

from __future__ import annotations

import random
import secrets
import signal
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import inf
from pathlib import Path
from threading import get_ident
from typing import Any, cast

import trio

from splitbrain.checkers.vocabulary import DIED, LEADER
from splitbrain.harness.directory_disk import DirectoryDisk
from splitbrain.harness.hosttime import seconds
from splitbrain.harness.nemesis.control import Callback, Control
from splitbrain.harness.node import Message, Program
from splitbrain.harness.processes import node
from splitbrain.harness.processes.acts import Acts
from splitbrain.harness.processes.files.disks import Needs
from splitbrain.harness.processes.hosts import ClientHost, Life, Server
from splitbrain.harness.processes.keeper import Kept, keep
from splitbrain.harness.processes.levers import Levers
from splitbrain.harness.processes.lives import Lives, ProcessTrouble
from splitbrain.harness.processes.network.links import Links
from splitbrain.harness.processes.network.packets import Packets
from splitbrain.harness.processes.network.switch import Switch
from splitbrain.harness.processes.network.wire import packed, unpacked
from splitbrain.harness.simulation.trace import Trace
from splitbrain.harness.streams import stream

_Errand = tuple[Callable[[], object], Callable[[], object]]


class World:
    """Hosts, real time, and what the nemesis may do to them; of use for one run.

    Attributes:
        hosts: the servers, by name.
        clients: the clients' hosts, by name.
        services: the names of what else messages can be sent to.
        switch: what all messages go through.
        control: the nemesis' levers.
        needs: what the run needs of the kernel.
        acts: what is done to servers, while the world runs.
        thread: the thread in which everything but the nemesis runs.
    """

    def __init__(self, seed: int, trace: Trace) -> None:
        self.trace = trace
        self.hosts: dict[str, Server] = {}
        self.clients: dict[str, ClientHost] = {}
        self.services: list[str] = []
        self.on_announcement: Callable[[str, str, Any], None] = lambda name, f, value: None
        self.on_nemesis: Callable[[str, Any], None] = lambda kind, value: None
        self.on_client: Callable[[str, bool], None] = lambda name, up: None
        self.on_step: Callable[[str], None] | None = None
        self.stream: Callable[..., random.Random] = partial(stream, seed)
        self.switch = Switch(trace, self.stream, lambda: self.now, self.after)
        # The kinds that need another lever are refused (`splitbrain.harness.processes.ground`).
        self.control = cast(Control, Levers(self))
        self.needs = Needs()
        self.acts: Acts
        self.thread = get_ident()
        self._folder: Path
        self._listeners: list[Callback] = []
        self._began: float | None = None
        self._ended: float | None = None
        self._over = trio.Event()
        self._token: trio.lowlevel.TrioToken | None = None
        self._error: BaseException | None = None
        self._labels: tuple[str, ...] = ()
        self._links: Links
        self._packets: Packets | None = None
        self._errands, self._to_do = trio.open_memory_channel[_Errand](inf)
        self._nursery: trio.Nursery

    @property
    def servers(self) -> tuple[str, ...]:
        """See `splitbrain.harness.ground.World`."""
        return tuple(self.hosts)

    @property
    def now(self) -> float:
        """See `splitbrain.harness.ground.World`."""
        if self._ended is not None:
            return self._ended
        return 0.0 if self._began is None else seconds() - self._began

    @property
    def _names(self) -> frozenset[str]:
        return frozenset((*self.hosts, *self.clients, *self.services))

    def add_server(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """See `splitbrain.harness.ground.World`."""
        self.hosts[name] = Server(name, program, peers)

    def add_client(self, name: str, program: Program, peers: tuple[str, ...]) -> None:
        """See `splitbrain.harness.ground.World`."""
        rng = self.stream("node", name, 0)
        host = ClientHost(name, program, peers, rng, self.switch)
        self.clients[name] = host
        self.switch.doors[name] = host.arrived

    def add_service(self, name: str, answer: Callable[[str, Message], Message]) -> None:
        """Add something beside the servers that no fault strikes and that answers at once.

        Args:
            name: what messages to it are sent to.
            answer: gives the answer to a message and its sender.
        """

        def door(source: str, data: bytes) -> bool:
            self.switch.send(name, source, packed(answer(source, unpacked(data))))
            return True

        self.services.append(name)
        self.switch.doors[name] = door

    def open_ports(self, labels: Iterable[str]) -> None:
        """See `splitbrain.harness.ground.Listening`."""
        self._labels = tuple(labels)

    def command(self, client: str, command: object) -> None:
        """See `splitbrain.harness.ground.World`."""
        self.clients[client].commands.put(command)

    def traffic(self) -> Mapping[str, int]:
        """See `splitbrain.harness.ground.Counting`."""
        told = {"between servers": 0, "with clients": 0, "with services": 0}
        for link, count in self.switch.sent.items():
            if not self.clients.keys().isdisjoint(link):
                told["with clients"] += count
            elif self.hosts.keys() >= set(link):
                told["between servers"] += count
            else:
                told["with services"] += count
        return told

    def count(self) -> Mapping[str, Any] | None:
        """Nothing: what a loaded machine does in real time would be blamed on the servers."""
        return None

    # Time

    def at(self, time: float, action: Callable[..., object], *arguments: Any) -> None:
        """See `splitbrain.harness.ground.World`."""
        self.after(time - self.now, action, *arguments)

    def after(self, delay: float, action: Callable[..., object], *arguments: Any) -> None:
        """See `splitbrain.harness.ground.World`."""
        self._nursery.start_soon(self._later, max(0.0, delay), action, arguments)

    async def _later(
        self, delay: float, action: Callable[..., object], arguments: tuple[Any, ...]
    ) -> None:
        await trio.sleep(delay)
        self._call(action, *arguments)

    def _call(self, action: Callable[..., object], *arguments: Any) -> None:
        """What it raises ends the run, and comes out of `run` as it is."""
        try:
            action(*arguments)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the caller of `run` gets it
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self._error is None:
            self._error = error
        self._over.set()

    def disturb(self, action: Callable[[], object], then: Callable[[], object]) -> None:
        """See `splitbrain.harness.ground.World`."""
        self._errands.send_nowait((action, then))

    async def _nemesis(self) -> None:
        """One errand after the other, each where nothing else waits for it."""
        async for action, then in self._to_do:
            try:
                await trio.to_thread.run_sync(action)
            except Exception as error:  # noqa: BLE001 - likewise
                self._fail(error)
                return
            self._call(then)

    # A run

    def run(self, begin: Callable[[], None], watch: Callable[[], None], every: float) -> None:
        """See `splitbrain.harness.ground.World`.

        Raises:
            ProcessTrouble: a process did not start, or did not end.
        """
        self._folder = Path(tempfile.gettempdir(), f"splitbrain-nodes-{secrets.token_hex(8)}")
        if self.needs.networks:
            self._packets = Packets(self.servers, self.switch)
        self._links = Links(self.hosts, self.clients, self._labels, self._packets)
        kept = keep(self._become, self._folder, self.servers, self.needs)
        try:
            trio.run(self._main, kept, begin, watch, every)
        except BaseExceptionGroup as group:
            if group.subgroup(KeyboardInterrupt) is None:
                raise
            raise KeyboardInterrupt from None  # Ctrl-C, and not for the first time
        finally:
            for client in self.clients.values():
                client.end()
            kept.end()
            self._links.close()
            if self._packets is not None:
                self._packets.close()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """See `splitbrain.harness.ground.World`."""
        if self._token is not None:
            self._token.run_sync_soon(self._over.set)

    async def _main(
        self, kept: Kept, begin: Callable[[], None], watch: Callable[[], None], every: float
    ) -> None:
        self._token = trio.lowlevel.current_trio_token()
        async with trio.open_nursery() as self._nursery:
            lives = Lives(kept.line, self.hosts, self.switch, self._heard, self._end_of, self._fail)
            names = (*self.hosts, *self.clients)
            self.acts = Acts(
                self.hosts, lives, self.switch, names, self.stream, self._told, self._fail
            )
            await lives.open(self._nursery)
            if self._packets is not None:
                try:
                    self._packets.open(self._nursery, kept.networks)
                except ConnectionError as error:
                    self._error = ProcessTrouble(str(error))
                    self._nursery.cancel_scope.cancel()
                    return
            self._links.serve(self._nursery, self.switch)
            await self._boot()
            self._began = seconds()
            self._nursery.start_soon(self._nemesis)
            self._call(begin)
            over = False
            while not over:
                with trio.move_on_after(every):
                    await self._over.wait()
                over = self._over.is_set()
                self._call(watch)
            self._ended = self.now
            self._nursery.cancel_scope.cancel()

    async def _boot(self) -> None:
        """Start all servers, and then the clients."""
        try:
            async with trio.open_nursery() as starting:
                for host in self.hosts.values():
                    starting.start_soon(self._first_start, host)
        except* ProcessTrouble as group:
            self._fail(group.exceptions[0])
        for client in self.clients.values():
            client.disk = DirectoryDisk(self._folder / client.name)
            client.hosts = self._names
            client.addresses = self._links.of(client.name)
            self._nursery.start_soon(self._serve, client)

    async def _first_start(self, host: Server) -> None:
        await self.acts.start(host.name)
        await self.acts.lives.serving(host)

    async def _serve(self, client: ClientHost) -> None:
        try:
            await client.program(client)
        except Exception as error:  # noqa: BLE001 - what a client's code raises is told otherwise
            self._fail(error)

    def _become(self, name: str, told: Any, enter_network: Callable[[], None]) -> None:
        """In a process of its own: a server's life."""
        port, key, number = told
        host = self.hosts[name]
        node.live(
            node.Birth(
                name,
                host.peers,
                self._names,
                host.program,
                self._folder / name,
                self.stream("node", name, number),
                port,
                key,
                self._links.of(name),
                enter_network,
            )
        )

    # What the servers say

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Have `callback` told of the nodes' announcements and traces, in the nemesis' thread."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def _heard(self, server: Server, life: Life, kind: str, details: list[Any]) -> None:
        name = server.name
        if kind == node.TRACE:
            what, more = details
            self._told(what, name, *more)
            self._tell(what, name, more)
        elif kind == node.ANNOUNCE:
            f, value = details
            self._told("announce", name, f, value)
            if f == LEADER and isinstance(value, dict) and isinstance(value.get("term"), int):
                self.acts.terms[name] = value["term"]
            self._call(self.on_announcement, name, f, value)
            self._tell(f, name, value)
        elif kind == node.READY:
            life.ready.set()
            if server.ahead:  # its program is another process, which has started by now
                self._nursery.start_soon(self.acts.set_clock_again, server)
        elif kind == node.DIED and not life.killed:
            life.told = True
            (story,) = details
            self._died(name, story)

    def _told(self, kind: str, *details: Any) -> None:
        self.trace.add(self.now, kind, *details)

    def _tell(self, kind: str, name: str, details: Any) -> None:
        for listener in self._listeners:
            self.disturb(partial(listener, kind, name, details), lambda: None)

    def _end_of(self, server: Server, life: Life, code: int) -> None:
        """A life is over that nobody ended."""
        self.acts.terms.pop(server.name, None)
        if life.told:
            return
        if code == 0:
            self._told("exit", server.name)
            return
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self._died(server.name, {"error": f"the process ended with {how}"})

    def _died(self, name: str, story: dict[str, Any]) -> None:
        self._told(DIED, name, story["error"])
        self._call(self.on_announcement, name, DIED, story)
