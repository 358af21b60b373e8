"""A parser for EDN, the notation of Clojure data, as far as Jepsen's histories use it.

What comes out is what JSON could hold, so that a history means the same in either notation:

    EDN                          here
    ---------------------------  ----------------------------------------------------------
    nil true false 1 1N 2.5M     None, True, False, int, float
    "text"                       str
    :keyword \\c ##Inf            str, as written: ``":keyword"``, ``"\\c"``, ``"##Inf"``
    symbol                       str with a quote before it: ``"'symbol"``
    [vector] (list) #{set}       list (a set's elements sorted)
    {:map 1, "map" 2, 2 3}       dict; its keys are names: ``map``, or else JSON text: ``"2"``
    #tag value                   the value
    #_ discarded ; comment       nothing

So ``:a`` and ``"a"`` are two values. A text in which a string has the very letters of a keyword
(``:a`` and ``":a"``), character, symbol or ``##Inf`` is refused, so that no two are ever taken for
one.

One regular expression finds tokens, and a loop with a stack of its own builds values, so deep
nesting cannot exhaust Python's. Source: github.com/edn-format/edn, and the reader of Clojure 1.11
for characters, hexadecimal integers, ratios and ``##``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter
from typing import Any

import msgspec

from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.fields import shown

DEPTH_MAX = 100
"""How deeply values may nest. Histories nest four or five deep."""

# Whitespace before a token is consumed possessively (*+), and text is stripped at its end, so
# that matching never backtracks: time is linear in the text whatever it holds.
_TOKEN = re.compile(
    r"""[\s,]*+(
        [\[\](){}]                      # delimiters
      | "(?:[^"\\]|\\.)*+"              # strings
      | ;[^\n]*+                        # comments
      | \#[_{]                          # discard; start of a set
      | \#\#-?[A-Za-z]++                # ##Inf ##-Inf ##NaN
      | \\(?:[A-Za-z0-9]++|.)           # characters
      | [^\s,;"\\\[\](){}@^`~]++        # numbers, symbols, keywords, tags
      | .                               # anything else is an error
    )""",
    re.VERBOSE | re.DOTALL,
)

_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)N?", re.ASCII)
_PLAIN_INTEGER = re.compile(r"[1-9][0-9]{,18}", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+N?", re.ASCII)
_FLOAT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*(?:[eE][+-]?[0-9]+)?M?|[eE][+-]?[0-9]+M?|M)", re.ASCII)
_RATIO = re.compile(r"[+-]?[0-9]+/[0-9]+", re.ASCII)
_NUMERIC = re.compile(r"[+-]?[0-9]", re.ASCII)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.)", re.DOTALL)
_UNICODE = re.compile(r"u([0-9a-fA-F]{4})")
_OCTAL = re.compile(r"o?([0-3]?[0-7]{1,2})")

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\"}
_CHARACTERS = {
    "newline": "\n",
    "space": " ",
    "tab": "\t",
    "return": "\r",
    "formfeed": "\f",
    "backspace": "\b",
}
_OPENINGS = frozenset(("[", "(", "{", "#{"))
_CLOSINGS = {"]": ("[",), ")": ("(",), "}": ("{", "#{")}
_CONSTANTS = {"nil": None, "true": True, "false": False}

MARKS = (":", "\\", "'", "#")
"""What keywords, characters, symbols and infinities begin with, and strings hardly ever."""

# Python refuses to write decimal numbers of more than 4,300 digits, wherever they came from.
_DIGITS_MAX = 1000

# Atoms up to this length are remembered: keywords and small numbers come again, times don't.
_REMEMBERED_LENGTH = 8
_UNSEEN = object()
_SPACE = " \t\r\n\f\v,"


class _Prefix:
    """Stands among forms for a token that says something of the form after it."""


_TAG, _DISCARD = _Prefix(), _Prefix()


class _Malformed(Exception):
    """Text that is no EDN; the message says how."""


class _BadAtom(_Malformed):
    """A token that is no value; it can be what is left of one if the text was cut off there."""


class _CutOff(Exception):
    """The text ends within a form."""


@dataclass(frozen=True, slots=True)
class Document:
    """All forms of a text, and where they are.

    Attributes:
        text: the text.
        forms: its top-level values in order.
        cut_off: line on which a top-level form begins that the end of the text cuts off and
            that is therefore not in ``forms``; ``None`` if there is none.
        lookalikes: strings that begin as keywords and the like do; there are hardly ever any.
    """

    text: str
    forms: list[Any]
    cut_off: int | None
    lookalikes: frozenset[str]
    _tokens: dict[int, int]

    def line_of(self, form: object) -> int | None:
        """The line of a map that is a form or an element of one; ``None`` for anything else."""
        number = self._tokens.get(id(form))
        return None if number is None else _line_of_token(self.text, number)


@dataclass(slots=True)
class _State:
    """Where a parser is: collections that are open, and what they hold so far."""

    items: list[Any] = field(default_factory=list)
    # For each open collection: the items around it, its opening token and that token's number.
    opened: list[tuple[list[Any], str, int]] = field(default_factory=list)
    # How deep the collections are whose items have prefixes that are still to be applied.
    prefixed: set[int] = field(default_factory=set)
    # Numbers of the tokens that open maps of the outer two levels, by the map's id.
    tokens: dict[int, int] = field(default_factory=dict)
    lookalikes: set[str] = field(default_factory=set)
    number: int = 0


def parse(text: str, source: str) -> Document:
    """Parse all forms of a text.

    Raises:
        HistoryError: the text is no EDN; the message names the line.
    """
    text = text.rstrip(_SPACE)
    state = _State()
    cut_off = None
    try:
        try:
            _consume(map(itemgetter(1), _TOKEN.finditer(text)), state)
        except (_CutOff, _BadAtom) as error:
            if isinstance(error, _BadAtom) and not (state.opened and _is_last(text, state.number)):
                raise
            # What is open, and tags before it, will never be a form.
            items, _, number = state.opened[0] if state.opened else (state.items, "", state.number)
            while items and isinstance(items[-1], _Prefix):
                items.pop()
            state.items, cut_off = items, _line_of_token(text, number)
        forms = _applied(state.items) if 0 in state.prefixed else state.items
        if state.lookalikes:
            _refuse_lookalikes(text, state)
    except _Malformed as error:
        line = _line_of_token(text, state.number)
        raise HistoryError(f"this is not EDN: {error}", path=source, line=line) from None
    return Document(text, forms, cut_off, frozenset(state.lookalikes), state.tokens)


def _consume(tokens: Iterable[str], state: _State) -> None:
    """Build forms from tokens. Locals, since this loop is where the time goes."""
    known: dict[str, Any] = dict(_CONSTANTS)
    items, opened, number = state.items, state.opened, 0
    for number, token in enumerate(tokens):
        value = known.get(token, _UNSEEN)
        if value is not _UNSEEN:
            items.append(value)
        elif token.isdecimal() and _PLAIN_INTEGER.fullmatch(token):
            items.append(int(token))
        elif token in _OPENINGS:
            state.number = number
            if len(opened) == DEPTH_MAX:
                raise _Malformed(f"it is nested more than {DEPTH_MAX} deep")
            opened.append((items, token, number))
            items = []
        elif token in _CLOSINGS:
            state.number = number
            items = _close(items, token, state)
        elif token[0] == "#" and token[:2] not in ("##", "#'"):
            items.append(_DISCARD if token == "#_" else _TAG)
            state.prefixed.add(len(opened))
        elif token[0] != ";":
            state.number = number
            value = _atom(token)
            if token[0] == '"' and type(value) is str and value[:1] in MARKS:
                state.lookalikes.add(value)
            items.append(value)
            if len(token) <= _REMEMBERED_LENGTH:
                known[token] = value
    state.number = number
    if opened or (items and items[-1] is _TAG):
        raise _CutOff


def _close(items: list[Any], closing: str, state: _State) -> list[Any]:
    """End the innermost collection; gives the items around it, which it now belongs to."""
    if not state.opened:
        raise _Malformed(f"{closing!r} closes nothing")
    depth = len(state.opened)
    outer, opening, number = state.opened.pop()
    if opening not in _CLOSINGS[closing]:
        raise _Malformed(f"{closing!r} cannot close {opening!r}")
    if depth in state.prefixed:
        state.prefixed.remove(depth)
        items = _applied(items)
    if opening == "{":
        form: Any = _map(items)
        if depth <= 2:
            state.tokens[id(form)] = number
    else:
        form = sorted(items, key=_set_order) if opening == "#{" else items
    outer.append(form)
    return outer


def _applied(items: list[Any]) -> list[Any]:
    """Forms without their prefixes: tags go, and ``#_`` takes the form after it along.

    From right to left, each prefix finds the form it belongs to as the last one kept.
    """
    kept: list[Any] = []
    for item in reversed(items):
        if not isinstance(item, _Prefix):
            kept.append(item)
        elif not kept:
            raise _Malformed("a tag or '#_' has no value after it")
        elif item is _DISCARD:
            kept.pop()
    kept.reverse()
    return kept


def _map(items: list[Any]) -> dict[str, Any]:
    if len(items) % 2:
        raise _Malformed("a map has a key without a value")
    keys = [name_of(key) if type(key) is str else _json(key) for key in items[::2]]
    result = dict(zip(keys, items[1::2], strict=True))
    if len(result) != len(keys):
        twice = next(key for at, key in enumerate(keys) if key in keys[:at])
        raise _Malformed(f"a map has the key {shown(twice)} twice")
    return result


def name_of(text: str) -> str:
    """What a keyword, symbol or string names, where it is no value but a name."""
    return text[1:] if text[:1] in (":", "'") else text


def _refuse_lookalikes(text: str, state: _State) -> None:
    """Make sure that no keyword or the like has become what a string is, too."""
    for state.number, match in enumerate(_TOKEN.finditer(text)):
        token = match[1]
        if token in _CONSTANTS or (token[0] in '"#;' and token[:2] != "##"):
            continue
        if token in _OPENINGS or token in _CLOSINGS:
            continue
        if (value := _atom(token)) in state.lookalikes:
            raise _Malformed(
                f"{token} stands here and the string {shown(value)} elsewhere, which would be one "
                "value; write one of them in another way"
            )


def _set_order(element: object) -> tuple[int, float | int, str]:
    """Numbers by size, then strings, then everything else by its JSON text."""
    if isinstance(element, int | float) and not isinstance(element, bool):
        return 0, element, ""
    return (1, 0, element) if isinstance(element, str) else (2, 0, _json(element))


def _json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _atom(token: str) -> str | int | float:
    """The value of a token that is no collection."""
    first = token[0]
    if first == ":" and len(token) > 1:
        return token
    if first == '"':
        if len(token) == 1:
            raise _CutOff
        return token[1:-1] if "\\" not in token else _string(token[1:-1])
    if first == "\\":
        return "\\" + _character(token[1:])
    if _NUMERIC.match(token):
        return _number(token)
    if token in ("@", "^", "`", "~", ":"):
        raise _BadAtom(f"{token!r} is no value")
    return token if token[:2] == "##" else "'" + token


def _number(token: str) -> int | float:
    try:
        if _INTEGER.fullmatch(token) and len(token) <= _DIGITS_MAX:
            return int(token.rstrip("N"))
        if _FLOAT.fullmatch(token):
            number = float(token.rstrip("M"))
        elif _RATIO.fullmatch(token):
            above, below = token.split("/")
            number = int(above) / int(below)
        elif len(token) <= _DIGITS_MAX and _HEXADECIMAL.fullmatch(token):
            return int(token.rstrip("N"), 16)
        elif len(token) > _DIGITS_MAX:
            raise ValueError
        else:
            raise _BadAtom(f"{token[:40]!r} is no number")
    except (ValueError, ArithmeticError):
        raise _BadAtom(f"the number {token[:40]}... is out of range") from None
    if not math.isfinite(number):
        raise _BadAtom(f"the number {token[:40]} is out of range")
    return number


def _string(inside: str) -> str:
    """A string without its quotes, with its escapes replaced."""
    text = _ESCAPE.sub(lambda match: _escaped(match[1]), inside)
    try:
        # Java writes characters outside the basic plane as two escapes, halves of one character.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        raise _BadAtom("a string has half of a surrogate pair") from None


def _escaped(escape: str) -> str:
    if escape in _ESCAPES:
        return _ESCAPES[escape]
    if match := _UNICODE.fullmatch(escape):
        return chr(int(match[1], 16))
    if match := _OCTAL.fullmatch(escape):
        return chr(int(match[1], 8))
    name = escape.encode("unicode_escape").decode()  # it may be the end of the line
    raise _BadAtom(f"a string has the unknown escape '\\{name}'")


def _character(name: str) -> str:
    if len(name) == 1:
        return name
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if name and ((match := _UNICODE.fullmatch(name)) or (match := _OCTAL.fullmatch(name))):
        character = chr(int(match[1], 16 if name[0] == "u" else 8))
        if not 0xD800 <= ord(character) <= 0xDFFF:
            return character
    raise _BadAtom(f"{shown(chr(92) + name)} is no character")


def _is_last(text: str, number: int) -> bool:
    """True if no token comes after this one."""
    return next(islice(_TOKEN.finditer(text), number + 1, None), None) is None


def _line_of_token(text: str, number: int) -> int:
    """The line on which a token stands, found by looking for tokens again."""
    token = next(islice(_TOKEN.finditer(text), number, None))
    return text.count("\n", 0, token.start(1)) + 1
