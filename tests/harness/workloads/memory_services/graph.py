"""A right client of the workload graph."""

from memory_clients import SetClient

from splitbrain.harness.client import Definite


class GraphClient(SetClient):
    """Edges are the store's values, by number; chains by name."""

    async def add_node(self, node):
        self.store.elements.append(node)

    async def remove_node(self, node):
        if node not in self.store.elements:
            raise Definite("not there")
        self.store.elements = [each for each in self.store.elements if each != node]
        edges = self.store.values
        gone = [e for e, edge in edges.items() if isinstance(e, int) and node in edge[:2]]
        for edge in gone:
            del edges[edge]

    async def add_edge(self, edge, one, other, relationship, properties):
        if not {one, other} <= {*self.store.elements}:
            raise Definite("not there")
        self.store.values[edge] = one, other, relationship, properties

    async def scan(self):
        edges = [(e, *edge) for e, edge in self.store.values.items() if isinstance(e, int)]
        both = [*edges, *((e, two, one, *what) for e, one, two, *what in edges)]
        nodes = self.store.elements
        return {n: [(e, two, *what) for e, one, two, *what in both if one == n] for n in nodes}

    async def switch(self, chain, via):
        self.store.values[chain] = via

    async def path(self, chain):
        return [self.store.values[chain]] if chain in self.store.values else None

    async def find_path(self, start, end):
        ways = [[start]] if start in self.store.elements else []
        for way in ways:
            if way[-1] == end:
                return way
            seen = {node for each in ways for node in each}
            others = await self.connected_nodes(way[-1])
            ways += [[*way, other] for other in dict.fromkeys(others) if other not in seen]
        return None

    async def connected_nodes(self, node):
        return [other for _, other, *_ in (await self.scan()).get(node, ())]


CLIENTS = {"graph": GraphClient}
