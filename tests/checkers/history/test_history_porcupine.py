"""Reading the text formats that come with Porcupine."""

import pytest

from splitbrain.checkers.history import (
    FAIL,
    INFO,
    INVOKE,
    OK,
    HistoryError,
    Operation,
    read_etcd_log,
    read_kv_log,
)


@pytest.fixture
def log(tmp_path):
    """A function that reads operations as an etcd log, each prefixed as Jepsen does."""

    def read(*operations):
        path = tmp_path / "etcd.log"
        path.write_text("".join(f"INFO  jepsen.util - {line}\n" for line in operations))
        return read_etcd_log(path)

    return read


def test_an_etcd_log(log):
    assert list(
        log(
            "0\t:invoke\t:read\tnil",
            "1   :invoke :cas    [1 4]",
            "0\t:ok\t:read\t3",
            "1   :fail   :cas    [1 4]",
            ":nemesis :info :start nil",
        )
    ) == [
        Operation(0, 0, 0, INVOKE, "read", None),
        Operation(1, 1, 1, INVOKE, "cas", [1, 4]),
        Operation(2, 2, 0, OK, "read", 3),
        Operation(3, 3, 1, FAIL, "cas", [1, 4]),
        Operation(4, 4, "nemesis", INFO, "start", None),
    ]


@pytest.mark.parametrize(
    ("f", "argument", "kind", "outcome"),
    [
        ("write", "4", "info", INFO),
        ("cas", "[1 2]", "info", INFO),
        ("write", "4", "fail", INFO),
        ("cas", "[1 2]", "fail", INFO),
        ("read", "nil", "fail", FAIL),  # whether it happened makes no difference
    ],
)
def test_what_timed_out_is_indeterminate_unless_it_changes_nothing(log, f, argument, kind, outcome):
    history = log(f"0 :invoke :{f} {argument}", f"0 :{kind} :{f} :timed-out")
    assert [call.outcome for call in history.calls()] == [outcome]
    assert (history[1].value, history[1].error) == (None, "timed-out")


def test_a_client_whose_failure_we_doubt_goes_on(log):
    history = log("0 :invoke :write 1", "0 :fail :write :timed-out", "0 :invoke :read nil")
    assert [call.outcome for call in history.calls()] == [INFO, INFO]


def test_what_never_completes_is_indeterminate(log):
    assert [call.outcome for call in log("0 :invoke :write 1").calls()] == [INFO]


def test_other_lines_are_ignored_and_noted(tmp_path):
    path = tmp_path / "etcd.log"
    path.write_text("INFO  jepsen.core - Running\n\nINFO  jepsen.util - 0 :invoke :read nil\nbye\n")
    history = read_etcd_log(path)
    assert len(history) == 1
    assert history.notes == ("lines that are no operations were ignored (2, the first is 1)",)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("0 :ok :read", "this operation is not complete"),
        ("0 :ok", "this operation is not complete"),
        ("0 :ok :read 3 4", "this operation is not complete"),
        ("0 :ok :read [3", "this operation is not complete"),
        ("0 :ok :read 3]", "']' closes nothing"),
        ("0 :ok :write 3", "it completes 'write'"),
        ("1 :ok :read 3", "process 1 never invoked anything"),
    ],
)
def test_a_line_that_is_no_operation_is_refused_with_its_place(log, line, problem):
    with pytest.raises(HistoryError, match=r"etcd\.log:2: ") as caught:
        log("0 :invoke :read nil", line)
    assert problem in str(caught.value)
    assert caught.value.line == 2


def test_a_kv_log_has_keys_with_its_values(tmp_path):
    path = tmp_path / "kv.txt"
    path.write_text(
        '{:process 0, :type :invoke, :f :get, :key "7", :value nil}\n'
        '{:process 0, :type :ok, :f :get, :key "7", :value "x"}\n'
    )
    assert [o.value for o in read_kv_log(path)] == [["7", None], ["7", "x"]]


def test_a_kv_log_in_which_something_is_no_operation_is_refused(tmp_path):
    path = tmp_path / "kv.txt"
    path.write_text('{:process 0, :type :invoke, :f :get, :key "7"}\n7\n')
    with pytest.raises(HistoryError, match="it is a plain value"):
        read_kv_log(path)
