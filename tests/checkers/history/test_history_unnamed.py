"""Histories whose events have no process."""

import json

import pytest

from splitbrain.checkers.history import HistoryError, load

INVOKE_READ, OK_READ = ("invoke", "read"), ("ok", "read")
INVOKE_WRITE, OK_WRITE = ("invoke", "write"), ("ok", "write")


@pytest.fixture(params=["json", "edn"])
def read(request, tmp_path):
    """A function that reads events (type, f) without a process, in either notation."""

    def read_events(*events):
        lines = [json.dumps({"type": kind, "f": f}) for kind, f in events]
        if request.param == "edn":
            lines = [f"{{:type :{kind} :f :{f} :process nil}}" for kind, f in events]
        path = tmp_path / "history"
        path.write_text("\n".join(lines))
        return load(path)

    return read_events


def test_operations_one_after_another_are_one_process(read):
    history = read(INVOKE_READ, OK_READ, INVOKE_WRITE, OK_WRITE)
    assert [operation.process for operation in history] == [0, 0, 0, 0]


def test_operations_at_once_are_told_apart_by_what_they_do(read):
    history = read(INVOKE_READ, INVOKE_WRITE, OK_WRITE, INVOKE_WRITE, OK_WRITE, OK_READ)
    assert [operation.process for operation in history] == [0, 1, 1, 1, 1, 0]


def test_the_process_of_an_indeterminate_operation_does_not_come_back(read):
    history = read(INVOKE_WRITE, ("info", "write"), INVOKE_WRITE, OK_WRITE)
    assert [operation.process for operation in history] == [0, 0, 1, 1]


def test_an_invocation_that_nothing_completes_stays_open(read):
    history = read(INVOKE_READ, OK_READ, INVOKE_READ)
    assert [call.outcome for call in history.calls()] == ["ok", "info"]


@pytest.mark.parametrize(
    ("events", "line", "problem"),
    [
        ([INVOKE_READ, INVOKE_READ, OK_READ], 3, "it completes 'read', of which 2 are open"),
        ([INVOKE_READ, OK_READ, OK_READ], 3, "it completes 'read', but none is open"),
        ([INVOKE_READ, ("info", "kill")], 2, "it completes 'kill', but none is open"),
    ],
)
def test_what_cannot_be_told_apart_is_refused_with_its_place(read, events, line, problem):
    with pytest.raises(HistoryError, match=problem) as caught:
        read(*events)
    assert (caught.value.line, caught.value.index) == (line, line - 1)


def test_a_process_that_only_some_events_lack_is_a_mistake(tmp_path):
    path = tmp_path / "history"
    path.write_text(
        '{"index":5,"type":"invoke","process":0,"f":"read"}\n{"index":8,"type":"ok","f":"read"}\n'
    )
    with pytest.raises(HistoryError, match=r":2: operation 8: it has no process"):
        load(path)
