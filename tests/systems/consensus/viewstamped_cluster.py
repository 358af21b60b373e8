"""Servers as pure cores, with messages that a test delivers or drops."""

from __future__ import annotations

from random import Random

from mailed_cluster import MailedCluster

from splitbrain.systems.consensus.kv import KeyValue
from splitbrain.systems.consensus.sending import Send
from splitbrain.systems.consensus.sessions import Sessions
from splitbrain.systems.consensus.viewstamped.core import Viewstamped
from splitbrain.systems.consensus.viewstamped.rules import Rules
from splitbrain.systems.consensus.viewstamped.state import Settings


class Cluster(MailedCluster):
    def __init__(self, nodes=3, rules=Rules):
        super().__init__(nodes)
        self.rules = rules
        for name in self.names:
            self.start(name, 1)

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
