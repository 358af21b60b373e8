"""A right client of the workload click-stream."""

from memory_clients import SetClient

from splitbrain.checkers.streams.results import Event, version_at, windows


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
            "joined": [[click.id, version_at(tiers, click)] for click in clicks],
            "waiting": [],
            "bound": 0,
        }


CLIENTS = {"click-stream": ClicksClient}
