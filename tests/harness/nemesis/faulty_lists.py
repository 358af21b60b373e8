"""Servers that keep one list, and err where clients, services or versions do."""

from __future__ import annotations

import trio

from splitbrain.harness.client import request


class LockAndList:
    """n1 lends a lock for LEASE seconds and keeps a list; it doesn't ask writers for the lock."""

    LEASE = 0.1

    def __init__(self, node):
        self.node = node
        self.elements = ()
        self.until = 0.0
        self.owner = None

    async def run(self):
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            now = trio.current_time()
            answer = self.elements
            if f == "lock":
                answer = now >= self.until
                if answer:
                    self.owner, self.until = source, now + self.LEASE
            elif f == "unlock" and self.owner == source:
                self.until = 0.0
            elif f == "write":
                self.elements = rest[0]
            self.node.network.send(source, ("reply", number, answer))


class Worker:
    """Reads the list and writes it back under the lock: one that stands still past its lease
    overwrites what others added (Kleppmann, "How to do distributed locking", 2016)."""

    def __init__(self, node, server):
        self.node = node

    async def ask(self, *message):
        return (await request(self.node, "n1", *message))[0]

    async def read_all(self):
        return list(await self.ask("read"))

    async def add(self, element):
        while not await self.ask("lock"):
            await trio.sleep(0.01)
        elements = await self.ask("read")
        await trio.sleep(0.01)  # the work that the lock is for
        await self.ask("write", (*elements, element))
        await self.ask("unlock")


class Rewriter(Worker):
    """Empties the list before it writes it anew: one that dies in between leaves nothing."""

    async def read_all(self):
        while not await self.ask("lock"):
            await trio.sleep(0.01)
        elements = list(await self.ask("read"))
        await self.ask("unlock")
        return elements

    async def add(self, element):
        while not await self.ask("lock"):
            await trio.sleep(0.01)
        elements = await self.ask("read")
        await self.ask("write", ())
        await trio.sleep(0.01)
        await self.ask("write", (*elements, element))
        await self.ask("unlock")


class Retrying:
    """Adds again when no answer comes, though the element may be there already."""

    def __init__(self, node, server):
        self.node = node

    async def add(self, element):
        for _ in range(20):
            with trio.move_on_after(0.1):
                await request(self.node, "n2", "add", element)
                return

    async def read_all(self):
        return list((await request(self.node, "n2", "read"))[0])


class Keeper:
    """n2 keeps what is added, however often it is."""

    def __init__(self, node):
        self.node = node
        self.elements = []

    async def run(self):
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            if f == "add":
                self.elements.append(rest[0])
            self.node.network.send(source, ("reply", number, tuple(self.elements)))


class RemembersTheLast(Keeper):
    """n2 knows a client's last request when it comes again, and no earlier one."""

    async def run(self):
        last = {}
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            if f == "add" and last.get(source) != number:
                self.elements.append(rest[0])
            last[source] = number
            self.node.network.send(source, ("reply", number, tuple(self.elements)))


class Fallible(Keeper):
    """The same; it can be made to fail at once, and says so."""

    def __init__(self, node):
        super().__init__(node)
        self.elements = [0]

    @staticmethod
    def refusal(message):
        match message:
            case ("request", number, *_):
                return "reply", number, ()
        return None


class Unheeding(Retrying):
    """Takes each answer for good news; what is read has at least what was there at first."""

    async def read_all(self):
        elements = ()
        while not elements:
            (elements,) = await request(self.node, "n2", "read")
        return list(elements[1:])


class Overflowing(Keeper):
    """n2 acknowledges what comes, has room for forty until it takes them over, and takes them over
    ten times a second."""

    async def run(self):
        self.taken = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.take_over)
            while True:
                source, (_request, number, f, *rest) = await self.node.network.receive()
                if f == "add":
                    self.elements = [*self.elements, rest[0]][-40:]
                    self.node.network.send(source, ("reply", number))
                else:
                    elements = (*self.taken, *self.elements)
                    self.node.network.send(source, ("reply", number, elements))

    async def take_over(self):
        while True:
            await trio.sleep(0.1)
            self.taken, self.elements = [*self.taken, *self.elements], []


class Migrating:
    """n2 ends elements in its file by a character of its version, and knows no other."""

    version = 1
    versions = (1, 2)

    def __init__(self, node):
        self.node = node

    async def run(self):
        disk, end = self.node.disk, b"\n;"[self.version - 1 : self.version]
        while True:
            source, (_request, number, f, *rest) = await self.node.network.receive()
            if f == "add":
                disk.append("elements", str(rest[0]).encode() + end)
                await disk.fsync("elements")
            whole = disk.read("elements").split(end) if disk.exists("elements") else []
            elements = tuple(int(part) for part in whole if part.isdigit())
            self.node.network.send(source, ("reply", number, elements))
