"""Servers as pure cores, with messages that a test lets through or drops."""

from __future__ import annotations

from random import Random

from splitbrain.systems.consensus.asking import REQUEST, Request
from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.paxos.core import Paxos
from splitbrain.systems.consensus.paxos.effects import NOTHING_STORED
from splitbrain.systems.consensus.paxos.rules import Rules
from splitbrain.systems.consensus.paxos.state import Settings
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.consensus.sessions import Sessions


class Cluster:
    """Time stands still unless a test moves it; what is saved is durable at once."""

    def __init__(self, nodes=3, settings=Settings(), rules=Rules):  # noqa: B008
        self.names = [f"n{i + 1}" for i in range(nodes)]
        self.settings, self.rules = settings, rules
        self.now = 0.0
        self.cores = {name: self.core(name) for name in self.names}
        self.mail, self.replies, self.news = [], [], []
        self.requests = 0

    def core(self, name, stored=NOTHING_STORED):
        peers = tuple(other for other in self.names if other != name)
        return Paxos(
            name,
            peers,
            Sessions(KeyValue()),
            stored=stored,
            random=Random(1),
            now=self.now,
            settings=self.settings,
            rules=self.rules(),
        )

    def __getitem__(self, name):
        return self.cores[name].server

    def take(self, name, effects):
        for effect in effects:
            if not isinstance(effect, Send):
                self.news.append((name, effect))
            elif effect.to in self.cores:
                self.mail.append((name, effect.to, effect.message))
            else:
                self.replies.append(
                    (effect.message.id, effect.message.status, effect.message.value)
                )

    def settle(self, *among, drop=lambda sender, to, message: False):
        """Deliver, in order, all that goes among these servers (all, unless given), and lose the
        rest."""
        among = among or tuple(self.names)
        while self.mail:
            sender, to, message = self.mail.pop(0)
            if sender in among and to in among and not drop(sender, to, message):
                self.take(to, self.cores[to].receive(self.now, sender, message))

    def time_out(self, name):
        """Have a server campaign."""
        self.now = max(self.now + self.settings.election_max, self.cores[name].deadline)
        self.tick(name)

    def tick(self, name):
        self.now = max(self.now, self.cores[name].deadline)
        self.take(name, self.cores[name].tick(self.now))

    def ask(self, name, *body):
        self.requests += 1
        request = Request(REQUEST, self.requests, body)
        self.take(name, self.cores[name].receive(self.now, "c1", request))
        return self.requests

    def lead(self, name, *among):
        self.time_out(name)
        self.settle(*among)
        assert self[name].phase.role == "leader"

    def restart(self, name):
        """With what it saved."""
        self.cores[name] = self.core(name, self[name].stored())
