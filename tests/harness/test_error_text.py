"""An error reads the same in every run, and says where it was raised."""

from __future__ import annotations

import inspect

import pytest

from splitbrain.harness.error_text import described, innermost, traceback_lines, without_addresses


def test_addresses_are_taken_out_of_texts():
    class Opaque:
        pass

    one, other = (described(ValueError(f"bad {Opaque()!r}")) for _ in range(2))

    assert one == other
    assert one.endswith("Opaque object at 0x...>")
    assert without_addresses("register 0x1F") == "register 0x1F"


def test_an_error_without_text_is_its_name():
    assert described(KeyboardInterrupt()) == "KeyboardInterrupt"


def test_an_error_whose_text_cannot_be_had_is_still_named():
    class Rude(Exception):
        def __str__(self):
            raise RuntimeError

    assert described(Rude()) == "Rude: (its text cannot be had)"


def fails():
    raise LookupError("inner")


def fails_with_a_cause():
    try:
        fails()
    except LookupError as error:
        raise ValueError("outer") from error


def raised_by(function) -> Exception:
    with pytest.raises(Exception) as caught:
        function()
    return caught.value


def test_a_traceback_names_file_line_function_and_source():
    line = inspect.getsourcelines(fails)[1] + 1

    assert traceback_lines(raised_by(fails))[-1] == (
        f'test_error_text.py:{line} in fails: raise LookupError("inner")'
    )


def test_causes_come_after_what_they_caused():
    lines = traceback_lines(raised_by(fails_with_a_cause))
    position = lines.index("caused by LookupError: inner")

    assert lines[position - 1].endswith('raise ValueError("outer") from error')
    assert lines[-1].endswith('raise LookupError("inner")')


def test_a_group_is_told_by_its_first_error():
    inner = ValueError("inner")

    assert innermost(ExceptionGroup("outer", [ExceptionGroup("nursery", [inner])])) is inner


def test_a_deep_traceback_is_cut():
    def deeper(depth):
        return fails() if depth == 0 else deeper(depth - 1)

    lines = traceback_lines(raised_by(lambda: deeper(100)))

    assert lines[0].endswith("frames more")
    assert len(lines) < 20
