"""Servers as pure cores, and the messages between them, which a test lets through or drops."""

from __future__ import annotations

from splitbrain.systems.consensus.asking import REQUEST, Request


class MailedCluster:
    """Time stands still unless a test moves it.

    A protocol's own cluster makes the cores, and takes what they want done.
    """

    def __init__(self, nodes):
        self.names = [f"n{i + 1}" for i in range(nodes)]
        self.now, self.requests = 0.0, 0
        self.mail, self.replies = [], []
        self.cores = {}

    def __getitem__(self, name):
        return self.cores[name].server

    def settle(self, *among, drop=lambda sender, to, message: False):
        """Deliver, in order, all that goes among these servers (all, unless given), and lose the
        rest."""
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
        return self.requests
