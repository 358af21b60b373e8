"""A storm of split votes: for servers that forget what they promised.

Raft's safety rests on a server voting once in a term, also across restarts (Ongaro and Ousterhout,
"In Search of an Understandable Consensus Algorithm", USENIX ATC 2014, figure 2: ``votedFor`` is
persistent). One that forgets its vote does harm only if a second candidate of the very same term
asks it after its restart, which is rare: candidates must stand at the same time, and the voter must
come back before the second one's request arrives. This scenario makes it likely:

    messages between servers are slow      so that several stand before they hear of each other
    a leader is elected                    some of the others restart at once, between two requests
    a while later                          the leader restarts, and there is another election
"""

from __future__ import annotations

from splitbrain.harness.nemesis.control import Effect
from splitbrain.harness.nemesis.injection import Context
from splitbrain.harness.nemesis.kind import WHOEVER_LEADS, Kind, Parameter
from splitbrain.harness.nemesis.kinds.process import strike
from splitbrain.harness.nemesis.rules import LinkRule, links_between
from splitbrain.harness.nemesis.stage import Scenario


class SplitVoteStorm(Scenario):
    """``scenario.split_vote_storm``: slow elections, and voters that restart in the middle."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._turn = 0  # grows with each leader, so that an older one's end is void
        self._restarts = 0

    def begin(self) -> None:
        """Slow messages down, and depose whoever leads."""
        stage, control = self._stage, self._stage.context.control
        links = links_between(control.servers, control.servers)
        delay = float(stage.context.options["delay"])
        stage.put_in_force(LinkRule(stage.context.fault.id, links, delay=delay))
        stage.listen(self._on_leader)
        leader = control.leader()
        if leader is not None:
            self._restart(leader)

    def end(self) -> Effect:
        """Let messages be fast again; nobody is down."""
        return {**self._stage.close(), "restarts": self._restarts}

    def _on_leader(self, leader: str) -> None:
        stage = self._stage
        self._turn += 1
        for name in stage.context.control.servers:
            if name != leader and stage.context.rng.random() < 0.5:
                self._restart(name)
        tenure = stage.around(float(stage.context.options["tenure"]))
        stage.later(tenure, self._depose, leader, self._turn)

    def _depose(self, leader: str, turn: int) -> None:
        if turn == self._turn:
            self._restart(leader)

    def _restart(self, node: str) -> None:
        context = self._stage.context
        owner = context.fault.id
        effect = context.processes.take_down(node, owner, lambda name: strike(context, name))
        context.processes.bring_back(node, owner)
        if effect:
            self._stage.note("restart", node)
            self._restarts += 1


SPLIT_VOTE_STORM = Kind(
    "scenario.split_vote_storm",
    "Messages between servers are slow, so that several candidates stand in one term; whenever "
    "one is elected, some of the others restart at once, and the leader a while later.",
    SplitVoteStorm,
    aliases=("split-vote-storm", "split_vote_storm"),
    parameters=(
        Parameter("delay", 0.1, "mean additional delay of messages, in seconds", 0.001, 60.0),
        Parameter("tenure", 0.1, "typical time a leader leads, in seconds", 0.001, 60.0),
    ),
    targets=WHOEVER_LEADS,
    weights={"leader": 1},
    nodes_down=True,
    composite=True,
)
