"""The last questions of a run, when there is no excuse left: all faults are over, all is settled.

Each of the workload's final reads must succeed somewhere; it is repeated, and then asked of all
servers that are up, since one may be right to refuse (a backup, say). Besides, each server that is
up is asked something at least once: to refuse is an answer, silence is none. What each server was
seen to do is recorded as an event of the nemesis, ``answers``, with ``{name: "ok" | "refused" |
"silent" | "gone"}``, which `splitbrain.checkers.invariants.liveness` judges. Servers that are down
for good are excused, and so are clients of theirs.

Where time is real, to wait for a silent server again and again takes minutes that show nothing new:
there one that has been silent `ATTEMPTS` times is asked no more, and one that nobody heard of under
load either is asked once.

And where nobody judges whether there is an answer, since the faults were more than the system
claims to survive, questions are repeated only as long as answers come: once none has come for
`FRUITLESS_SECONDS`, each that is left is asked once, for `TIMEOUT_SECONDS` at most. What only a
leader had that died for good, say, would be asked for a quarter of an hour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from splitbrain.checkers.history import OK
from splitbrain.checkers.vocabulary import (
    ANSWERED,
    ANSWERS,
    GONE,
    REFUSED,
    REPLICA_STATE,
    SILENT,
    TIMED_OUT,
)
from splitbrain.harness.client import Outcome
from splitbrain.harness.runs.clients import Clients
from splitbrain.harness.runs.recorder import Recorder
from splitbrain.harness.workloads.workload import FinalRead

TIMEOUT_SECONDS = 5.0
ATTEMPTS = 3
"""How often a question is asked by one client, before it goes to other servers."""

FRUITLESS_SECONDS = ATTEMPTS * TIMEOUT_SECONDS
"""Virtual seconds without an answer after which nothing is repeated if nobody judges progress."""

_BETTER = {SILENT: 0, REFUSED: 1, ANSWERED: 2}


class Finals:
    """Asks everything, each client one question at a time."""

    def __init__(
        self,
        clients: Clients,
        recorder: Recorder,
        questions: Iterable[FinalRead],
        servers: Sequence[str],
        gone: Iterable[str],
        *,
        real_time: bool = False,
        now: Callable[[], float] | None = None,
    ) -> None:
        """Prepare to ask.

        Args:
            clients: who asks; all of them free by the time of `ask`.
            recorder: where the servers' answers are put on record.
            questions: the workload's final reads.
            servers: all servers.
            gone: those that are down for good.
            real_time: whether to wait takes real time.
            now: virtual seconds, where it is not judged whether there is an answer; None: it is.
        """
        self._clients = clients
        self._recorder = recorder
        self._servers = tuple(servers)
        self._gone = frozenset(gone)
        self._up = tuple(server for server in servers if server not in self._gone)
        asked = [q for q in every_server_asked(questions, servers) if q.server in self._to]
        self._waiting = [question for question in asked if question.f != REPLICA_STATE]
        self._replicas = [question for question in asked if question.f == REPLICA_STATE]
        self._able: Sequence[int] = ()
        self._answers: dict[str, str] = {}
        self._silences: Counter[str] = Counter()
        self._real_time = real_time
        self._now = now
        self._answered_at = 0.0
        self._asking = 0
        self._done: Callable[[], None] = lambda: None

    @property
    def _to(self) -> tuple[str | None, ...]:
        return (None, *self._up)

    def ask(self, count: int, done: Callable[[], None]) -> None:
        """Ask everything by `count` clients; calls `done` when the last answer is there."""
        self._done = done
        if not self._up:
            self._waiting.clear()  # there is nobody to ask
            self._replicas.clear()
        servers = self._servers
        able = [client for client in range(count) if servers[client % len(servers)] in self._up]
        self._able = able or range(count)
        self._begin()

    def _begin(self) -> None:
        self._asking = len(self._able)
        self._answered_at = 0.0 if self._now is None else self._now()
        for client in self._able:
            self._next(client)

    def _next(self, client: int) -> None:
        while self._waiting:
            if self._attempt(client, self._waiting.pop(0), 1):
                return
        self._asking -= 1
        if not self._asking and self._replicas:
            self._waiting, self._replicas = self._replicas, []
            self._begin()
        elif not self._asking:
            gone = dict.fromkeys(self._gone, GONE)
            told = {
                server: gone.get(server) or self._answers.get(server) for server in self._servers
            }
            self._recorder.nemesis(ANSWERS, {name: what for name, what in told.items() if what})
            self._done()

    def _attempt(self, client: int, question: FinalRead, attempt: int) -> bool:
        """Ask once, for this attempt or the next one that is worth it; False if none is.

        What does not ask a server of itself goes to each in the end, if it has to.
        """
        own = self._servers[client % len(self._servers)]
        most = ATTEMPTS + (len(self._up) if question.f != REPLICA_STATE else 0)
        while attempt <= most and self._given_up(self._asked(question, attempt) or own):
            attempt += 1
        if attempt > most:
            return False
        server = self._asked(question, attempt)

        def then(outcome: Outcome) -> None:
            self._answered(server or own, outcome)
            if (
                outcome.type == OK
                or self._is_fruitless()
                or not self._attempt(client, question, attempt + 1)
            ):
                self._next(client)

        seconds = _patience(question)
        if self._is_fruitless():
            seconds = min(seconds, TIMEOUT_SECONDS)
        self._clients.perform(
            client, question.f, question.value, then, server=server, timeout=seconds
        )
        return True

    def _asked(self, question: FinalRead, attempt: int) -> str | None:
        """Whom this attempt asks; None: the client's own server."""
        if attempt <= ATTEMPTS:
            return question.server
        return self._up[(attempt - ATTEMPTS - 1) % len(self._up)]

    def _given_up(self, server: str) -> bool:
        """Whether to wait for a server once more would be in vain."""
        if not self._real_time:
            return False
        return self._silences[server] >= (ATTEMPTS if server in self._clients.heard else 1)

    def _is_fruitless(self) -> bool:
        """Whether to ask anything again would be in vain, and nobody wants to know."""
        return self._now is not None and self._now() - self._answered_at >= FRUITLESS_SECONDS

    def _answered(self, server: str, outcome: Outcome) -> None:
        silent = outcome.error is not None and outcome.error.startswith(TIMED_OUT)
        seen = ANSWERED if outcome.type == OK else SILENT if silent else REFUSED
        if self._now is not None and outcome.type == OK:
            self._answered_at = self._now()
        self._silences[server] += silent
        before = self._answers.get(server, SILENT)
        self._answers[server] = max(before, seen, key=_BETTER.__getitem__)


def every_server_asked(
    questions: Iterable[FinalRead], servers: Sequence[str]
) -> tuple[FinalRead, ...]:
    """The questions, and the first that anybody may answer once more for each server that none is
    for."""
    asked = tuple(questions)
    anybody = next((question for question in asked if question.server is None), None)
    if anybody is None:
        return asked
    named = {question.server for question in asked}
    return (*asked, *(replace(anybody, server=s) for s in servers if s not in named))


def longest_seconds(questions: Iterable[FinalRead], servers: Sequence[str]) -> float:
    """Virtual seconds in which all is asked, even if one client asks and nobody answers."""
    each = sum(map(_patience, every_server_asked(questions, servers)))
    return each * (ATTEMPTS + len(servers))


def _patience(question: FinalRead) -> float:
    """Virtual seconds that an attempt may take."""
    return TIMEOUT_SECONDS if question.seconds is None else question.seconds
