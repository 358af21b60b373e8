"""Servers as pure cores, with messages that a test delivers or drops."""

from __future__ import annotations

from random import Random

from splitbrain.systems.consensus.asking import REQUEST, Request
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.consensus.viewstamped.core import Viewstamped
from splitbrain.systems.consensus.viewstamped.rules import Rules
from splitbrain.systems.consensus.viewstamped.state import Settings


def nothing(sender, to, message):
    return False


class Cluster:
    def __init__(self, nodes=3, rules=Rules):
        self.names = [f"n{i + 1}" for i in range(nodes)]
        self.rules, self.now, self.requests = rules, 0.0, 0
        self.mail, self.replies = [], []
        self.cores = {}
        for name in self.names:
            self.start(name, 1)

    def __getitem__(self, name):
        return self.cores[name].server

    def start(self, name, life):
        peers = tuple(other for other in self.names if other != name)
        machine = Sessions(KeyValue())
        self.cores[name] = Viewstamped(
            name,
            peers,
            machine,
            life=life,
            random=Random(1),
            now=self.now,
            settings=Settings(),
            rules=self.rules(),
        )

    def crash(self, name):
        """All that it knew is gone, but not what it sent; it starts again."""
        self.start(name, self[name].life + 1)
        self.tick(name)

    def take(self, name, effects):
        for effect in effects:
            if isinstance(effect, Send) and effect.to in self.cores:
                self.mail.append((name, effect.to, effect.message))
            elif isinstance(effect, Send):
                self.replies.append((effect.message.id, effect.message.status))

    def settle(self, *among, drop=nothing):
        """Deliver in order what goes among these servers (all, unless given), and lose the rest."""
        among = among or tuple(self.names)
        while self.mail:
            sender, to, message = self.mail.pop(0)
            if sender in among and to in among and not drop(sender, to, message):
                self.take(to, self.cores[to].receive(self.now, sender, message))

    def tick(self, name):
        self.now = max(self.now, self.cores[name].deadline)
        self.take(name, self.cores[name].tick(self.now))

    def ask(self, name, *body):
        self.requests += 1
        request = Request(REQUEST, self.requests, body)
        self.take(name, self.cores[name].receive(self.now, "c1", request))
