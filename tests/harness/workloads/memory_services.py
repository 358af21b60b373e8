"""Clients of services that live in the test's memory, for workloads that need more than a store."""

from memory_clients import CLIENTS, CounterClient, KvClient, SetClient

from splitbrain.checkers.batch.outputs import computed
from splitbrain.checkers.encoding.person import seen
from splitbrain.checkers.encoding.registrations import reads
from splitbrain.checkers.streams.results import Event, tier_at, windows
from splitbrain.checkers.streams.views import index_of
from splitbrain.harness.client import Definite


class PaymentsClient(SetClient):
    """What was paid are the store's elements."""

    async def pay(self, request, account, amount):
        self.store.elements.append([request, account, amount])

    async def ledger(self):
        return list(self.store.elements)


class BatchClient(SetClient):
    """Outputs are the store's values, by job."""

    async def run(self, job, function, text):
        self.store.values[job] = computed(function, text)
        return self.store.values[job]

    async def published(self):
        return [[job, output] for job, output in self.store.values.items()]


class SiblingsClient(SetClient):
    """One replica: a key's values are those that nobody replaced."""

    async def read(self, key):
        return sorted(self.store.values.get(key, ()))

    async def write(self, key, value, over):
        self.store.values[key] = self.store.values.get(key, set()) - {*over} | {value}

    async def remove(self, key, over):
        self.store.values[key] = self.store.values.get(key, set()) - {*over}

    async def homes(self, key):
        return {server: await self.read(key) for server in ("n1", "n2")}


class MessagesClient(SetClient):
    """Messages are the store's elements."""

    async def post(self, message, after):
        self.store.elements.append(message)

    async def messages(self):
        return sorted(self.store.elements)


class TextClient(SetClient):
    """One replica: the letters are the store's elements, in order."""

    async def insert(self, letters, after):
        if after is not None and after not in self.store.elements:
            raise Definite("not there")
        self.store.operations += 1
        place = 0 if after is None else self.store.elements.index(after) + 1
        self.store.elements[place:place] = letters

    async def erase(self, letter):
        if letter not in self.store.elements:
            raise Definite("not there")
        self.store.operations += 1
        self.store.elements.remove(letter)

    async def text(self):
        return {"seen": {"n1": self.store.operations}, "letters": list(self.store.elements)}


class ReplicatedTypesClient(SetClient):
    """One replica, and so one actor."""

    async def add(self, element):
        self.store.operations += 1
        self.store.elements.append(element)

    async def remove(self, element):
        if element not in self.store.elements:
            raise Definite("not there")
        self.store.operations += 1
        self.store.elements.remove(element)

    async def increment(self, by):
        self.store.operations += 1
        self.store.values["counter"] = self.store.values.get("counter", 0) + by

    async def assign(self, value):
        self.store.operations += 1
        self.store.values["register"] = value

    async def read(self):
        return {
            "seen": {"n1": self.store.operations} if self.store.operations else {},
            "elements": sorted(self.store.elements),
            "counter": self.store.values.get("counter", 0),
            "register": self.store.values.get("register"),
        }


class EchoClient(SetClient):
    async def echo(self, text):
        return text


class IdentifiersClient(SetClient):
    async def generate(self):
        self.store.operations += 1
        return self.store.operations


class KafkaClient(SetClient):
    """Logs are the store's values, by key; offsets are positions."""

    def __init__(self, node, server):
        super().__init__(node, server)
        self.at = {}

    def log(self, key):
        return self.store.values.setdefault(key, [])

    async def send(self, key, value):
        self.log(key).append([len(self.log(key)), value])
        return len(self.log(key)) - 1

    async def poll(self):
        polled = {}
        for key, at in self.at.items():
            polled[key] = self.log(key)[at : at + 3]
            self.at[key] += len(polled[key])
        return polled

    async def assign(self, keys):
        self.at = dict.fromkeys(keys, 0)

    subscribe = assign

    async def drain(self, keys):
        return {key: list(self.log(key)) for key in keys}

    async def transact(self, micros):
        done = []
        for f, *sent in micros:
            if f == "send":
                done.append([f, sent[0], [await self.send(*sent), sent[1]]])
            else:
                done.append([f, await self.poll()])
        return done


class WatchClient(SetClient):
    """Changes are the store's elements; their positions are revisions."""

    async def publish(self, key, value):
        self.store.elements.append((len(self.store.elements) + 1, key, value))
        return len(self.store.elements)

    async def watch(self, after):
        return len(self.store.elements), self.store.elements[after:]

    async def snapshot(self):
        return len(self.store.elements), {key: value for _, key, value in self.store.elements}

    async def oldest(self):
        return 0


class MembersClient(SetClient):
    """One member, which knows itself."""

    def __init__(self, node, server):
        super().__init__(node, server)
        self.server = server

    async def announce(self, tag):
        self.store.operations += 1
        self.store.values[self.server] = (self.store.operations, tag)
        return self.server, self.store.operations

    async def members(self):
        known = dict.fromkeys(("n1", "n2"), (0, None)) | self.store.values
        return self.server, {name: ("alive", *record) for name, record in known.items()}


class OrdersClient(SetClient):
    """Two services, which agree on everything; every tenth order is refused."""

    async def order(self, number, day):
        if number % 10 == 9:
            raise Definite("no seat was left")
        self.store.elements.append((number, "did"))

    async def ledgers(self):
        return {"a": self.store.elements, "b": self.store.elements}


class SemaphoreClient(SetClient):
    """Who holds a permit are the store's elements."""

    async def take(self, permits):
        if len(self.store.elements) >= permits:
            return False
        self.store.operations += 1
        self.store.elements.append(self.store.operations)
        return self.store.operations

    async def give(self, token):
        self.store.elements.remove(token)


class RebalancingClient(KvClient):
    """One server, which has every range."""

    async def move_range(self, key, number):
        return "n1"

    async def split_range(self, key):
        pass

    async def merge_range(self, key):
        pass


class SchemasClient(SetClient):
    """Every schema must go with all before it, both ways, whatever the mode."""

    async def register(self, subject, schema):
        format = subject.partition("/")[0]
        mine = [known for of, known in self.store.elements if of == subject]
        if schema not in mine:
            if not all(reads(format, *pair) for k in mine for pair in ((k, schema), (schema, k))):
                raise Definite("not compatible")
            self.store.elements.append((subject, schema))
        return self.store.elements.index((subject, schema)) + 1

    async def versions(self, subject):
        numbered = enumerate(self.store.elements, 1)
        return [(id, schema) for id, (of, schema) in numbered if of == subject]


class CacheClient(SetClient):
    """There is no cache."""

    async def read(self, key):
        return self.store.values.get(key)

    async def write(self, key, value):
        self.store.values[key] = value


class BalancedClient(SetClient):
    """There is one backend."""

    async def call(self, number):
        return "n2"

    async def restart(self, position):
        return "n2"


class GraphClient(SetClient):
    """Edges are the store's values, by number; chains by name."""

    async def add(self, node):
        self.store.elements.append(node)

    async def remove(self, node):
        if node not in self.store.elements:
            raise Definite("not there")
        self.store.elements = [each for each in self.store.elements if each != node]
        edges = self.store.values
        gone = [e for e, ends in edges.items() if isinstance(e, int) and node in ends]
        for edge in gone:
            del edges[edge]

    async def link(self, edge, one, other):
        if not {one, other} <= {*self.store.elements}:
            raise Definite("not there")
        self.store.values[edge] = one, other

    async def scan(self):
        edges = [(e, *ends) for e, ends in self.store.values.items() if isinstance(e, int)]
        both = [*edges, *((e, two, one) for e, one, two in edges)]
        return {n: [(e, two) for e, one, two in both if one == n] for n in self.store.elements}

    async def switch(self, chain, via):
        self.store.values[chain] = via

    async def path(self, chain):
        return [self.store.values[chain]] if chain in self.store.values else None

    async def route(self, one, other):
        return [one, other]


class OpenLoopClient(SetClient):
    """Everything is done at once."""

    async def call(self, number):
        pass


class RecordsClient(SetClient):
    """Everything is of the newest version."""

    async def put(self, key, format, record):
        self.store.operations += 1
        self.store.values[key] = self.store.operations, dict(record)
        return [3, self.store.operations]

    async def edit(self, key, note):
        if key not in self.store.values:
            raise Definite("not there")
        return await self.put(key, "any", self.store.values[key][1] | {"note": note})

    async def get(self, key):
        if key not in self.store.values:
            return ["none", 3]
        position, record = self.store.values[key]
        return ["read", 3, position, seen(record, 3, 3)]

    async def cut(self, key, count):
        return ["refused", "it is not whole"]


class CdcClient(SetClient):
    """The index is made when it is read."""

    async def put(self, key, value):
        self.store.operations += 1
        self.store.values[key] = value
        return self.store.operations

    async def delete(self, key):
        self.store.operations += 1
        self.store.values.pop(key, None)
        return self.store.operations

    async def view(self):
        entries = index_of(self.store.values)
        return {"position": self.store.operations, "entries": entries}


class TransfersClient(SetClient):
    """Entries are the store's elements."""

    async def transfer(self, request, source, target, amount):
        self.store.elements += [[request, source, -amount], [request, target, amount]]

    async def accounts(self):
        balances = {}
        for _, account, amount in self.store.elements:
            balances[account] = balances.get(account, 0) + amount
        return {"entries": list(self.store.elements), "balances": balances}


class ClicksClient(SetClient):
    """One partition whose watermark is behind by nothing; windows are made when they are read."""

    def put(self, kind, event, user, value):
        events = self.store.elements
        events.append(Event(0, kind, event, user, 100 * len(events), value))

    async def click(self, event, user, amount):
        self.put("click", event, user, amount)

    async def tier(self, event, user, tier):
        self.put("tier", event, user, tier)

    async def results(self):
        events = list(self.store.elements)
        clicks = [event for event in events if event.kind == "click"]
        watermark = events[-1].time if events else 0
        made = {window: [*counted] for window, counted in windows(clicks).items()}
        tiers = {}
        for event in events:
            if event.kind == "tier":
                tiers.setdefault(event.user, []).append((event.time, event.id, event.value))
        return {
            "events": [list(event) for event in events],
            "late": [],
            "closed": [[0, *w, *made[w], watermark] for w in made if w[3] <= watermark],
            "open": [[*w, *made[w]] for w in made if w[3] > watermark],
            "joined": [[click.id, tier_at(tiers, click)] for click in clicks],
            "waiting": [],
            "bound": 0,
        }


class ItemsClient(SetClient):
    async def put_item(self, key, color, number):
        self.store.values[key] = color, number

    async def delete_item(self, key):
        self.store.values.pop(key, None)

    async def find(self, color):
        return [[key, item[1]] for key, item in self.store.values.items() if item[0] == color]

    async def scan(self):
        return [[key, *item] for key, item in self.store.values.items()]

    async def move_range(self, key, number):
        return "n1"


CLIENTS = {
    **CLIENTS,
    "watch": WatchClient,
    "saga": OrdersClient,
    "membership": MembersClient,
    "semaphore": SemaphoreClient,
    "scan": ItemsClient,
    "echo": EchoClient,
    "unique-ids": IdentifiersClient,
    "eventual-counter": CounterClient,
    "rebalance": RebalancingClient,
    "payments": PaymentsClient,
    "batch": BatchClient,
    "siblings": SiblingsClient,
    "kafka": KafkaClient,
    "click-stream": ClicksClient,
    "cdc": CdcClient,
    "transfers": TransfersClient,
    "messages": MessagesClient,
    "text": TextClient,
    "crdt": ReplicatedTypesClient,
    "schemas": SchemasClient,
    "codec": RecordsClient,
    "open-loop": OpenLoopClient,
    "graph": GraphClient,
    "lb": BalancedClient,
    "cache": CacheClient,
}
"""A right client for each workload."""
