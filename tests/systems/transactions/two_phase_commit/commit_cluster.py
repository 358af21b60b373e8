"""Servers of two-phase commit without disks or network: messages wait until delivered."""

from engine_driver import locking

from splitbrain.systems.transactions.two_phase_commit.core import CommitCore

NAMES = ("n1", "n2", "n3")
HOME = {"n1": "x", "n2": "y", "n3": "z"}


class Cluster:
    """Three servers, whose logs are durable when `force` says so.

    Attributes:
        network: messages under way: (sender, destination, message).
        told: answers to clients, oldest first.
        decided: what servers announced: (server, transaction, whether it committed).
    """

    def __init__(self, core=CommitCore, engine=locking):
        self.core_class, self.engine_class = core, engine
        self.logs = {name: [] for name in NAMES}
        self.durable = dict.fromkeys(NAMES, 0)
        self.network, self.told, self.decided = [], [], []
        self.cores, self.now = {}, 0.0
        for name in NAMES:
            self.start(name)

    def start(self, name):
        log = self.logs[name]
        boots = sum(record == ("boot",) for record in log)
        peers = [other for other in NAMES if other != name]
        engine = self.engine_class(log)
        self.cores[name] = self.core_class(name, peers, engine, list(log), boots)
        self.collect(name)
        self.force(name)

    def crash(self, name, *, power_loss=False):
        """Stop a server; a power loss takes what was not forced."""
        if power_loss:
            del self.logs[name][self.durable[name] :]
        del self.cores[name]

    def collect(self, name):
        core = self.cores[name]
        self.logs[name] += core.records
        core.records.clear()
        for destination, message in core.messages:
            if destination in NAMES:
                self.network.append((name, destination, message))
            else:
                self.told.append(message[2:])
        core.messages.clear()
        self.decided += [(name, *announced) for announced in core.announcements]
        core.announcements.clear()

    def force(self, *names):
        for name in names or tuple(self.cores):
            self.durable[name] = len(self.logs[name])
            self.cores[name].durable(self.durable[name], self.now)
            self.collect(name)

    def client(self, server, *body):
        self.cores[server].receive("c1", ("request", len(self.told), *body), self.now)
        self.collect(server)

    def deliver(self, kind=None, to=None, *, lose=False):
        """Deliver (or lose) messages under way, of a kind or to a server; those sent meanwhile
        wait."""
        chosen = [m for m in self.network if kind in (None, m[2][0]) and to in (None, m[1])]
        self.network = [m for m in self.network if m not in chosen]
        for sender, destination, message in chosen:
            if not lose and destination in self.cores:
                self.cores[destination].receive(sender, message, self.now)
                self.collect(destination)

    def run(self):
        """Deliver and force until nothing happens any more."""
        while self.network:
            self.deliver()
            self.force()

    def wait(self, seconds):
        self.now += seconds
        for name in tuple(self.cores):
            self.cores[name].tick(self.now)
            self.collect(name)

    def value(self, server, key):
        return self.cores[server]._engine.values.get(key)

    def written(self, servers=("n2", "n3")):
        """Begin a transaction at n1 that writes a key of each of these servers; its name."""
        self.client("n1", "begin")
        txn = self.told[-1][1]
        for n, server in enumerate(servers, 1):
            self.client("n1", "operate", txn, n, ("write", HOME[server], 1))
            self.run()
        return txn
