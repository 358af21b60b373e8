"""Right clients of the workloads of batch jobs that run again."""

from memory_clients import SetClient

from splitbrain.checkers.batch.outputs import computed
from splitbrain.harness.client import Definite


class RunsClient(SetClient):
    """Outputs are the store's values, by job."""

    async def run(self, job, function, text):
        self.store.values[job] = 0, computed(function, text)
        return self.store.values[job][1]

    async def rerun(self, job, partitions):
        if job not in self.store.values:
            raise Definite("no such job")
        return self.store.values[job][1]

    async def published(self):
        return [[job, *output] for job, output in self.store.values.items()]


class JoinClient(RunsClient):
    """The table is the store's elements."""

    async def add(self, key, value):
        self.store.elements.append((key, value))
        return len(self.store.elements)

    async def join(self, job, algorithm, text):
        lines = (line.split() for line in text.splitlines())
        rows = [
            (key, int(number), value)
            for key, number in lines
            for other, value in self.store.elements
            if other == key
        ]
        self.store.values[job] = len(self.store.elements), rows
        return {"version": len(self.store.elements), "rows": rows}


CLIENTS = {"wordcount": RunsClient, "sessionise": RunsClient, "join": JoinClient}
