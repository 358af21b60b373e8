"""A right client of the workload kafka."""

from memory_clients import SetClient


class KafkaClient(SetClient):
    """Logs are the store's values, by key; offsets are positions. Who subscribed goes on where
    the group is."""

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

    async def subscribe(self, keys):
        self.at = self.store.values.setdefault("the group is at", {})
        for key in keys:
            self.at.setdefault(key, 0)

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


CLIENTS = {"kafka": KafkaClient}
