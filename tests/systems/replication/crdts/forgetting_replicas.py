"""Replicas that forget what all have erased, each beside one that never needed to.

Both must show the same at any time, whatever is told late and whoever crashes; who uses this says
in `check` what that is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from splitbrain.systems.replication.crdts.document import Types
from splitbrain.systems.replication.crdts.stability import Stability

ACTORS = ("a", "b", "c")
TWIN = Types()


def scripts(*changes, max_size):
    """Lists of steps: a change, a word to somebody, one that comes late, or a crash; of whom, and
    a number."""
    steps = st.sampled_from((*changes, "tell", "tell", "late", "crash"))
    return st.lists(st.tuples(steps, st.sampled_from(ACTORS), st.integers(0, 5)), max_size=max_size)


@dataclass
class Replica:
    """A document in memory and on disk, and its twin, of which nothing is ever forgotten."""

    name: str
    types: Types
    stability_class: type[Stability]
    life: int = 1
    told: list = field(default_factory=list)

    def __post_init__(self):
        self.here = self.disk = self.types.empty(), TWIN.empty()
        self.stability = self.peers()

    def peers(self):
        return self.stability_class([each for each in ACTORS if each != self.name])

    def change(self, f, argument):
        actor = f"{self.name}/{self.life}"
        ours, twins = (
            types.changed(each, actor, 0, f, argument)
            for types, each in zip((self.types, TWIN), self.here, strict=True)
        )
        assert (ours is None) == (twins is None)
        if ours is not None:
            self.here = ours, twins

    def hear(self, sender, told):
        ours, twins = self.here
        self.here = self.types.merged(ours, told[0]), TWIN.merged(twins, told[1])
        self.stability.hear(sender, told[0].seen)

    def sync(self):
        """Have it on disk, and forget what may be forgotten then."""
        self.disk = self.here
        self.told.append(self.disk)
        ours, twins = self.here
        self.stability.note(self.types.erased(ours), ours.seen)
        self.here = self.types.collected(ours, self.stability.everywhere()), twins
        return self.told[-1]

    def crash(self):
        self.here, self.life, self.stability = self.disk, self.life + 1, self.peers()

    def check(self):
        raise AssertionError("what both show is said by who uses this")


def played(script, replica, change):
    """The replicas after a script; `change` does what is neither told nor a crash."""
    replicas = {name: replica(name) for name in ACTORS}
    for number, (f, name, n) in enumerate(script):
        one, other = replicas[name], replicas[ACTORS[n % 3]]
        if f == "crash":
            one.crash()
        elif f not in ("tell", "late"):
            change(one, f, n, number)
        elif one is not other and f == "tell":
            other.hear(name, one.sync())
        elif one is not other and other.told:
            one.hear(other.name, other.told[n % len(other.told)])
        for each in replicas.values():
            each.check()
    return replicas


def settled(replicas):
    """Each tells each, several times; the documents then."""
    for one in [*replicas.values()] * 3:
        told = one.sync()
        for other in replicas.values():
            if other is not one:
                other.hear(one.name, told)
            other.check()
    for replica in replicas.values():
        replica.sync()
        replica.check()
    return [replica.here[0] for replica in replicas.values()]
