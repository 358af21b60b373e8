"""Runs whose servers trace hostile words wherever a picture of their system has words."""

import json

from run_recording import SECOND, Recording, anomaly, plan, save, verdict
from sample_runs import HOSTILE
from sample_traces import Tracing, two_leaders_run

WORDS = [value for value in HOSTILE if isinstance(value, str) and value != "\ud800"]


def _failover(trace, time, word):
    trace.add(time, "part", "n1", "leader", 5, None)
    trace.add(time, "part", "n2", word, 5, None)
    trace.add(time, "part", "n3", "follower", 5, word)
    trace.add(time, "entries", "n1", 0, [[5, 1, 1]], 0)
    trace.message(time, "c1", "n1", ["request", trace.number, word, 1, 1, word], time)
    trace.message(time, "n1", "c1", ["reply", trace.number - 1, "ok", None, 1], time)
    trace.add(time, "holds", "n1", "z", word)
    trace.add(time, "state", "n2", word, word)


def _replicated_log(trace, time, word):
    trace.add(time, "led", "n1", 0, trace.number, word, [word])
    trace.add(time, "held", "n2", 0, trace.number, 0)
    trace.add(time, "owner", "n1", word, 7, word)
    trace.add(time, "offset", "n1", "commit", word, 3, "n2", True)
    trace.message(time, "c1", "n2", ["request", trace.number, "send", word, word], time)
    trace.message(time, "n2", "c1", ["reply", trace.number - 1, "ok", 3], time)


def _documents(trace, time, word):
    trace.add(time, "part", "n1", "elements", [word])
    trace.add(time, "part", "n2", "elements", ["other"])
    trace.add(time, "part", "n1", "register", [word, 1])
    trace.add(time, "part", "n2", "register", ["other", 1])
    trace.add(time, "part", "n1", word, word)


def _votes(trace, time, word):
    trace.add(time, "role", "n1", word, word)
    trace.add(time, "role", "n2", "leader", word)
    trace.add(time, "entry", "n1", 1 + trace.number, [word], word)
    trace.add(time, "entry", "n2", 1 + trace.number, "other", 7)
    for server in ("n1", "n2"):
        trace.add(time, "commit", server, 1 + trace.number)
    trace.number += 1


def _owners(trace, time, word):
    trace.add(time, "owner", "n1", 0, 7, word)
    trace.add(time, "offset", "n1", "commit", 0, 3, word, True)
    trace.add(time, "offset", "n1", "end", 0, 4)


TRACED = {
    "leader-follower": (_failover, ("failover", "logs", "servers")),
    "replicated-log": (_replicated_log, ("leaders", "owners")),
    "crdts": (_documents, ("replicas",)),
    "paxos": (_votes, ("logs", "progress")),
    "partitioned-log": (_owners, ("owners", "offsets")),
}
"""By system: what one of its servers traces about a word, and the pictures that show it."""


def traced_run(folder, system):
    """The failed run of two leaders, as if it were a system's, with hostile words in its trace."""
    two_leaders_run(folder)
    told, _ = TRACED[system]
    trace = Tracing()
    for number, word in enumerate(WORDS):
        told(trace, 2.7 + number / 1000, word)
    trace.write(folder)
    found = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(found | {"system": system}))
    return folder


def ring_run(folder):
    """Servers of a ring whose members and keys have hostile names."""
    recording = Recording()
    for at, shift in enumerate((0, 1)):
        owners = WORDS[shift : shift + 8]
        pairs = enumerate(zip(WORDS, owners, strict=False))
        told = {f"{key}{word}": [owner] for key, (word, owner) in pairs}
        value = {"members": WORDS[shift : shift + 8], "copies": 1, "owners": told}
        recording.add((1 + at) * SECOND, "n1", "info", "placement", value)
    found = anomaly("needless-movement", WORDS[0], [0, 1], keys=[f"0{WORDS[0]}"])
    verdicts = [verdict("placement", "invalid", WORDS[1], [found])]
    return save(folder, recording, plan("changing-set", system="ring-store"), verdicts)
