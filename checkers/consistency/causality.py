"""No effect is seen without its cause: causal consistency of messages that answer each other.

*Property.* Operations are ``post`` of ``[message, after]`` (all messages different; ``after`` is a
message that it answers, or None; one whose post failed never was, and counts as None) and ``read``,
which gives a list of messages. A process's own operations come one after the other; a read that
shows a message comes after its post; and so on, transitively. The history is causally consistent if
for each process there is an order of all posts and its own reads, in keeping with this, in which
each read shows just the posts before it. What a read lacks is told by the guarantee that is broken
first on the way there (Terry and others, "Session Guarantees for Weakly Consistent Replicated
Data", PDIS 1994). A read may ask for less: its argument lists which of the first two it asks for,
null is both; then it comes after no more of its own process than that, and has an order of posts
for itself:

=======================  ===========================================================================
read-your-writes         a process does not read what it had posted
monotonic-reads          a process does not read what it had read before
consistent-prefix        a read shows an answer without what it answers
monotonic-writes         a read shows a message without one that its author had posted before
writes-follow-reads      a read shows a message without one that its author had read before
unexpected               a read shows a message that nobody had begun to post, or that failed
duplicated               a read shows a message twice
lost                     a final read lacks a message that was acknowledged before
=======================  ===========================================================================

Final reads are those after the phase event ``final``; if a server was dead for good by then (event
``answers``), it took with it what it alone had, and nothing is called lost. A post in doubt is over
with its process, so it is before nothing but what shows it.

*Source.* Ahamad, Neiger, Burns, Kohli and Hutto, "Causal memory: definitions, implementation, and
programming", Distributed Computing 9, 1995, for a set that only grows; DDIA chapter 5, "Consistent
Prefix Reads" and figure 5-9.

*Algorithm.* Where a read is not closed under causes there is a message on the way that it lacks
next to one that it shows (or to the process itself), so direct causes suffice: by process, what it
has posted and read; by message, what its author had. Where all reads are closed, each process may
take what its reads add in any causal order. Sets are the bits of integers; time is linear in what
the reads show, times the words of a set.

*Left out.* Time: a read may be behind for as long as it likes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from splitbrain.checkers.consistency.recheck.causality import verify
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.history import FAIL, NEMESIS, OK, Call, History
from splitbrain.checkers.models.model import ModelError, frozen, shown
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Checker, Verdict
from splitbrain.checkers.vocabulary import ANSWERS, FINAL, GONE, PHASE

NAME = "causal-consistency"
POST, READ = "post", "read"

_SHOWN = 100
_READ_YOUR_WRITES, _MONOTONIC_READS = SESSION = "read-your-writes", "monotonic-reads"
"""What a read may ask for."""

_PREFIX = "consistent-prefix"
_MONOTONIC_WRITES, _WRITES_FOLLOW_READS = "monotonic-writes", "writes-follow-reads"


def causal_consistency() -> Checker:
    """A checker: no effect is seen without its cause. See the module."""
    return _CausalConsistency()


@dataclass(slots=True)
class _Post:
    """A message: its post, and what its author had posted and read, as bits by `_Messages.bit`."""

    call: Call
    after: int
    posted: int
    read: int

    @property
    def causes(self) -> int:
        return self.after | self.posted | self.read


@dataclass(slots=True)
class _Process:
    posted: int = 0
    read: int = 0


@dataclass(slots=True)
class _Messages:
    """Every message has a bit, in the order of their posts' invocations."""

    posts: list[_Post] = field(default_factory=list)
    numbers: dict[Any, int] = field(default_factory=dict)

    def bit(self, message: Any) -> int:
        number = self.numbers.get(frozen(message))
        return 0 if number is None else 1 << number

    def in_bits(self, bits: int) -> Iterator[_Post]:
        while bits:
            least = bits & -bits
            yield self.posts[least.bit_length() - 1]
            bits ^= least


@dataclass(frozen=True, slots=True)
class _CausalConsistency:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation is not of the form the module describes, or a message is
                posted twice.
        """
        begin = next((e.index for e in history.events(PHASE) if e.value == FINAL), None)
        whole = not any(GONE in e.value.values() for e in history.events(ANSWERS, NEMESIS))
        judge = _Judge(begin if whole else None)
        for moment, call in _moments(history.calls()):
            judge.see(call, begun=moment == call.invoke_index)
        coverage = {
            "messages": len(judge.messages.posts),
            "answers": sum(bool(post.after) for post in judge.messages.posts),
            "reads": judge.reads,
            "reads that show causes with their effects": judge.exercised,
            "reads that ask for less than a session": judge.weaker,
        }
        certificate = {"findings": [[a.kind, *a.operations] for a in judge.anomalies]}
        if judge.anomalies:
            kinds = Counter(anomaly.kind for anomaly in judge.anomalies)
            counts = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            reason = f"{counts}; {judge.anomalies[0].message}"
            kept = tuple(judge.anomalies[:_SHOWN])
            return Verdict(self.name, INVALID, reason, kept, certificate, coverage)
        if not judge.exercised:
            reason = "no read shows a message that had a cause, so none could be missed"
            return Verdict(self.name, UNKNOWN, reason, coverage=coverage)
        reason = f"{judge.exercised} reads show effects, and their causes with them"
        return Verdict(self.name, VALID, reason, certificate=certificate, coverage=coverage)


def _moments(calls: Sequence[Call]) -> list[tuple[int, Call]]:
    """Beginnings of posts and ends of all operations, in the order of the history."""
    found = [(call.invoke_index, call) for call in calls if call.f == POST]
    ends = ((call.complete_index, call) for call in calls)
    found += ((end, call) for end, call in ends if end is not None)
    return sorted(found, key=lambda moment: moment[0])


class _Judge:
    """Goes through a history once, and notes what is wrong.

    Args:
        final: the index from which on reads are final; None if none are.
    """

    def __init__(self, final: int | None) -> None:
        self._final = final
        self._processes: dict[Any, _Process] = {}
        self._acknowledged = 0
        self.messages = _Messages()
        self.anomalies: list[Anomaly] = []
        self.reads = self.exercised = self.weaker = 0

    def see(self, call: Call, *, begun: bool) -> None:
        """The beginning of a post, or the end of an operation."""
        process = self._processes.setdefault(call.process, _Process())
        if begun:
            self._post(call, process)
        elif call.f == POST and call.outcome == OK:
            process.posted |= self.messages.bit(call.argument[0])
            self._acknowledged |= self.messages.bit(call.argument[0])
        elif call.f == READ and call.outcome == OK:
            self._read(call, process)

    def _post(self, call: Call, process: _Process) -> None:
        message, after = _pair(call)
        if frozen(message) in self.messages.numbers:
            raise ModelError(
                call.invoke_index, f"{shown(message)} was posted before; messages must differ"
            )
        answered = 0 if after is None else self.messages.bit(after)
        if any(post.call.outcome == FAIL for post in self.messages.in_bits(answered)):
            answered = 0  # it never was, so nobody need show it
        self.messages.numbers[frozen(message)] = len(self.messages.posts)
        self.messages.posts.append(_Post(call, answered, process.posted, process.read))

    def _read(self, call: Call, process: _Process) -> None:
        asked = _asked(call)
        own = process.posted if _READ_YOUR_WRITES in asked else 0
        earlier = process.read if _MONOTONIC_READS in asked else 0
        self.reads += 1
        self.weaker += len(asked) < len(SESSION)
        counts = Counter(frozen(message) for message in _listed(call))
        bits = 0
        for message, times in counts.items():
            bit = self.messages.bit(message)
            post = self.messages.posts[bit.bit_length() - 1] if bit else None
            if post is None or post.call.outcome == FAIL:
                self._note("unexpected", f"{shown(message)}, which nobody posted", call)
                continue
            bits |= bit
            if times > 1:
                self._note("duplicated", f"{shown(message)} {times} times", post.call, call)
        self._lacks(_READ_YOUR_WRITES, "its own", own & ~bits, call)
        self._lacks(_MONOTONIC_READS, "what it had read before:", earlier & ~bits, call)
        new = list(self.messages.in_bits(bits & ~earlier))
        for post in new:
            if post.causes & ~bits:
                self._effect_alone(post, bits, call)
        if self._final is not None and call.invoke_index > self._final:
            before = self._acknowledged & ~(own | earlier)
            known = (p for p in self.messages.in_bits(before & ~bits) if _ended(p, call))
            for post in list(known)[:1]:
                said = f"no {_name(post)}, which was acknowledged to process {post.call.process}"
                self._note("lost", said, post.call, call)
        self.exercised += any(post.causes for post in self.messages.in_bits(bits))
        process.read |= bits

    def _lacks(self, kind: str, which: str, bits: int, call: Call) -> None:
        for post in list(self.messages.in_bits(bits))[:1]:
            self._note(kind, f"no {_name(post)}, {which} message", post.call, call)

    def _effect_alone(self, effect: _Post, bits: int, call: Call) -> None:
        """A message is there without a direct cause."""
        author = effect.call.process
        for kind, causes, how in (
            (_PREFIX, effect.after, "which it answers"),
            (_MONOTONIC_WRITES, effect.posted, f"which process {author} posted before it"),
            (_WRITES_FOLLOW_READS, effect.read, f"which process {author} had read before it"),
        ):
            for cause in list(self.messages.in_bits(causes & ~bits))[:1]:
                said = f"{_name(effect)} without {_name(cause)}, {how}"
                self._note(kind, said, cause.call, effect.call, call)
                return

    def _note(self, kind: str, said: str, *calls: Call) -> None:
        events = tuple(_end(call) for call in calls)
        self.anomalies.append(Anomaly(kind, f"process {calls[-1].process} reads {said}", events))


def _name(post: _Post) -> str:
    return f"message {shown(post.call.argument[0])}"


def _ended(post: _Post, read: Call) -> bool:
    """Whether it was acknowledged before the read began."""
    end = post.call.complete_index
    return post.call.outcome == OK and end is not None and end < read.invoke_index


def _end(call: Call) -> int:
    return call.invoke_index if call.complete_index is None else call.complete_index


def _pair(call: Call) -> tuple[Any, Any]:
    value = call.argument
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ModelError(call.invoke_index, f"post has [message, after], not {shown(value)[:80]}")
    return value[0], value[1]


def _asked(call: Call) -> Sequence[str]:
    """The guarantees of its session that a read asks for."""
    value = SESSION if call.argument is None else call.argument
    if not isinstance(value, list | tuple) or not set(value) <= set(SESSION):
        raise ModelError(
            call.invoke_index, f"read asks for some of {SESSION}, or null, not {shown(value)[:80]}"
        )
    return tuple(dict.fromkeys(value))


def _listed(call: Call) -> Sequence[Any]:
    if not isinstance(call.result, list | tuple):
        raise ModelError(_end(call), f"read gives a list, not {shown(call.result)[:80]}")
    found: Sequence[Any] = call.result
    return found


ENTRY = CheckerEntry(
    NAME, causal_consistency, "no message is read without those that caused it", verify=verify
)
"""By name."""
