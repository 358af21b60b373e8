"""Histories in EDN, as Jepsen, Knossos and Elle write them.

    {:type :invoke, :f :read, :value nil, :process 0, :time 11142323154, :index 0}

One map after another, or all of them in one vector or list; records
(``#jepsen.history.Op{...}``) are maps. `edn_parser` has the table of what each form of EDN is as
JSON would have it, `edn_records` says where a keyword is a name and where it is a value.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from splitbrain.checkers.history.collector import collector_paused
from splitbrain.checkers.history.columns import FILES
from splitbrain.checkers.history.errors import HistoryError
from splitbrain.checkers.history.formats.edn_parser import Document, parse
from splitbrain.checkers.history.formats.edn_records import operation_of
from splitbrain.checkers.history.history import History
from splitbrain.checkers.history.rows import history_of, rows_of
from splitbrain.checkers.history.source import Content, read_content


def read_edn(path: str | os.PathLike[str]) -> History:
    """Read a history that Jepsen or a tool like it wrote, plain or gzipped.

    A last line that was cut off is ignored, and noted in ``History.notes``.

    Raises:
        HistoryError: the file cannot be read, is no EDN, or its operations are no history; the
            message names file, line and operation.
    """
    return parse_edn(read_content(path))


def parse_edn(content: Content, adapt: Callable[[dict[str, Any]], Any] | None = None) -> History:
    """The history in the content of a file; see `read_edn`.

    Args:
        content: the file's content.
        adapt: what makes the fields of an operation out of a map, for formats with others.
    """
    content.check_parts(b"[({ ,\n")
    source = content.source
    with collector_paused():
        document = parse(content.text(), source)
    maps, notes = _operations(document, source)
    if adapt is not None:
        records = [operation_of(adapt(m) if isinstance(m, dict) else m) for m in maps]
    else:
        records = [operation_of(m) for m in maps]

    def line_of(position: int) -> int | None:
        return document.line_of(maps[position])

    rows = rows_of(records, source=source, line_of=line_of)
    return history_of(
        rows,
        source=source,
        notes=(*content.notes, *notes),
        dialect=FILES,
        line_of=line_of,
    )


def _operations(document: Document, source: str) -> tuple[list[Any], list[str]]:
    """The operations of a document, and what had to be overlooked."""
    forms = document.forms
    if document.cut_off is not None:
        # Only a last line can be what a killed writer left; more is a bracket that is missing.
        if document.cut_off <= document.text.count("\n"):
            raise HistoryError(
                "what begins here is never closed; look for a missing bracket or quote",
                path=source,
                line=document.cut_off,
            )
        return forms, [f"the last line was cut off and was ignored (line {document.cut_off})"]
    if len(forms) == 1 and isinstance(forms[0], list):
        return forms[0], []
    return forms, []
