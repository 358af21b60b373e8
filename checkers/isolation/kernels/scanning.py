"""Kernels that read histories of transactions from bytes into columns, without objects.

One scanner takes the JSON lines that we and elle-cli write and the EDN maps that Jepsen writes.
Keys and values must be integers of 32 bits. Whatever else comes up ends the scan, and the general
readers take over. JSON must be known to be well-formed; of EDN everything is checked here, except
for rows that are marked as odd.
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from splitbrain.checkers.isolation.kernels.words import (
    CLOSE,
    CLOSE_MAP,
    ELEMENTS,
    FAILED,
    FULL,
    LISTED,
    MINUS,
    NINE,
    NULL,
    NUMBER,
    OPEN,
    OPEN_MAP,
    OPERATIONS,
    PROCESS,
    TIME,
    TYPE,
    VALUE,
    ZERO,
    behind,
    field_code,
    fits,
    function_code,
    integer,
    skip_space,
    skip_value,
    type_code,
    word_begin,
    word_end,
)
from splitbrain.checkers.kernels import borrowing

Array = npt.NDArray[Any]


@borrowing
def scan_list(data: Array, at: int, edn: bool, elements: Array, out: Array) -> int:
    """Read integers up to a closing bracket; the place behind it, or `FAILED`."""
    count = out[ELEMENTS]
    while True:
        at = skip_space(data, at, edn)
        if at >= len(data):
            return FAILED
        if data[at] == CLOSE:
            out[ELEMENTS] = count
            return at + 1
        at = integer(data, at, out)
        if at == FAILED or not fits(out[NUMBER]):
            return FAILED
        if count == len(elements):
            out[FULL] = 1
            return FAILED
        elements[count] = out[NUMBER]
        count += 1


@borrowing
def scan_transaction(
    data: Array,
    at: int,
    edn: bool,
    function: Array,
    key: Array,
    value: Array,
    start: Array,
    elements: Array,
    out: Array,
) -> int:
    """Read micro-operations, behind the bracket that opens their list.

    Returns:
        The place behind the list, or `FAILED`.
    """
    while True:
        at = skip_space(data, at, edn)
        if at >= len(data):
            return FAILED
        if data[at] == CLOSE:
            return at + 1
        m = out[OPERATIONS]
        if data[at] != OPEN or m == len(function):
            return FAILED
        # The function's name: its first letters decide what the value behind the key may be.
        begin = word_begin(data, skip_space(data, at + 1, edn), edn)
        end = FAILED if begin == FAILED else word_end(data, begin)
        function[m] = FAILED if end == FAILED else function_code(data, begin, end)
        if function[m] == FAILED:
            return FAILED
        at = integer(data, skip_space(data, behind(data, begin, end), edn), out)
        if at == FAILED or not fits(out[NUMBER]):
            return FAILED
        key[m] = out[NUMBER]
        # Where its list begins, also if it has none: so the next one's start ends this one's.
        start[m] = out[ELEMENTS]
        at = skip_space(data, at, edn)
        if at < len(data) and data[at] == OPEN:
            # No value of 32 bits is LISTED, so that the column tells lists from numbers.
            value[m] = LISTED
            at = scan_list(data, at + 1, edn, elements, out)
        else:
            at = integer(data, at, out)
            if at == FAILED or (out[NUMBER] != NULL and not fits(out[NUMBER])):
                return FAILED
            value[m] = out[NUMBER]
        at = FAILED if at == FAILED else skip_space(data, at, edn)
        if at == FAILED or at >= len(data) or data[at] != CLOSE:
            return FAILED
        at += 1
        out[OPERATIONS] = m + 1


@borrowing
def scan_small(
    data: Array, at: int, edn: bool, which: int, fields: Array, names: Array, row: int, out: Array
) -> int:
    """Read a field's index, time, type, process or f; the place behind it, or `FAILED`."""
    # A process may be a number or a name; index and time are numbers.
    if which <= TIME or (which == PROCESS and (data[at] == MINUS or ZERO <= data[at] <= NINE)):
        at = integer(data, at, out)
        if at != FAILED and which < TYPE and out[NUMBER] < 0:
            return FAILED
        fields[which, row] = out[NUMBER]
        return at
    begin = word_begin(data, at, edn)
    end = FAILED if begin == FAILED else word_end(data, begin)
    if end in (FAILED, begin):
        return FAILED
    if which == TYPE:
        fields[TYPE, row] = type_code(data, begin, end)
    else:
        # Names stay bytes: where they are is kept, and the few that occur are read afterwards.
        fields[which, row] = NULL
        names[row, which - PROCESS, 0] = begin
        names[row, which - PROCESS, 1] = end
    return behind(data, begin, end)


@borrowing
def scan_event(
    data: Array,
    at: int,
    edn: bool,
    fields: Array,
    names: Array,
    odd: Array,
    row: int,
    function: Array,
    key: Array,
    value: Array,
    start: Array,
    elements: Array,
    out: Array,
) -> int:
    """Read the fields of an event, behind the brace that opens it; as `scan_transaction`."""
    while at != FAILED:
        at = skip_space(data, at, edn)
        if at >= len(data) or data[at] == CLOSE_MAP:
            break
        begin = word_begin(data, at, edn)
        end = FAILED if begin == FAILED else word_end(data, begin)
        at = FAILED if end == FAILED else skip_space(data, behind(data, begin, end), edn)
        if at == FAILED or at >= len(data):
            return FAILED
        which = field_code(data, begin, end)
        # A field that is there twice: which one counts is for the general readers to refuse.
        if which < 6 and fields[which, row] != FAILED:
            return FAILED
        if which < VALUE:
            at = scan_small(data, at, edn, which, fields, names, row, out)
            continue
        if which == VALUE and data[at] == OPEN:
            # Where to go back to if this is no transaction after all.
            begin, before, had = at, out[OPERATIONS], out[ELEMENTS]
            at = scan_transaction(data, at + 1, edn, function, key, value, start, elements, out)
            fields[VALUE, row] = 1
            if at != FAILED or out[FULL] != 0:
                continue
            # What the nemesis says may look like this; what a client does may not.
            at, out[OPERATIONS], out[ELEMENTS] = begin, before, had
        if which == VALUE:
            fields[VALUE, row] = 0
        odd[row] = True
        at = skip_value(data, at)
    return at


@borrowing
def scan(
    data: Array,
    at: int,
    row: int,
    edn: bool,
    fields: Array,
    place: Array,
    names: Array,
    odd: Array,
    offsets: Array,
    function: Array,
    key: Array,
    value: Array,
    start: Array,
    elements: Array,
    out: Array,
) -> tuple[int, int]:
    """Read events until the end, or until something is not as expected.

    Arrays have room for all events and micro-operations, and are filled; not so ``elements``.

    Args:
        data: bytes of the file.
        at: where to begin.
        row: how many events were read before.
        edn: whether it is EDN, not JSON.
        fields: a row for each of index, time, type and process (`NULL` for names), f and value; all
            of it `FAILED`, for what is missing.
        place: where each event begins.
        names: where the names of process and f begin and end; all of it `FAILED`.
        odd: events with more than was looked at; all false.
        offsets: of micro-operations, by event.
        function, key, value, start: of micro-operations: `LISTED` is the value of those with a
            list, and ``start`` says where in ``elements`` it begins.
        elements: of lists.
        out: ``OPERATIONS`` and ``ELEMENTS`` that there were before, and are then; ``FULL`` if
            elements had no room, and the scan should go on from where it stopped with more.

    Returns:
        Where the scan stopped (the length of the data if all was read), and how many events there
        are.
    """
    at = skip_space(data, at, edn)
    stopped = at
    while at < len(data) and data[at] == OPEN_MAP and row < len(place):
        place[row] = at
        before, had = out[OPERATIONS], out[ELEMENTS]
        at = scan_event(
            data, at + 1, edn, fields, names, odd, row,
            function, key, value, start, elements, out,
        )  # fmt: skip
        if out[FULL] != 0:
            # As if this event had not been looked at.
            out[OPERATIONS], out[ELEMENTS], odd[row] = before, had, False
            for field in range(len(fields)):
                fields[field, row] = FAILED
            break
        if at == FAILED or at >= len(data) or fields[TYPE, row] == FAILED:
            break
        # Only now, with all fields read in whatever order, is known whether a client wrote it.
        client = fields[PROCESS, row] != NULL
        if client and (fields[PROCESS, row] < 0 or fields[VALUE, row] != 1):
            break
        at = skip_space(data, at + 1, edn)
        row += 1
        # Only whole events count: a scan that ends inside of one has not seen it.
        offsets[row] = out[OPERATIONS]
        stopped = at
    return stopped, row
