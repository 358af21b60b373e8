"""A right client of the workload friends."""

from memory_clients import SetClient


class FriendsClient(SetClient):
    """All that happened is the store's elements, in order."""

    async def _add(self, *what):
        self.store.elements.append(what)
        return len(self.store.elements)

    async def befriend(self, user, friend):
        return await self._add("befriend", user, friend)

    async def unfriend(self, user, friend):
        return await self._add("unfriend", user, friend)

    async def post(self, user, number):
        return await self._add("post", user, number)

    async def notified(self):
        friends, rows = {}, []
        for f, user, subject in self.store.elements:
            if f == "post":
                rows += [(subject, friend) for friend in sorted(friends.get(user, ()))]
            elif f == "befriend":
                friends.setdefault(user, set()).add(subject)
            else:
                friends.get(user, set()).discard(subject)
        return {"position": len(self.store.elements), "notified": rows}


CLIENTS = {"friends": FriendsClient}
