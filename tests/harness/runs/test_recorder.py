"""Every event is numbered, stamped with virtual time and kept as it will be read back."""

import msgspec
import pytest

from splitbrain.checkers.history import load
from splitbrain.checkers.history.writing import JsonlWriter
from splitbrain.harness.runs.recorder import Recorder


class Watch:
    now = 0.0

    def __call__(self):
        return self.now


def test_events_are_numbered_and_stamped_in_virtual_nanoseconds():
    watch = Watch()
    recorder = Recorder(watch)
    recorder.record(0, "invoke", "read", None)
    watch.now = 1.5
    recorder.record(0, "ok", "read", 3)
    assert [(o.index, o.time) for o in recorder.operations] == [(0, 0), (1, 1_500_000_000)]


def test_a_value_is_recorded_as_it_will_be_read_back():
    recorder, value = Recorder(Watch()), {"pair": (1, 2), "list": [1]}
    operation = recorder.record("n1", "info", "state", value)
    value["list"].append(2)
    assert operation.value == {"pair": [1, 2], "list": [1]}


def test_a_value_that_json_cannot_hold_is_refused_and_leaves_no_gap():
    recorder = Recorder(Watch())
    with pytest.raises(TypeError, match="operation 0"):
        recorder.record(0, "ok", "read", {1, 2})
    assert recorder.record(0, "ok", "read", 1).index == 0


def test_what_goes_to_the_file_is_what_the_history_holds(tmp_path):
    path = tmp_path / "history.jsonl"
    with JsonlWriter(path) as writer:
        recorder = Recorder(Watch(), writer.append)
        recorder.nemesis("phase", "load")
        recorder.record(0, "invoke", "write", ("x", 1))
        recorder.record(0, "info", "write", ("x", 1), "timed out")
        recorder.announcement("n1", "leader", {"term": 1})
    assert list(load(path)) == list(recorder.history())
    assert msgspec.json.decode(path.read_bytes().splitlines()[0])["process"] == "nemesis"
