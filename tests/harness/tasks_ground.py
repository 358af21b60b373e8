"""A ground that is no part of splitbrain: every node is a task of one ordinary trio program.

Messages go through memory, disks are dictionaries that outlive their process, and time is a clock
that jumps to the next timeout when nobody has anything to do, so that a busy machine changes
nothing. It stands still while the nemesis is at work: ending a process takes a moment (its tasks
unwind when trio gets to it), so the nemesis pulls its levers from a thread of its own and waits.
What order trio runs tasks in is left to chance.
"""

from collections import defaultdict
from functools import partial
from math import inf

import trio
from trio.testing import MockClock

from splitbrain.harness import InvalidPlan
from splitbrain.harness.streams import stream

LATENCY = 0.001


class Tasks:
    deterministic = False
    faults = ("process.kill", "net.partition", "net.latency")
    options = ("ground",)

    def check(self, plan):
        if plan.options.get("ground", "") != "":
            raise InvalidPlan("option ground: the ground of tasks has no options yet")

    def world(self, plan, trace):
        return World(plan.seed, trace)


GROUND = Tasks()


class MemoryDisk:
    """Writes are as durable as this process: there is no fault here that loses any."""

    def __init__(self):
        self.files = {}

    def exists(self, path):
        return path in self.files

    def read(self, path, offset=0, length=None):
        data = self.files[path][offset:]
        return bytes(data if length is None else data[:length])

    def append(self, path, data):
        self.files.setdefault(path, bytearray()).extend(data)

    async def fsync(self, path):
        await trio.sleep(LATENCY)


class Inbox:
    def __init__(self):
        self.put, self._receive = trio.open_memory_channel(inf)

    async def get(self):
        return await self._receive.receive()


class Node:
    """One life of a host: what `splitbrain.harness.node.Node` promises, as far as is needed."""

    def __init__(self, world, name, number):
        self.name, self.peers, self.dead = name, world.peers[name], False
        self.network, self.clock, self.disk = self, self, world.disks[name]
        self.random = world.stream("node", name, number)
        self.inbox, self.commands = Inbox(), Inbox()
        self.scope, self.ended = trio.CancelScope(), trio.Event()
        self.receive = self.inbox.get
        self._world = world

    def time(self):
        return trio.current_time()

    monotonic = time

    def send(self, destination, message):
        if not self.dead:
            self._world.send(self.name, destination, message)

    def trace(self, kind, *details):
        if not self.dead:
            self._world.trace.events.append((self._world.now, kind, self.name, *details))

    pictured, show = True, trace

    def announce(self, f, value):
        if not self.dead:
            self._world.on_announcement(self.name, f, value)


class World:
    """`splitbrain.harness.ground.World`."""

    def __init__(self, seed, trace):
        self.seed, self.trace = seed, trace
        self.servers, self.clients = (), ()
        self.peers, self.programs, self.nodes, self.rules = {}, {}, {}, []
        self.disks = defaultdict(MemoryDisk)
        self.lives = defaultdict(int)
        self.stream = partial(stream, seed)
        self.control = Levers(self)
        self.clock, self.undone = MockClock(autojump_threshold=0), 0
        self.began, self.ended, self.token, self.stopping = 0.0, None, None, False

    @property
    def now(self):
        return trio.current_time() - self.began if self.ended is None else self.ended

    def add_server(self, name, program, peers):
        self.servers = (*self.servers, name)
        self.programs[name], self.peers[name] = program, peers

    def add_client(self, name, program, peers):
        self.clients = (*self.clients, name)
        self.programs[name], self.peers[name] = program, peers

    def count(self):
        return None

    def command(self, client, command):
        self.nodes[client].commands.put.send_nowait(command)

    def at(self, time, action, *arguments):
        self.after(time - self.now, action, *arguments)

    def after(self, delay, action, *arguments):
        self.nursery.start_soon(self._later, max(0.0, delay), action, arguments)

    async def _later(self, delay, action, arguments):
        await trio.sleep(delay)
        action(*arguments)

    def disturb(self, action, then):
        self.undone += 1
        self.clock.autojump_threshold = inf
        self.errands.send_nowait((action, then))

    def run(self, begin, watch, every):
        trio.run(self._main, begin, watch, every, clock=self.clock)

    def stop(self):
        self.stopping = True
        if self.token is not None:
            self.token.run_sync_soon(self.over.set)

    async def _main(self, begin, watch, every):
        self.over, self.token = trio.Event(), trio.lowlevel.current_trio_token()
        self.began = trio.current_time()
        self.errands, errands = trio.open_memory_channel(inf)
        async with trio.open_nursery() as self.nursery:
            for name in self.programs:
                self.boot(name)
            self.nursery.start_soon(self._nemesis, errands)
            begin()
            while not self.stopping:
                with trio.move_on_after(every):
                    await self.over.wait()
                watch()
            self.ended = self.now
            self.nursery.cancel_scope.cancel()

    async def _nemesis(self, errands):
        """One errand after the other, each where nothing else waits for it."""
        async for action, then in errands:
            await trio.to_thread.run_sync(action)
            then()
            self.undone -= 1
            if not self.undone:
                self.clock.autojump_threshold = 0

    # Hosts

    def boot(self, name):
        node = self.nodes[name] = Node(self, name, self.lives[name])
        self.lives[name] += 1
        self.nursery.start_soon(self._live, node)

    async def _live(self, node):
        with node.scope:
            try:
                await self.programs[node.name](node)
            except Exception as error:  # noqa: BLE001 - whatever it is, the process ends
                node.announce("died", {"error": f"{type(error).__name__}: {error}"})
        node.dead = True
        node.ended.set()

    async def kill(self, name):
        node = self.nodes[name]
        node.dead = True
        node.scope.cancel()
        await node.ended.wait()
        return {}

    def send(self, source, destination, message):
        latency = LATENCY
        for rule in self.rules:
            if rule.covers(source, destination):
                rule.affected += 1
                if rule.block:
                    return
                latency += rule.delay
        self.after(latency, self._deliver, source, destination, message)

    def _deliver(self, source, destination, message):
        node = self.nodes[destination]
        if not node.dead:
            node.inbox.put.send_nowait((source, message))


class Levers:
    """`splitbrain.harness.nemesis.control.Control`: called in the nemesis' thread."""

    def __init__(self, world):
        self._world = world
        self.stream = world.stream

    def _do(self, action, *arguments):
        return trio.from_thread.run_sync(action, *arguments)

    @property
    def servers(self):
        return self._world.servers

    @property
    def clients(self):
        return self._world.clients

    @property
    def now(self):
        return self._do(lambda: self._world.now)

    def after(self, delay, action, *arguments):
        errand = (partial(action, *arguments), lambda: None)
        self._do(self._world.after, delay, self._world.disturb, *errand)

    def leader(self):
        return None

    def record(self, kind, value):
        self._do(self._world.on_nemesis, kind, value)

    def running(self, name):
        return not self._world.nodes[name].dead

    def paused(self, name):
        return False

    def kill(self, name):
        return trio.from_thread.run(self._world.kill, name)

    def start(self, name):
        self._do(self._world.boot, name)

    def add_rule(self, rule):
        self._do(self._world.rules.append, rule)

    def remove_rule(self, rule):
        self._do(self._world.rules.remove, rule)
