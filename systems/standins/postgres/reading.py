"""Reads expressions of SQL, by recursive descent: the words of a text, and what they say.

Precedence as in section 4.1.6 of PostgreSQL's documentation, from the loosest: OR, AND, NOT, IS,
comparisons, IN/BETWEEN/LIKE, ``||``, sums, products, sign, cast.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from splitbrain.systems.standins.postgres.errors import SYNTAX, SqlError, unsupported
from splitbrain.systems.standins.postgres.syntax import (
    Cast,
    Column,
    Expression,
    Literal,
    Member,
    Operator,
    Parameter,
)
from splitbrain.systems.standins.postgres.types import INTERVAL, Type, type_named

_TOKEN = re.compile(
    r"""(?P<space>(?:\s|--[^\n]*|/\*.*?\*/)+)
      | (?P<word>[A-Za-z_][A-Za-z_0-9$]*)
      | (?P<quoted>"(?:[^"]|"")*")
      | (?P<text>'(?:[^']|'')*')
      | (?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)
      | (?P<parameter>\$\d+)
      | (?P<sign>::|<=|>=|<>|!=|\|\||[-+*/%=<>(),.;\[\]])""",
    re.VERBOSE | re.DOTALL,
)

_RESERVED = frozenset(
    [
        "select",
        "from",
        "where",
        "group",
        "order",
        "limit",
        "offset",
        "for",
        "returning",
        "union",
        "having",
        "and",
        "or",
        "not",
        "in",
        "null",
        "true",
        "false",
        "default",
        "on",
        "as",
        "table",
        "create",
        "with",
        "case",
        "when",
        "then",
        "else",
    ]
)

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class Token(NamedTuple):
    """A word of a text: what kind, what it says (words in small letters), where it ends."""

    kind: str
    says: str
    end: int


_END = Token("end", "the end", 0)


def tokens_of(text: str) -> list[Token]:
    """The words of a text.

    Raises:
        SqlError: a character begins none.
    """
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SqlError(SYNTAX, f'syntax error at or near "{text[at]}"')
        kind, says, at = match.lastgroup or "", match.group(), match.end()
        if kind == "word":
            says = says.lower()
        elif kind in ("quoted", "text"):
            says = says[1:-1].replace(says[0] * 2, says[0])
        if kind != "space":
            found.append(Token("name" if kind == "quoted" else kind, says, at))
    return found


class Reader:
    """Reads expressions; statements build on it (`splitbrain.systems.standins.postgres.parser`).

    Args:
        tokens: of the whole text.
        at: where to begin.
    """

    def __init__(self, tokens: list[Token], at: int = 0) -> None:
        self.tokens, self.at = tokens, at

    # Words

    @property
    def here(self) -> Token:
        """The next word."""
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def sees(self, *words: str) -> bool:
        """Whether these words (or signs) come next."""
        following = self.tokens[self.at : self.at + len(words)]
        said = tuple(token.says for token in following if token.kind in ("word", "sign"))
        return said == words

    def takes(self, *words: str) -> bool:
        """Whether these words come next; if so they are read."""
        found = self.sees(*words)
        self.at += len(words) * found
        return found

    def wants(self, *words: str) -> None:
        """Read these words.

        Raises:
            SqlError: others come.
        """
        if not self.takes(*words):
            raise self.surprise()

    def surprise(self) -> SqlError:
        """For what does not come as it should."""
        if self.here is _END:
            return SqlError(SYNTAX, "syntax error at end of input")
        return SqlError(SYNTAX, f'syntax error at or near "{self.here.says}"')

    def any_token(self) -> Token:
        """The next word, whatever it is."""
        token = self.here
        if token is _END:
            raise self.surprise()
        self.at += 1
        return token

    def name(self) -> str:
        """A name."""
        reserved = self.here.kind == "word" and self.here.says in _RESERVED
        if reserved or self.here.kind not in ("word", "name"):
            raise self.surprise()
        return self.any_token().says

    def names(self) -> tuple[str, ...]:
        """Names in brackets."""
        self.wants("(")
        found = [self.name()]
        while self.takes(","):
            found.append(self.name())
        self.wants(")")
        return tuple(found)

    # Expressions

    def expression(self) -> Expression:
        """A whole expression."""
        left = self._conjunction()
        while self.takes("or"):
            left = Operator("or", (left, self._conjunction()))
        return left

    def _conjunction(self) -> Expression:
        left = self._negation()
        while self.takes("and"):
            left = Operator("and", (left, self._negation()))
        return left

    def _negation(self) -> Expression:
        if self.takes("not"):
            return Operator("not", (self._negation(),))
        left = self._comparison()
        while self.takes("is"):
            negated = self.takes("not")
            if self.takes("distinct", "from"):
                same = Operator("is-same", (left, self._comparison()))
                left = same if negated else Operator("not", (same,))
                continue
            if self.takes("null"):
                left = Operator("is-null", (left,))
            elif self.here.says in ("true", "false"):
                left = Operator("is-same", (left, Literal(self.any_token().says == "true")))
            else:
                raise self.surprise()
            left = Operator("not", (left,)) if negated else left
        return left

    def _comparison(self) -> Expression:
        left = self._member()
        while self.here.kind == "sign" and self.here.says in _COMPARISONS:
            sign = _COMPARISONS[self.any_token().says]
            if self.sees("any") or self.sees("all"):
                raise unsupported("arrays: give each value, as in IN ($1, $2)")
            left = Operator(sign, (left, self._member()))
        return left

    def _member(self) -> Expression:
        left = self._joined()
        negated = any(self.sees("not", word) for word in ("in", "between", "like"))
        self.at += negated
        made: Expression
        if self.takes("in"):
            self.wants("(")
            made = Member(left, self._among())
            self.wants(")")
        elif self.takes("between"):
            low = self._joined()
            self.wants("and")
            made = Operator(
                "and", (Operator(">=", (left, low)), Operator("<=", (left, self._joined())))
            )
        elif self.takes("like"):
            made = Operator("like", (left, self._joined()))
        else:
            return left
        return Operator("not", (made,)) if negated else made

    def _among(self) -> tuple[Expression, ...]:
        found = [self.expression()]
        while self.takes(","):
            found.append(self.expression())
        return tuple(found)

    def _joined(self) -> Expression:
        left = self._sum()
        while self.takes("||"):
            left = Operator("||", (left, self._sum()))
        return left

    def _sum(self) -> Expression:
        left = self._product()
        while self.here.kind == "sign" and self.here.says in ("+", "-"):
            left = Operator(self.any_token().says, (left, self._product()))
        return left

    def _product(self) -> Expression:
        left = self._signed()
        while self.here.kind == "sign" and self.here.says in ("*", "/", "%"):
            left = Operator(self.any_token().says, (left, self._signed()))
        return left

    def _signed(self) -> Expression:
        if self.takes("-"):
            return Operator("negative", (self._signed(),))
        made = self._primary()
        while self.takes("::"):
            made = Cast(made, self.type())
        return made

    def _primary(self) -> Expression:
        token = self.here
        if token.kind == "number":
            self.at += 1
            return Literal(int(token.says) if token.says.isdigit() else float(token.says))
        if token.kind == "text":
            self.at += 1
            return Literal(token.says)
        if token.kind == "parameter":
            self.at += 1
            return Parameter(int(token.says[1:]))
        if self.takes("("):
            inner = self.expression()
            self.wants(")")
            return inner
        if token.kind == "word" and token.says in ("true", "false", "null"):
            self.at += 1
            return Literal({"true": True, "false": False, "null": None}[token.says])
        if self.takes("cast", "("):
            inner = self.expression()
            self.wants("as")
            made = Cast(inner, self.type())
            self.wants(")")
            return made
        if self.sees("interval") and self.tokens[self.at + 1 : self.at + 2]:
            self.at += 1
            return Cast(Literal(self.any_token().says), INTERVAL)
        if self.takes("current_timestamp"):
            return Operator("now", ())
        return self._named()

    def _named(self) -> Expression:
        name = self.name()
        if self.takes("("):
            return self._call(name)
        if self.takes("."):
            return Column(self.name(), name)
        return Column(name)

    def _call(self, name: str) -> Expression:
        if self.takes("*", ")"):
            return Operator(f"{name}(*)", ())
        operands: list[Expression] = []
        while not self.takes(")"):
            operands.append(self.expression())
            if not self.sees(")"):
                self.wants(",")
        return Operator(name, tuple(operands))

    def type(self) -> Type:
        """The name of a type."""
        name = self.name()
        if name == "character" and self.takes("varying"):
            name = "varchar"
        elif name == "double":
            self.wants("precision")
            name = "float8"
        elif name == "timestamp":
            self.wants("with", "time", "zone")
            name = "timestamptz"
        if self.takes("("):  # the length of a text, which nobody holds it to
            self.any_token()
            self.wants(")")
        if self.takes("["):
            raise unsupported("arrays: give each value, as in IN ($1, $2)")
        return type_named(name)
