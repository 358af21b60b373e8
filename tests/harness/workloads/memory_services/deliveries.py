"""A right client of the workload deliveries."""

from memory_clients import SetClient


class DeliveriesClient(SetClient):
    """What is sent is processed at once."""

    async def send(self, key, number, is_poison):
        self.store.elements.append((key, number, is_poison))
        return sum(each[0] == key for each in self.store.elements)

    async def processed(self):
        return {
            how: [[key, number] for key, number, poison in self.store.elements if poison == is_dead]
            for how, is_dead in (("processed", False), ("dead", True))
        }


CLIENTS = {"deliveries": DeliveriesClient}
