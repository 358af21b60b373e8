"""Right clients of the workloads event-store and outbox."""

from memory_clients import SetClient

from splitbrain.checkers.streams.rebuilding import folded


class EventStoreClient(SetClient):
    """Streams are the store's values."""

    async def append(self, stream, values):
        events = self.store.values.setdefault(stream, [])
        events += values
        return len(events) - len(values)

    async def read(self, stream):
        events = list(self.store.values.get(stream, []))
        return {"version": len(events), "state": folded(events, 0), "events": events}

    rebuild = read


class OutboxClient(SetClient):
    """What is written is published at once."""

    async def put(self, key, value):
        self.store.values[key] = self.store.values.get(key, 0) + 1
        self.store.elements.append([key, self.store.values[key], value])
        return self.store.values[key]

    async def published(self):
        return list(self.store.elements)


CLIENTS = {"event-store": EventStoreClient, "outbox": OutboxClient}
