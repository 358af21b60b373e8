"""Systems that are no function of their plan, each for a reason of its own."""

from small_register import Client, Durable

from splitbrain.harness.workloads import register


class Hashed(Durable):
    """Does things in the order of a set."""

    async def run(self):
        for word in {"apple", "pear", "plum", "fig", "quince"}:
            self.node.trace("fruit", word)
        await super().run()


class Counted(Durable):
    """Counts its lives in a class that outlives the run."""

    lives = 0

    async def run(self):
        Counted.lives += 1
        self.node.trace("life", Counted.lives)
        await super().run()


class Placed(Durable):
    """Looks where in the memory it is."""

    async def run(self):
        self.node.trace("place", id(self))
        await super().run()


def sound(plan):
    return plan.using(Durable, register(Client))


def hashed(plan):
    return plan.using(Hashed, register(Client))


def counted(plan):
    return plan.using(Counted, register(Client))


def placed(plan):
    return plan.using(Placed, register(Client))


def broken(plan):
    raise RuntimeError("no such thing")
