"""Servers as pure cores, with messages that a test lets through or drops."""

from __future__ import annotations

from random import Random

from mailed_cluster import MailedCluster

from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.paxos.core import Paxos
from splitbrain.systems.consensus.paxos.effects import NOTHING_STORED
from splitbrain.systems.consensus.paxos.rules import Rules
from splitbrain.systems.consensus.paxos.state import Settings
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.consensus.sessions import Sessions


class Cluster(MailedCluster):
    """What is saved is durable at once."""

    def __init__(self, nodes=3, settings=Settings(), rules=Rules):  # noqa: B008
        super().__init__(nodes)
        self.settings, self.rules, self.news = settings, rules, []
        self.cores = {name: self.core(name) for name in self.names}

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

    def time_out(self, name):
        """Have a server campaign."""
        self.now = max(self.now + self.settings.election_max, self.cores[name].deadline)
        self.tick(name)

    def lead(self, name, *among):
        self.time_out(name)
        self.settle(*among)
        assert self[name].phase.role == "leader"

    def restart(self, name):
        """With what it saved."""
        self.cores[name] = self.core(name, self[name].stored())
