"""Looking up what transactions read and wrote, for code that re-checks verdicts.

It reads the history itself and shares nothing with the checkers' columns. Each index is built when
it is first asked for, in one pass, so that re-checking stays linear in the history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.isolation.recheck.types import typed_call
from splitbrain.checkers.isolation.recheck.versions import version_field, without_versions


class Lookup:
    """A history's transactions by the index of their invocation.

    Attributes:
        lists: True for list-append, False for rw-register.
        assumptions: what may be assumed of registers, by the names that `rw_register` has for it.
        calls: clients' transactions; with ``typed``, their values are told apart by type. If values
            come with their versions, without these.
        versions: by key and value, what the version was said to be; if values come with versions.
    """

    def __init__(
        self,
        history: History,
        *,
        lists: bool,
        assumptions: Collection[str] = (),
        typed: bool = False,
    ) -> None:
        self.lists = lists
        self.assumptions = assumptions
        calls = history.calls()
        calls = [typed_call(call) for call in calls] if typed else calls
        self.versions: dict[tuple[Any, Any], set[int]] = {}
        if "versioned" in assumptions or version_field(assumptions) is not None:
            calls = [
                without_versions(call, version_field(assumptions), self.versions) for call in calls
            ]
        self.calls = calls
        self._by_index = {call.invoke_index: call for call in self.calls}

    @cached_property
    def _by_end(self) -> dict[int | None, Call]:
        return {call.complete_index: call for call in self.calls}

    @cached_property
    def _seen(self) -> set[tuple[Any, Any]]:
        """Everything that an ok transaction read."""
        return {
            (key, element)
            for call in self.calls
            if call.outcome == OK
            for f, key, value in call.result
            if f == "r"
            for element in self.elements(value)
        }

    @cached_property
    def _writers(self) -> dict[tuple[Any, Any], Call]:
        found: dict[tuple[Any, Any], Call] = {}
        for call in self.calls:
            for f, key, value in self.micro_operations(call):
                if f != "r":
                    found.setdefault((key, value), call)
        return found

    @cached_property
    def _earlier(self) -> dict[tuple[Any, Any], Any]:
        """By key and value, what the same transaction wrote to the key just before it."""
        found: dict[tuple[Any, Any], Any] = {}
        for call in self.calls:
            latest: dict[Any, Any] = {}
            for f, key, value in self.micro_operations(call):
                if f == "r":
                    continue
                if key in latest:
                    found.setdefault((key, value), latest[key])
                latest[key] = value
        return found

    @cached_property
    def _overwritten(self) -> set[tuple[Any, Any]]:
        """Keys and values that their own transactions overwrote, or appended to."""
        return {(key, value) for (key, _), value in self._earlier.items()}

    @cached_property
    def _readers(self) -> dict[Any, list[Call]]:
        found: dict[Any, list[Call]] = {}
        for call in self.calls:
            if call.outcome == OK:
                for key in dict.fromkeys(key for f, key, _ in call.result if f == "r"):
                    found.setdefault(key, []).append(call)
        return found

    @cached_property
    def _predecessors(self) -> dict[int, Call]:
        """By index, the last transaction of the same process that had completed before."""
        found: dict[int, Call] = {}
        last: dict[int, Call] = {}
        for call in self.calls:
            if call.process in last:
                found[call.invoke_index] = last[call.process]
            if call.completed is not None:
                last[call.process] = call
        return found

    @cached_property
    def _unwritten(self) -> dict[Any, set[Any]]:
        """By key, what was read of it and nobody wrote."""
        found: dict[Any, set[Any]] = {}
        for call in self.calls:
            for f, key, value in call.result if call.outcome == OK else ():
                if f == "r" and (value is None or (key, value) not in self._writers):
                    found.setdefault(key, set()).add(value)
        return found

    @property
    def initial(self) -> bool:
        """Whether every key starts as nothing."""
        return self.lists or "initial" in self.assumptions

    def starts(self, key: Any, value: Any) -> bool:
        """Whether a value is how its key started.

        That is nothing, if it may be assumed; else the only value that was read and nobody wrote.
        """
        if self.initial:
            return value is None
        return self._unwritten.get(key) == {value}

    def is_garbage(self, key: Any, value: Any) -> bool:
        """Whether nobody wrote a value of a register, and its key may have started as another."""
        if self.initial:
            return value is not None and self.writer(key, value) is None
        found = self._unwritten.get(key, ())
        return len(found) > 1 and value in found

    def transaction(self, index: int) -> Call:
        """The transaction invoked at an index.

        Raises:
            CertificateError: there is none.
        """
        call = self._by_index.get(index)
        if call is None:
            raise CertificateError(f"operation {index} invokes no transaction")
        return call

    def member(self, index: int) -> Call:
        """The transaction completed (or, if it never was, invoked) at an index.

        Raises:
            CertificateError: there is none.
        """
        return self._by_end.get(index) or self.transaction(index)

    def elements(self, value: Any) -> list[Any]:
        """What a read of a value saw: a list's elements, or a register's value if it is set."""
        if self.lists:
            return list(value or ())
        return [] if value is None else [value]

    def micro_operations(self, call: Call) -> list[Any]:
        """Those of the completion if it is ok, else of the invocation."""
        found: list[Any] = call.result if call.outcome == OK else call.argument
        return found

    def writes(self, call: Call, key: Any) -> list[Any]:
        """What a transaction wrote to a key, in order."""
        return [v for f, k, v in self.micro_operations(call) if f != "r" and k == key]

    def written(self, call: Call) -> list[Any]:
        """Keys that a transaction wrote, in order."""
        return list(dict.fromkeys(k for f, k, _ in self.micro_operations(call) if f != "r"))

    def reads(self, call: Call, key: Any) -> list[Any]:
        """What an ok transaction read of a key, in order; none for others."""
        if call.outcome != OK:
            return []
        read = [v for f, k, v in call.result if f == "r" and k == key]
        return [value or [] for value in read] if self.lists else read

    def readers(self, key: Any) -> list[Call]:
        """The ok transactions that read a key."""
        return self._readers.get(key, [])

    def external(self, call: Call, key: Any) -> list[Any]:
        """What an ok transaction read of a key before it wrote it."""
        found = []
        for f, k, value in self.micro_operations(call) if call.outcome == OK else ():
            if k == key and f != "r":
                break
            if k == key:
                found.append(value)
        return found

    def externals(self, call: Call) -> Iterator[tuple[int, Any, Any]]:
        """What a transaction saw of others: place, key and value (a list's last one)."""
        wrote = set()
        for place, (f, key, value) in enumerate(call.result if call.outcome == OK else ()):
            if f != "r":
                wrote.add(key)
            elif key not in wrote:
                yield place, key, ((value or [None])[-1]) if self.lists else value

    def sources(self, call: Call) -> list[Call]:
        """The transactions that one read from, each once."""
        found: dict[int, Call] = {}
        for _, key, value in self.externals(call):
            writer = None if value is None else self.writer(key, value)
            if writer is not None and writer is not call:
                found[writer.invoke_index] = writer
        return list(found.values())

    def predecessor(self, call: Call) -> Call | None:
        """The last transaction of the same process that had completed before; None if none had."""
        return self._predecessors.get(call.invoke_index)

    def took_effect(self, call: Call) -> bool:
        """Whether a transaction is ok, or is indeterminate but was seen."""
        if call.outcome != FAIL and call.outcome != OK:
            return any((k, v) in self._seen for f, k, v in call.argument if f != "r")
        return call.outcome == OK

    def earlier(self, key: Any, value: Any) -> Any:
        """What the writer of a value wrote to the key just before it; None if nothing."""
        return self._earlier.get((key, value))

    def is_intermediate(self, key: Any, value: Any) -> bool:
        """Whether the writer of a value wrote the key again."""
        return (key, value) in self._overwritten

    def writer(self, key: Any, value: Any) -> Call | None:
        """The transaction that wrote a value."""
        return self._writers.get((key, value))
