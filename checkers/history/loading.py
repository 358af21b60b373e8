"""Reading a history of any format that we know: the content says which one it is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.formats.edn import parse_edn
from splitbrain.checkers.history.formats.jsonl import parse_jsonl
from splitbrain.checkers.history.formats.porcupine import ETCD_LINE, parse_etcd_log, parse_kv_log
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.scanning import scanned
from splitbrain.checkers.history.source import Content, LongFile, Text, opened

FORMATS = (
    "JSON Lines (one {...} a line, or one array of them)",
    "Jepsen's EDN (maps, or one vector of them)",
    "Jepsen's etcd logs (INFO  jepsen.util - ...)",
    "Porcupine's key-value logs (EDN maps with a :key)",
)
"""The formats that `load` knows, in words."""

# How much of a file tells its format: a log can begin with lines that are no operations.
_SNIFFED_BYTES = 1 << 16

_JSON = re.compile(rb'(?:\[\s*)?\{\s*(?:"|\}|$)')
_KEYED = re.compile(rb"\{[^{}]*:key\s")
_EDN = re.compile(rb"(?:[\[(]\s*)?(?:\{[\s,]*(?::|#_|;)|#[\w.]|;|#_)|\[\s*\]|\(\s*\)")
_ETCD = re.compile(rb"^\s*" + ETCD_LINE.pattern.encode(), re.MULTILINE)

Parser = Callable[[Content], History]

_BY_SUFFIX = {".jsonl": parse_jsonl, ".json": parse_jsonl, ".edn": parse_edn}


def load(path: str | os.PathLike[str] | Content) -> History:
    """Read a history, plain or gzipped, in any of the `FORMATS`; or what was read of it already.

    An empty file is an empty history: a run that was killed before its first operation.

    Raises:
        HistoryError: the file cannot be read, is in no known format, or its operations are no
            history; the message names file, line and operation.
    """
    text = path if isinstance(path, Content) else opened(path)
    start = text.start if isinstance(text, LongFile) else text.data[:_SNIFFED_BYTES]
    parser = _parser(text.source, start)
    history = _scanned(text, parser)
    if history is None:
        history = parser(text.whole() if isinstance(text, LongFile) else text)
    return history


def _scanned(text: Text, parser: Parser) -> History | None:
    """The history in a text whose lines are plain; None if a parser must have a look."""
    if parser not in (parse_jsonl, parse_edn):
        return None
    return scanned(text, edn=parser is parse_edn)


def _parser(source: str, start: bytes) -> Parser:
    """The parser for a file that begins like this."""
    start = start.strip()
    if not start or _JSON.match(start):
        return parse_jsonl
    if _KEYED.match(start):
        return parse_kv_log
    if _EDN.match(start):
        return parse_edn
    if _ETCD.search(start):
        return parse_etcd_log
    suffix = Path(source.removesuffix(".gz")).suffix
    if suffix in _BY_SUFFIX:  # its parser can say better what is wrong
        return _BY_SUFFIX[suffix]
    raise HistoryError(
        f"this is no history in a format we know; the formats are: {'; '.join(FORMATS)}",
        path=source,
    )
