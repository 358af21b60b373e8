"""A right client of the workload stream-join."""

from memory_clients import SetClient

from splitbrain.checkers.streams.results import Event, version_at
from splitbrain.checkers.streams.stream_joins import JOIN_MS


class StreamJoinClient(SetClient):
    """One partition, in which all comes in order; joins are made when they are read."""

    def put(self, kind, event, user, value):
        events = self.store.elements
        events.append(Event(0, kind, event, user, 100 * len(events), value))

    async def search(self, event, user, term):
        self.put("search", event, user, term)

    async def click(self, event, user, amount):
        self.put("click", event, user, amount)

    async def tier(self, event, user, tier):
        self.put("tier", event, user, tier)

    async def region(self, event, user, region):
        self.put("region", event, user, region)

    async def joins(self):
        events = list(self.store.elements)
        watermark = events[-1].time if events else 0
        tables = {"tier": {}, "region": {}}
        for event in events:
            if event.kind in tables:
                mine = tables[event.kind].setdefault(event.user, [])
                mine.append((event.time, event.id, event.value))
        changes = [event for event in events if event.kind in tables]
        searches = [event for event in events if event.kind == "search"]
        clicks = [event for event in events if event.kind == "click"]
        pairs = [
            [one.id, other.id]
            for one in searches
            for other in clicks
            if one.user == other.user and one.time <= other.time < one.time + JOIN_MS
        ]
        over = [event.id for event in searches if event.time + JOIN_MS <= watermark]
        met = {search for search, _ in pairs}
        return {
            "events": [list(event) for event in events],
            "late": [],
            "pairs": pairs + [[search, None] for search in over if search not in met],
            "open": [event.id for event in searches if event.id not in over],
            "rows": [
                [event.id, *(version_at(tables[table], event) for table in tables)]
                for event in changes
                if event.time < watermark
            ],
            "waiting": [event.id for event in changes if event.time >= watermark],
            "bound": 0,
            "partitions": 1,
        }


CLIENTS = {"stream-join": StreamJoinClient}
