"""Two changes of the members at once: one that hardly anybody has heard of, and a next leader's."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from splitbrain.checkers.vocabulary import ADD_MEMBER, REMOVE_MEMBER
from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.holds import Request
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import WHOEVER_LEADS, Kind, Parameter, Words
from splitbrain.harness.nemesis.rules import LinkRule, links_between
from splitbrain.harness.nemesis.stage import Scenario

MEMBERS = "members"
"""What a leader tells the trace when it begins to count by other members, and when it is elected:
their names."""

APART, ALONE, CHANGED, RIVALLED, CONTESTED, OVER = range(6)
"""Acts: nothing is done; a leader is cut off; it has changed the members; another one leads; and so
does somebody on the first one's side; all are together again, and rest."""


class Contesting(Scenario):
    """``member.contested``: a leader begins a change of the members of which nobody hears, and the
    next one another; then each has a majority of those whom it takes for members, and no more.

        first leader   -- cut off, changes the members ------------------- elected again? --
        some           ------------------ elect another ---- hear the first's side --------
        the others     ------------------ elect another, which changes the members --------

    The bug of single-server changes (Ongaro, raft-dev, 10 July 2015: two additions, and a leader's
    end between them), staged with whoever leads, while the number of members is even: only of such
    can one more or one less make a majority of either half. What it tempts to: to begin a change
    while an earlier one, of which nobody knows, may yet come to light; and to count by members that
    are not agreed upon.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._act = APART
        self._told: tuple[str, ...] = ()  # who the members are, as a leader told last
        self._since = 0.0  # and when that was
        self._first, self._second = "", ""  # leaders of this round
        self._old: tuple[str, ...] = ()  # whom the first one took for members before its change
        self._new: tuple[str, ...] = ()  # and after it
        self._its: frozenset[str] = frozenset()  # the first one's side
        self._client = ""  # who asked it for a change
        self._cuts: list[LinkRule] = []
        self._turn = 0  # grows whenever something happens, so that an old timer is stale
        self._asked: list[Request] = []
        self._contested = 0
        self._deaf: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Wait for a change."""
        self._stage.listen(self._on_leader)
        context = self._stage.context
        self._deaf = [
            context.changes.listen(self._on_change),
            context.control.subscribe(self._on_members),
        ]
        self._ask()

    def end(self) -> Effect:
        """Bring all together, and ask for nothing more."""
        for deaf in self._deaf:
            deaf()
        for request in self._asked:
            self._stage.context.requests.drop(request)
        begun = sum(request.operation is not None for request in self._asked)
        return {**self._stage.close(), "changes": begun, "contested": self._contested}

    def _on_change(self, client: str) -> None:
        """A client asks for one: whoever leads is to hear of it alone."""
        control = self._stage.context.control
        leader = control.leader()
        if self._act == APART and leader is not None and self._settled:
            self._act, self._first, self._old = ALONE, leader, self._told
            self._stage.note("isolate", leader)
            self._client = client
            self._divide((leader,))
            self._give_up_in_time()

    def _on_members(self, event: str, node: str, details: Any) -> None:
        """A leader tells who is a member, from now on or already."""
        if event != MEMBERS:
            return
        self._told, self._since = tuple(details), self._stage.context.control.now
        if self._act == APART:
            self._stage.later(self._calm, self._ask_if_apart)
        elif self._act == ALONE and node == self._first:
            self._changed()
        elif self._act == RIVALLED and node == self._second and set(details) != set(self._old):
            self._then(self._around("tenure"), self._turn_over)

    def _on_leader(self, node: str) -> None:
        if self._act == ALONE and node != self._first:
            self._together()
        elif self._act == CHANGED and node != self._first:
            self._rival(node)
        elif self._act == RIVALLED and node in self._its:
            self._contest(node)

    def _changed(self) -> None:
        """The first leader has begun a change; the next one is to be asked for another."""
        self._act, self._new = CHANGED, self._told
        # One more and one less: if both add a server, that is in either one's majority.
        self._ask(REMOVE_MEMBER if len(self._new) > len(self._old) else ADD_MEMBER)
        self._give_up_in_time()

    def _rival(self, leader: str) -> None:
        """Another one leads, with all but a majority of the first one's members."""
        self._act, self._second = RIVALLED, leader
        able = [name for name in self._new if name not in (self._first, leader)]
        few = self._stage.context.rng.sample(able, min(len(able), len(self._new) // 2))
        self._its = frozenset({self._first, *few})
        self._stage.note("part", leader)
        self._divide(self._its)
        self._cut((self._first,), few)
        self._give_up_in_time()

    def _turn_over(self) -> None:
        """The first leader's side hears it, and it hears them."""
        self._divide(self._its)
        self._give_up_in_time()

    def _contest(self, leader: str) -> None:
        """One of the first one's side leads, too."""
        self._act = CONTESTED
        self._contested += 1
        self._stage.note("contest", leader)
        self._then(self._around("rest"), self._together)

    def _divide(self, side: Collection[str]) -> None:
        """Into those on this side and who asked it for a change, and all others."""
        control = self._stage.context.control
        self._lift()
        others = [name for name in control.servers if name not in side]
        rest = [name for name in control.clients if name != self._client]
        self._cut((*side, self._client), others)
        self._cut(rest, side)

    def _together(self) -> None:
        self._act = OVER
        self._lift()
        self._then(self._around("rest"), self._next_round)

    def _next_round(self) -> None:
        self._act = APART
        self._ask()

    def _ask_if_apart(self) -> None:
        if self._act == APART:
            self._ask()

    def _cut(self, some: Collection[str], others: Collection[str]) -> None:
        self._cuts.append(self._stage.cut(links_between(some, tuple(others))))

    def _lift(self) -> None:
        for rule in self._cuts:
            self._stage.lift(rule)
        self._cuts.clear()

    def _ask(self, f: str | None = None) -> None:
        """Ask for a change, unless nobody has begun the one before."""
        context = self._stage.context
        if self._asked and self._asked[-1] in context.requests.waiting:
            return
        f = f or context.rng.choice((ADD_MEMBER, REMOVE_MEMBER))
        request = context.requests.ask(f, context.rng)
        if request is not None:
            self._asked.append(request)

    def _give_up_in_time(self) -> None:
        self._then(float(self._stage.context.options["patience"]), self._together)

    def _then(self, delay: float, action: Callable[[], None]) -> None:
        """Do this next, unless something else comes before it."""
        self._turn += 1
        turn = self._turn
        self._stage.later(delay, lambda: action() if turn == self._turn else None)

    @property
    def _settled(self) -> bool:
        """Whether an even number of members has been the same for a while; of two the other one
        can't be elected."""
        calm = self._stage.context.control.now - self._since >= self._calm
        return calm and len(self._told) > 2 and len(self._told) % 2 == 0

    @property
    def _calm(self) -> float:
        return float(self._stage.context.options["calm"])

    def _around(self, option: str) -> float:
        return self._stage.around(float(self._stage.context.options[option]))


CONTESTED_CHANGE = Kind(
    "member.contested",
    "The leader is cut off when it is asked for a change of the members, and the next one is asked "
    "for another; then each has just a majority of those whom it takes for members, until both "
    "lead. Repeated.",
    Contesting,
    Words("two leaders change the members, each unheard by the other", "all hear each other"),
    aliases=("contested",),
    parameters=(
        Parameter("tenure", 0.3, "typical time that a leader is alone, in seconds", 0.001, 60.0),
        Parameter("rest", 0.3, "typical time between two rounds, in seconds", 0.001, 60.0),
        Parameter("calm", 0.05, "seconds without a change before a round", 0.0, 60.0),
        Parameter("patience", 1.5, "seconds to wait for another leader", 0.01, 600.0),
    ),
    targets=WHOEVER_LEADS,
    weights={"leader": 1},
    composite=True,
    by_name=True,
)
