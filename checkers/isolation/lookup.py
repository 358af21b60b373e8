"""Looking up what transactions read and wrote, for code that re-checks verdicts.

It reads the history itself and shares nothing with the checkers' columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checkers.history import FAIL, OK, Call, History
from checkers.isolation.certificate_error import CertificateError


class Lookup:
    """A history's transactions by the index of their invocation.

    Attributes:
        lists: True for list-append, False for rw-register.
        calls: clients' transactions.
    """

    def __init__(self, history: History, *, lists: bool) -> None:
        self.lists = lists
        self.calls = history.calls()
        self._by_index = {call.invoke_index: call for call in self.calls}
        self._by_end = {call.complete_index: call for call in self.calls}
        # Everything that an ok transaction read.
        self._seen = {
            (key, element)
            for call in self.calls
            if call.outcome == OK
            for f, key, value in call.result
            if f == "r"
            for element in ((value or ()) if lists else (value,))
        }

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

    def micro_operations(self, call: Call) -> list[Any]:
        """Those of the completion if it is ok, else of the invocation."""
        found: list[Any] = call.result if call.outcome == OK else call.argument
        return found

    def writes(self, call: Call, key: Any) -> list[Any]:
        """What a transaction wrote to a key, in order."""
        return [v for f, k, v in self.micro_operations(call) if f != "r" and k == key]

    def reads(self, call: Call, key: Any) -> list[Any]:
        """What an ok transaction read of a key, in order; none for others."""
        if call.outcome != OK:
            return []
        read = [v for f, k, v in call.result if f == "r" and k == key]
        return [value or [] for value in read] if self.lists else read

    def external(self, call: Call, key: Any) -> list[Any]:
        """What an ok transaction read of a key before it wrote it."""
        found = []
        for f, k, value in self.micro_operations(call) if call.outcome == OK else ():
            if k == key and f != "r":
                break
            if k == key:
                found.append(value)
        return found

    def took_effect(self, call: Call) -> bool:
        """Whether a transaction is ok, or is indeterminate but was seen."""
        if call.outcome != FAIL and call.outcome != OK:
            return any((k, v) in self._seen for f, k, v in call.argument if f != "r")
        return call.outcome == OK

    def writer(self, key: Any, value: Any) -> Call | None:
        """The transaction that wrote a value."""
        return next((call for call in self.calls if value in self.writes(call, key)), None)

    def comes_before(self, key: Any, value: Any, later: Any, step: Mapping[str, Any]) -> bool:
        """Whether a register's version comes before another, for the reason that a step gives."""
        reason = step["reason"]
        if reason == "initial":
            return value is None and later is not None
        first = self.transaction(step["first operation"])
        second = self.transaction(step["second operation"])
        if reason == "writes follow reads":
            follows = self.external(first, key)[:1] == [value]
            return first is second and follows and self.writes(first, key)[-1:] == [later]
        if first.outcome != OK or second.outcome != OK or first.completed is None:
            return False
        if reason == "sequential keys" and first.process != second.process:
            return False
        met = self.writes(first, key)[-1:] or self.external(first, key)[:1]
        meets = self.external(second, key)[:1] or self.writes(second, key)[-1:]
        return first.completed < second.invoked and met == [value] and meets == [later]
