"""Runs with traces: a stale read from a leader cut off, a hostile trace, a real failure."""

import json
from pathlib import Path

from run_recording import SECOND, Recording, anomaly, info, plan, save, verdict
from sample_runs import HOSTILE

from splitbrain.harness.runs.store import run_in_folder
from splitbrain.systems import registry


class Tracing:
    """Events of a trace; a message is sent and received, or lost."""

    def __init__(self):
        self.events, self.number = [], 0

    def add(self, *event):
        self.events.append(list(event))

    def message(self, sent, source, destination, body, received=None, lost=None):
        self.number += 1
        self.add(sent, "send", source, destination, self.number, body)
        for time in [received] if isinstance(received, float) else received or ():
            self.add(time, "receive", source, destination, self.number)
        if lost is not None:
            self.add(sent + 0.0001, "drop", source, destination, self.number, lost)

    def write(self, folder):
        ordered = sorted(self.events, key=lambda event: event[0])
        (folder / "trace.jsonl").write_text("".join(json.dumps(e) + "\n" for e in ordered))


def two_leaders_run(folder):
    """n1 leads term 5 and is cut off, n3 leads term 7; a read goes to n1 and misses a write."""
    recording, trace = Recording(), Tracing()
    recording.phase(0, "load")
    for node in ("n1", "n2", "n3"):
        trace.add(0.0, "boot", node, 0)
    trace.add(1.0, "role", "n1", "leader", 5)
    recording.fault("f1", "net.partition", 2 * SECOND, 9 * SECOND, ["n1"], {"messages_dropped": 9})
    for beat in range(8):  # the first of each link is shown, and the first that is lost
        time = 1.2 + 0.05 * beat
        trace.message(time, "n1", "n2", ["append", 5, [], beat], time + 0.001)
    for beat in range(8, 12):
        trace.message(1.8 + 0.05 * beat, "n1", "n2", ["append", 5, [], beat], lost="f1")
    trace.add(2.6, "role", "n3", "candidate", 7)
    trace.message(2.6, "n3", "n2", ["request-vote", 7], 2.601)
    trace.add(2.602, "fsync", "n2", "wal")
    trace.message(2.602, "n2", "n3", ["vote", 7, True], 2.603)
    trace.add(2.603, "role", "n3", "leader", 7)
    trace.message(2.7, "c2", "n3", ["request", 7331606786973054730, "put", "z", 15], 2.701)
    trace.message(2.701, "n3", "n2", ["append", 7, ["put z 15"], 0], (2.702, 2.7021))
    trace.message(2.703, "n2", "n3", ["appended", 7], 2.704)
    trace.message(2.704, "n3", "c2", ["reply", 7331606786973054730, "ok"], 2.705)
    trace.message(2.8, "c1", "n1", ["request", 5527584310829016948, "get", "z"], 2.801)
    trace.message(2.801, "n1", "c1", ["reply", 5527584310829016948, "ok", None], 2.802)
    recording.add(2.7 * SECOND, 1, "invoke", "write", ["z", 15])
    recording.add(2.705 * SECOND, 1, "ok", "write", ["z", 15])
    recording.add(2.8 * SECOND, 0, "invoke", "read", ["z", None])
    recording.add(2.802 * SECOND, 0, "ok", "read", ["z", None])
    blamed = [recording.index_of(type="invoke", f=f) for f in ("write", "read")]
    found = anomaly("stale-read", "process 0 read z = null after 15 was written", blamed, key="z")
    verdicts = [verdict("linearizable(register)", "invalid", "key z", [found])]
    folder = save(folder, recording, plan(clients=2), verdicts, info())
    trace.write(folder)
    return folder


def hostile_trace_run(folder, times=1):
    """Names, messages and reasons as a hostile system would choose them."""
    two_leaders_run(folder)
    trace = Tracing()
    bad = [value for value in HOSTILE if isinstance(value, str) and value != "\ud800"]
    for number, value in enumerate(bad * times):
        time = 2.7 + number / 1000
        trace.add(time, "role", value, value, value)
        trace.message(time, value, "n1", [value, [value]], time + 0.0005)
        trace.message(time, "c1", value, [value, {value: value}], lost=value)
        trace.add(time, "fsync", value, value)
        trace.add(time, "holds", "n1", "z", [value])
        trace.add(time, "state", "n1", value, {value: value})
    trace.write(folder)
    return folder


def raft_run(folder):
    """Leaders that read from themselves, and a client that read what was old."""
    return bug_run(folder, "CON-04")


def bug_run(folder, bug):
    """The run that finds a planted bug under its pinned seed."""
    seeds = json.loads((Path(__file__).parents[1] / "systems" / "pinned_seeds.json").read_text())
    system, planted = registry.bugs()[bug]
    folder.mkdir(parents=True, exist_ok=True)
    run_in_folder(system.hunt(planted, seeds[bug]), folder)
    return folder


def pictured_run(folder):
    """A failed run of a system of somebody's own, whose pictures are hostile."""
    two_leaders_run(folder)
    found = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(found | {"system": "picture_system:SYSTEM"}))
    return folder


def busy_run(folder, beats=800):
    """The stale read of two leaders among thousands of messages: two peers that talk all along."""
    two_leaders_run(folder)
    events = [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]
    trace = Tracing()
    trace.events, trace.number = events, 1000
    for beat in range(beats):
        time = 0.1 + beat * 0.0034
        trace.message(time, "n2", "n3", ["ping", beat], time + 0.001)
        trace.message(time + 0.0012, "n3", "n2", ["pong", beat], time + 0.002)
        trace.message(time + 0.0021, "n2", "n1", ["gossip", beat], lost="f1" if time > 2 else None)
    trace.write(folder)
    return folder
