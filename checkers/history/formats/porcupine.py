"""The two text formats of the histories that come with Porcupine (github.com/anishathalye).

`read_etcd_log` reads lines that old Jepsen printed while it tested etcd:

    INFO  jepsen.util - 4	:invoke	:write	3
    INFO  jepsen.util - 4	:info	:write	:timed-out

`read_kv_log` reads maps of a key-value store's operations, whose values become ``[key, value]``:

    {:process 0, :type :invoke, :f :append, :key "0", :value "x 0 0 y"}

Neither has times or indices: the order of lines is all there is.
"""

from __future__ import annotations

import os
import re
from typing import Any

from splitbrain.checkers.history.columns import THREADS
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.formats.edn import parse_edn
from splitbrain.checkers.history.formats.edn_parser import parse
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.rows import history_of, rows_of
from splitbrain.checkers.history.source import Content, read_content

ETCD_LINE = re.compile(
    r"INFO +jepsen\.util - (?P<process>\S+)\s+:(?P<type>invoke|ok|fail|info)\b(?P<rest>.*)"
)
_REST = re.compile(r"\s+:(?P<f>[\w-]+)\s+(?P<value>\S.*)")

_PROCESS_LENGTH = 40

_TIMED_OUT = "timed-out"


def read_etcd_log(path: str | os.PathLike[str]) -> History:
    """Read a log of Jepsen's etcd test, plain or gzipped.

    An operation that timed out, or never completes, is indeterminate. Lines that are about
    anything but operations are ignored, and noted in ``History.notes``.

    Raises:
        HistoryError: the file cannot be read, or its operations are no history; the message
            names file, line and operation.
    """
    return parse_etcd_log(read_content(path))


def read_kv_log(path: str | os.PathLike[str]) -> History:
    """Read a key-value history of Porcupine, plain or gzipped.

    Raises:
        HistoryError: as for `splitbrain.checkers.history.formats.edn.read_edn`.
    """
    return parse_kv_log(read_content(path))


def parse_kv_log(content: Content) -> History:
    """The history in the content of a file; see `read_kv_log`."""
    return parse_edn(content, adapt=_with_key)


def _with_key(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "value": [record.get("key"), record.get("value")]}


def parse_etcd_log(content: Content) -> History:
    """The history in the content of a file; see `read_etcd_log`."""
    records: list[dict[str, Any]] = []
    lines: list[int] = []
    other: list[int] = []
    content.check_parts(b"\n")
    text = content.text()
    for number, line in enumerate(text.split("\n"), 1):
        match = ETCD_LINE.match(line.strip())
        if match is not None:
            records.append(_record(match, content.source, number))
            lines.append(number)
        elif line.strip():
            other.append(number)
    notes = list(content.notes)
    if other:
        notes.append(
            f"lines that are no operations were ignored ({len(other)}, the first is {other[0]})"
        )
    source = content.source
    rows = rows_of(records, source=source, line_of=lines.__getitem__)
    # A client that timed out goes on under its number where the log calls that a failure.
    return history_of(rows, source=source, notes=notes, dialect=THREADS, line_of=lines.__getitem__)


def _record(match: re.Match[str], source: str, line: int) -> dict[str, Any]:
    """The fields of the operation on a line of the log."""
    rest = _REST.fullmatch(match["rest"])
    try:
        values = parse(rest["value"], source).forms if rest else []
    except HistoryError as error:
        raise HistoryError(error.problem, path=source, line=line) from None
    if rest is None or len(values) != 1:
        raise HistoryError(
            "this operation is not complete; it must be a process, a type, a function and one "
            "value",
            path=source,
            line=line,
        )
    process, kind = match["process"], match["type"]
    if len(process) > _PROCESS_LENGTH:
        raise HistoryError(
            f"its process is {process[:_PROCESS_LENGTH]}...; it must be an integer from 0 up for "
            "a client, of at most 64 bits",
            path=source,
            line=line,
        )
    record: dict[str, Any] = {
        "process": int(process) if process.isdecimal() else process.removeprefix(":"),
        "type": kind,
        "f": rest["f"],
        "value": values[0],
    }
    if rest["value"] == f":{_TIMED_OUT}":
        # Only a read that timed out can be said to have failed: it changed nothing.
        indeterminate = kind == "fail" and rest["f"] != "read"
        record |= {
            "type": "info" if indeterminate else kind,
            "value": None,
            "error": _TIMED_OUT,
        }
    return record
