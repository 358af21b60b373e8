"""JSON's grammar (RFC 8259), strictly.

>>> load(b'{"a": [1, 2.5, "\\\\u00e9\\\\n", null]}')
{'a': [1, 2.5, 'é\\n', None]}
>>> dump({"a": [1, 2.5, 'é"']}).decode()
'{"a":[1,2.5,"é\\\\""]}'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from splitbrain.systems.encoding.errors import EncodingError, told
from splitbrain.systems.encoding.text import from_utf8, utf8

DEEPEST = 64
"""How many lists and objects may be within each other."""

_MOST_DIGITS = 300  # a double has the largest of these

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_WORDS = (("null", None), ("true", True), ("false", False))
_SHORT = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ESCAPES = {char: f"\\{short}" for short, char in _SHORT.items() if short != "/"}
_ESCAPED = re.compile(r'["\\\x00-\x1f]')

# Writing


def dump(value: Any) -> bytes:
    """The shortest text of a value, in UTF-8.

    Raises:
        EncodingError: JSON has no such value.
    """
    return utf8(_text(value, DEEPEST))


def _text(value: Any, deeper: int) -> str:
    if deeper < 0:
        raise EncodingError(f"more than {DEEPEST} lists and objects are within each other")
    match value:
        case None | True | False:
            return {None: "null", True: "true", False: "false"}[value]
        case int():
            if abs(value) >= 10**_MOST_DIGITS:
                raise EncodingError(f"a number has {_MOST_DIGITS} digits at most")
            return str(value)
        case float() if isfinite(value):
            return repr(value)
        case str():
            utf8(value)  # here, where its place is known
            return quoted(value)
        case list() | tuple():
            items = (_inside(f"[{n}]", item, deeper) for n, item in enumerate(value))
            return f"[{','.join(items)}]"
        case Mapping() if all(isinstance(name, str) for name in value):
            parts = (
                f"{quoted(name)}:{_inside(f'.{name}', item, deeper)}"
                for name, item in value.items()
            )
            return f"{{{','.join(parts)}}}"
    raise EncodingError(f"JSON has no {told(value)}")


def _inside(step: str, item: Any, deeper: int) -> str:
    try:
        return _text(item, deeper - 1)
    except EncodingError as error:
        raise error.inside(step) from None


def quoted(text: str) -> str:
    """Text between quotes; what would end it, and control characters, are escaped."""

    def escape(found: re.Match[str]) -> str:
        char = found[0]
        return _ESCAPES.get(char) or f"\\u{ord(char):04x}"

    return f'"{_ESCAPED.sub(escape, text)}"'


# Reading


def load(data: bytes) -> Any:
    """The value of a text.

    Raises:
        EncodingError: it is no JSON, or a name is in an object twice.
    """
    text = from_utf8(data)
    reader = _Reader(text)
    reader.space()
    value = reader.value(DEEPEST)
    reader.space()
    if reader.at < len(text):
        raise reader.refused("something follows the value")
    return value


class _Reader:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def refused(self, reason: str) -> EncodingError:
        return EncodingError(f"{reason}, at character {self.at}")

    def space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def takes(self, what: str) -> bool:
        """Whether it stands here; if so, it is passed."""
        found = self.text.startswith(what, self.at)
        self.at += len(what) if found else 0
        return found

    def value(self, deeper: int) -> Any:
        if deeper < 0:
            raise self.refused(f"more than {DEEPEST} lists and objects are within each other")
        if self.takes("{"):
            return self.object(deeper)
        if self.takes("["):
            return self.array(deeper)
        if self.takes('"'):
            return self.string()
        for word, value in _WORDS:
            if self.takes(word):
                return value
        return self.number()

    def array(self, deeper: int) -> list[Any]:
        items: list[Any] = []
        self.space()
        if self.takes("]"):
            return items
        while True:
            self.space()
            try:
                items.append(self.value(deeper - 1))
            except EncodingError as error:
                raise error.inside(f"[{len(items)}]") from None
            self.space()
            if self.takes("]"):
                return items
            if not self.takes(","):
                raise self.refused("a list has neither , nor ]")

    def object(self, deeper: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.space()
        if self.takes("}"):
            return found
        while True:
            self.space()
            if not self.takes('"'):
                raise self.refused("an object has no name here")
            name = self.string()
            if name in found:
                raise EncodingError("the name is there twice", f".{name}")
            self.space()
            if not self.takes(":"):
                raise self.refused("a name is not followed by :")
            self.space()
            try:
                found[name] = self.value(deeper - 1)
            except EncodingError as error:
                raise error.inside(f".{name}") from None
            self.space()
            if self.takes("}"):
                return found
            if not self.takes(","):
                raise self.refused("an object has neither , nor }")

    def string(self) -> str:
        parts = []
        while True:
            found = _PLAIN.match(self.text, self.at)
            assert found is not None
            parts.append(found[0])
            self.at = found.end()
            if self.takes('"'):
                return "".join(parts)
            if not self.takes("\\"):
                raise self.refused("a string does not end, or has a control character")
            parts.append(self.escape())

    def escape(self) -> str:
        char = self.text[self.at : self.at + 1]
        self.at += 1
        if char in _SHORT:
            return _SHORT[char]
        if char != "u":
            raise self.refused(f"\\{char} is no escape")
        code = self.hex()
        if 0xD800 <= code < 0xDC00 and self.takes("\\u"):
            low = self.hex()
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= code < 0xE000:
            raise self.refused("half of a surrogate pair is no character")
        return chr(code)

    def hex(self) -> int:
        found = _HEX.match(self.text, self.at)
        if found is None:
            raise self.refused("\\u is not followed by four hexadecimal digits")
        self.at = found.end()
        return int(found[0], 16)

    def number(self) -> int | float:
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            raise self.refused("there is no value")
        if len(found[0]) > _MOST_DIGITS:
            raise self.refused(f"a number has more than {_MOST_DIGITS} characters")
        self.at = found.end()
        if found[1] is None and found[2] is None:
            return int(found[0])
        value = float(found[0])
        if not isfinite(value):
            raise self.refused(f"{found[0]} is too large for a double")
        return value
