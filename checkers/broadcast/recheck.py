"""Verdicts on broadcasts checked again, by pairs of messages instead of bits.

Each message has a set of all messages before it by the order that is judged; each server has, for
each message, the positions at which it told that it delivered it. A finding is there if some pair
shows it; a valid verdict is right if none does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from splitbrain.checkers.broadcast.deliveries import BROADCAST, DELIVERIES, DRAIN
from splitbrain.checkers.certificate import CertificateError, Certified, NoCertificate
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.models.model import frozen
from splitbrain.checkers.verdict import INVALID, Verdict

STEPS = 20_000_000
"""How many pairs are looked at before the rest stays unchecked."""


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """What the history says of each finding; of a valid verdict, that there is none.

    Raises:
        CertificateError: a finding is not there, or the verdict is valid and one is.
        NoCertificate: the verdict has no findings, of either kind.
    """
    if "findings" not in verdict.certificate:
        raise NoCertificate("the verdict has no list of findings")
    findings = [(kind, *events) for kind, *events in verdict.certificate["findings"]]
    if verdict.validity is INVALID and not findings:
        raise CertificateError("the verdict is invalid and lists no finding")
    facts = _Facts(history)
    if len(facts.before) ** 2 * len(facts.positions) > STEPS:
        return Certified("nothing", complete=False, unchecked=f"more than {STEPS} pairs are due")
    shown = set(facts.wrong(verdict.checker))
    wrong = {kind for kind, _ in shown}
    for kind, *events in findings:
        if not any(kind == other and told & set(events) for other, told in shown):
            raise CertificateError(f"{kind} at operations {events}: the history doesn't show it")
    if verdict.validity is INVALID:
        return Certified(f"{len(findings)} findings are in the history")
    if wrong:
        raise CertificateError(f"the verdict is valid, and the history shows {sorted(wrong)}")
    return Certified("each two messages were compared at each server")


class _Facts:
    """Who sent and delivered what, from the history alone."""

    def __init__(self, history: History) -> None:
        self.calls = [c for c in history.calls() if c.f in (BROADCAST, DELIVERIES, DRAIN)]
        self.sent = {frozen(c.argument): c for c in self.calls if c.f == BROADCAST}
        self.answers = [c for c in self.calls if c.f != BROADCAST and c.outcome == OK]
        self.before = {message: self._before(call) for message, call in self.sent.items()}
        # By server and position, the messages told and which operations told them.
        self.positions: dict[str, dict[int, dict[Any, set[int]]]] = {}
        for call in self.answers:
            log = self.positions.setdefault(call.result["server"], {})
            for place, message in enumerate(call.result["messages"], call.result["after"]):
                told = log.setdefault(place, defaultdict(set))
                told[frozen(message)].add(_end(call))

    def _before(self, call: Call) -> tuple[set[Any], set[Any]]:
        """What its process had sent, and been told, before a broadcast began."""
        past = [
            c
            for c in self.calls
            if c.process == call.process and c.outcome == OK and _end(c) < call.invoke_index
        ]
        own = {frozen(c.argument) for c in past if c.f == BROADCAST}
        heard = [frozen(m) for c in past if c.f != BROADCAST for m in c.result["messages"]]
        return own, {m for m in heard if m in self.sent}

    def wrong(self, order: str) -> Iterator[tuple[str, frozenset[int]]]:
        """Kinds of what is wrong, each with operations that told it."""
        yield from self._lacking()
        for server, log in self.positions.items():
            yield from self._single(log)
            for other, log2 in self.positions.items():
                if order == "total-order-broadcast" and server != other:
                    yield from _differing(log, log2)
            if order != "total-order-broadcast":
                yield from self._unordered(log, causal=order == "causal-broadcast")

    def _single(self, log: dict[int, dict[Any, set[int]]]) -> Iterator[tuple[str, frozenset[int]]]:
        for place, told in log.items():
            for message, events in told.items():
                if len(told) > 1:
                    yield "unsaid", frozenset(events)
                again = [t[message] for p, t in log.items() if p != place and message in t]
                for others in again:
                    yield "duplicated", frozenset(events | others)
                call = self.sent.get(message)
                for event in events:
                    if call is None or call.outcome == FAIL or call.invoke_index > event:
                        yield "phantom", frozenset({event})

    def _lacking(self) -> Iterator[tuple[str, frozenset[int]]]:
        drained = {c.result["server"]: c for c in self.answers if c.f == DRAIN}
        told = {s: {frozen(m) for m in c.result["messages"]} for s, c in drained.items()}
        for server, call in drained.items():
            for message, sent in self.sent.items():
                if message in told[server]:
                    continue
                if sent.outcome == OK and _end(sent) < call.invoke_index:
                    yield "lost", frozenset({_end(call)})
                if any(message in others for others in told.values()):
                    yield "disagreement", frozenset({_end(call)})

    def _unordered(
        self, log: dict[int, dict[Any, set[int]]], *, causal: bool
    ) -> Iterator[tuple[str, frozenset[int]]]:
        firsts = {place: next(iter(told)) for place, told in log.items()}
        at = {message: place for place, message in sorted(firsts.items(), reverse=True)}
        for message, place in at.items():
            own, heard = self.before.get(message, (set(), set()))
            known = all(p in log for p in range(place))
            for cause in own | heard if causal else own:
                if at.get(cause, place + 1 if known else -1) > place:
                    kind = "causal-order" if causal else "fifo-order"
                    yield kind, frozenset(log[place][message])


def _differing(
    log: dict[int, dict[Any, set[int]]], other: dict[int, dict[Any, set[int]]]
) -> Iterator[tuple[str, frozenset[int]]]:
    for place in log.keys() & other.keys():
        one, two = next(iter(log[place])), next(iter(other[place]))
        if one != two:
            yield "forked", frozenset(log[place][one] | other[place][two])


def _end(call: Call) -> int:
    assert call.complete_index is not None
    return call.complete_index
