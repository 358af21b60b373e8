"""Makes run folders of every kind that a report has to show.

    python tests/reports/sample_runs.py FOLDER    # writes all of them with their reports

They are made from a seed without a simulator: operations get a moment at which they take effect,
and results follow from the order of these moments, so the valid ones are valid by construction.
"""

import sys
from pathlib import Path

from run_recording import (
    MILLISECOND,
    SECOND,
    Recording,
    anomaly,
    info,
    plan,
    register_events,
    save,
    verdict,
)


def _background(recording, end, effects=True):
    """Some faults over a run of `end` seconds, with leaders that follow them; their windows."""
    windows = []
    kinds = (
        ("net.partition", ["n1"], {"messages_dropped": 128}),
        ("process.kill", ["n2"], {"was_running": True}),
        ("clock.drift", ["n3"], {}),
        ("net.latency", ["n1", "n3"], {"messages_delayed": 412}),
        ("process.pause", ["n1"], {"steps_held": 31}),
    )
    term = 1
    recording.phase(0, "load")
    recording.add(0.21 * SECOND, "n1", "info", "leader", {"term": term})
    for number, (kind, targets, effect) in enumerate(kinds):
        start = end * (0.1 + 0.17 * number)
        stop = start + end * (0.22 if kind == "clock.drift" else 0.09)
        recording.fault(
            f"f{number + 1}",
            kind,
            start * SECOND,
            stop * SECOND,
            targets,
            effect if effects else {},
        )
        if kind != "clock.drift":
            windows.append((start, stop))
        if kind in ("net.partition", "process.pause", "process.kill"):
            term += 1
            node = f"n{term % 3 + 1}"
            recording.add((start + 0.45) * SECOND, node, "info", "leader", {"term": term})
    return windows


def _planned(recording):
    return [
        {
            "id": event["value"]["id"],
            "kind": event["f"],
            "at": round(event["time"] / SECOND, 3),
            "duration": 1.0,
            "target": "one",
            "options": {},
        }
        for event in recording.events
        if event["process"] == "nemesis" and isinstance(event["value"], dict)
        if event["value"]["phase"] == "start"
    ]


def _ledger(count):
    return [
        verdict(
            "linearizable(cas-register)",
            "valid",
            "each of 3 keys has a linearization",
            certificate={"keys": 3},
            coverage={"operations": count, "keys": 3},
            cost={"algorithm": "just-in-time linearization", "configurations": 48_211},
        ),
        verdict("leader-per-term", "valid", "4 terms, at most one leader each"),
        verdict("exercised", "valid", "every kind of operation succeeded at least once"),
    ]


def valid_run(folder, count=1000, clients=5, seed=7):
    recording = Recording()
    rate = 20.0 * clients
    end = count / rate
    windows = _background(recording, end)
    over = register_events(recording, count, seed, clients, 3, rate, windows)
    recording.phase((over + 0.1) * SECOND, "heal")
    recording.phase((over + 0.6) * SECOND, "settle")
    recording.phase((over + 1.2) * SECOND, "final")
    recording.phase((over + 1.5) * SECOND, "done")
    the_plan = plan(faults=_planned(recording), clients=clients, seed=seed, rate=rate)
    return save(folder, recording, the_plan, _ledger(count), info())


def large_run(folder, count=20_000):
    return valid_run(folder, count, clients=10, seed=11)


def stale_events(recording, start, client):
    """Two writes and a read that returns the first, by `client` and the one after it."""

    def at(seconds):
        return (start + seconds) * SECOND

    recording.add(at(0.0), client, "invoke", "write", ["x", 901])
    recording.add(at(0.012), client, "ok", "write", ["x", 901])
    recording.add(at(4.87), client + 1, "invoke", "write", ["x", 902])
    recording.add(at(4.893), client + 1, "ok", "write", ["x", 902])
    recording.add(at(9.001), client, "invoke", "read", ["x", None])
    recording.add(at(9.007), client, "ok", "read", ["x", 901])


def _stale_verdicts(recording, start, client):
    operations = [
        recording.index_of(type="invoke", value=["x", 901]),
        recording.index_of(type="invoke", value=["x", 902]),
        recording.index_of(type="invoke", f="read", value=["x", None]),
    ]
    message = (
        f"process {client} read x=901 at {start + 9.001:.3f} s, but 901 had been overwritten by "
        f"process {client + 1}'s write of 902, which completed at {start + 4.893:.3f} s, before "
        "the read began"
    )
    found = anomaly(
        "stale-read",
        message,
        operations,
        key="x",
        window=operations,
        candidates=[{"operation": operations[2], "why": "it reads 901, but x is 902 here"}],
        last_linearized=operations[:2],
    )
    return [
        verdict(
            "linearizable(cas-register)",
            "invalid",
            "key x has no linearization",
            [found],
            coverage={"operations": len(recording.events) // 2, "keys": 4},
            cost={"algorithm": "just-in-time linearization", "configurations": 1_024},
        ),
        verdict("leader-per-term", "valid", "3 terms, at most one leader each"),
        verdict("converged", "valid", "3 replicas hold the same state"),
    ]


def stale_run(folder, count=1000):
    """An invalid run (a stale read) with its shrunk form."""
    recording = Recording()
    windows = _background(recording, 10.0)
    over = register_events(recording, count, 7, 7, 3, 100.0, windows, spare=2)
    stale_events(recording, 1.2, 5)
    recording.phase((over + 0.1) * SECOND, "heal")
    the_plan = plan(faults=_planned(recording), bug="CON-03", seed=217, clients=7)
    shrink = {
        "operations": [count + 3, 3],
        "faults": [5, 1],
        "clients": [7, 2],
        "nodes": [3, 3],
        "runs": 58,
        "often": [27, 30],
        "necessary": [
            {
                "fault": "f1",
                "kind": "net.partition",
                "finding": "necessary",
                "with": [27, 30],
                "without": [0, 30],
            }
        ],
        "certain": {
            "time": 4.88,
            "event": "n3 receives (write, 902) from c2",
            "before": [11, 30],
            "after": [30, 30],
        },
    }
    save(folder, recording, the_plan, _stale_verdicts(recording, 1.2, 5), info(), shrink)
    small = Recording()
    small.phase(0, "load")
    small.add(210 * MILLISECOND, "n1", "info", "leader", {"term": 1})
    effect = {"messages_dropped": 96}
    small.fault("f1", "net.partition", 2.412 * SECOND, 9.5 * SECOND, ["n1"], effect)
    small.add(4.2 * SECOND, "n3", "info", "leader", {"term": 2})
    stale_events(small, 0.0, 0)
    small.phase(9.6 * SECOND, "heal")
    small_plan = plan(
        faults=_planned(small),
        bug="CON-03",
        seed=217,
        clients=2,
        operations=[
            [0.0, 0, "write", ["x", 901]],
            [4.87, 1, "write", ["x", 902]],
            [9.001, 0, "read", ["x", None]],
        ],
    )
    save(folder / "shrunk", small, small_plan, _stale_verdicts(small, 0.0, 0), info())
    return folder


def lost_run(folder, adds=60, add="add", read="read"):
    """A set whose elements 17 and 18 were acknowledged, seen, and then lost.

    `add` and `read` are what its operations are called.
    """
    recording = Recording()
    recording.phase(0, "load")
    recording.fault(
        "f1", "process.power_loss", 3.3 * SECOND, 4 * SECOND, ["n1"], {"writes_lost": 2}
    )
    present = []
    for number in range(adds):
        start = 0.1 + number * 0.15
        who = number % 4
        recording.add(start * SECOND, who, "invoke", add, number)
        recording.add((start + 0.02) * SECOND, who, "ok", add, number)
        present.append(number)
        if start > 3.4:
            present = [element for element in present if element not in (17, 18)]
        if number % 6 == 5:
            recording.add((start + 0.05) * SECOND, 4, "invoke", read, None)
            recording.add((start + 0.09) * SECOND, 4, "ok", read, list(present))
    anomalies = [
        anomaly(
            "lost",
            f"the add of element {element}, acknowledged at {0.12 + element * 0.15:.2f} s, is "
            "missing from every read that began after 3.4 s (first: process 4)",
            [recording.index_of(f=add, type="invoke", value=element)],
            element=element,
        )
        for element in (17, 18)
    ]
    verdicts = [verdict("set-full", "invalid", "2 of 60 acknowledged elements are lost", anomalies)]
    the_plan = plan("set", faults=_planned(recording), bug="REP-01")
    return save(folder, recording, the_plan, verdicts, info(regime="beyond"))


def diverged_run(folder):
    """Replicas that differ after settling, and two leaders of one term."""
    recording = Recording()
    recording.phase(0, "load")
    recording.add(SECOND, "n1", "info", "leader", {"term": 4})
    recording.add(2 * SECOND, "n3", "info", "leader", {"term": 4})
    register_events(recording, 80, 3)
    recording.phase(5 * SECOND, "final")
    states = {
        "n1": {"x": 1, "y": 2, "z": [1, 2]},
        "n2": {"x": 1, "y": 2, "z": [1, 2]},
        "n3": {"x": 1, "y": 7},
    }
    for number, (node, state) in enumerate(states.items()):
        recording.add((5.1 + number) * SECOND, number + 1000, "invoke", "replica-state", node)
        recording.add((5.2 + number) * SECOND, number + 1000, "ok", "replica-state", [node, state])
    reads = [recording.index_of(type="ok", value=[node, states[node]]) for node in states]
    leaders = [recording.index_of(process=node, f="leader") for node in ("n1", "n3")]
    verdicts = [
        verdict(
            "converged",
            "invalid",
            "3 replicas hold 2 different states",
            [anomaly("diverged", "n3 differs from n1 and n2 on 2 keys: y, z", reads)],
        ),
        verdict(
            "leader-per-term",
            "invalid",
            "term 4 has two leaders",
            [anomaly("two-leaders", "n1 and n3 both became leader of term 4", leaders)],
        ),
    ]
    return save(folder, recording, plan(), verdicts, info())


def unknown_run(folder):
    recording = Recording()
    register_events(recording, 40, 5)
    cost = {
        "algorithm": "just-in-time linearization",
        "configurations": 1_000_000,
        "limit": "budget",
    }
    reason = "the budget of 1,000,000 configurations ran out at operation 31 of 40 on key 2"
    verdicts = [verdict("linearizable(cas-register)", "unknown", reason, cost=cost)]
    return save(folder, recording, plan(), verdicts, info())


def killed_run(folder):
    """A run that was killed while it wrote: no verdict, no run.json, half a last line."""
    recording = Recording()
    recording.fault("f1", "net.partition", 0.1 * SECOND, None, ["n2"])
    register_events(recording, 40, 5)
    folder = save(folder, recording, plan())
    text = (folder / "history.jsonl").read_text()
    (folder / "history.jsonl").write_text(text[:-20])
    return folder


HOSTILE = (
    "</script><img src=x onerror=\"document.documentElement.dataset.pwned='1'\">",
    "<script>document.documentElement.dataset.pwned='2'</script>",
    "'\"><svg onload=document.documentElement.dataset.pwned='3'>",
    "\u202egnihton\u202c \u2066x",
    "שלום עולם",
    "{{ 7 * 7 }} {% raw %} ${7*7} `code` | *bold* @someone #1 https://example.invalid/",
    "\x00\x07\x1b[31mred\r\n\ttab",
    "\ud800",
    "漢字かな交じり文🙂" * 6,
    "NaN",
    "A" * 100_000,
    None,
    1e308,
    {"nested": [{"<b>": "</b>"}] * 3},
    "-->]]><!--",
)


def hostile_run(folder):
    """Values, names and errors as a hostile system under test would choose them."""
    recording = Recording()
    # The reader of histories refuses half a surrogate pair; plans and verdicts can hold one.
    values = [value for value in HOSTILE if value != "\ud800"]
    for number, value in enumerate(values):
        start = 0.1 * number
        text = str(value)
        recording.add(start * SECOND, number % 5, "invoke", "write", [text[:80], value])
        kind = ("ok", "info")[number % 2] if number < 10 else "ok"
        error = text if kind == "info" else None
        who = number % 5
        recording.add((start + 0.4) * SECOND, who, kind, "write", [text[:80], value], error)
        if kind == "info":
            # The process is retired, so the next round has to use others.
            recording.events[-1]["process"] = recording.events[-2]["process"] = 5 * number + who
        recording.add(
            (start + 0.05) * SECOND, f"n{number % 3 + 1}", "info", "died", {"error": text}
        )
        recording.fault(
            text[:30], text[:60], (start + 0.1) * SECOND, (start + 0.2) * SECOND, [text[:20]]
        )
    operations = [i for i in range(len(recording.events)) if i % 3 == 0]
    first = recording.index_of(type="invoke")
    details = {
        "key": HOSTILE[0],
        "window": [first, *operations],
        "candidates": [{"operation": first, "why": HOSTILE[1]}],
        "last_linearized": [first],
        "not a number": float("nan"),
    }
    verdicts = [
        verdict(
            HOSTILE[1],
            "invalid",
            HOSTILE[0],
            [anomaly(HOSTILE[2], HOSTILE[0] + HOSTILE[3] + HOSTILE[5], [first], **details)],
            cost={HOSTILE[0]: HOSTILE[1], "share": float("nan")},
            coverage={HOSTILE[2]: 3},
        )
    ]
    the_info = info(notes=list(map(str, HOSTILE[:10])), replay=HOSTILE[0], claims=HOSTILE[1])
    the_plan = plan(system=HOSTILE[0], workload=HOSTILE[1], bug=HOSTILE[7], options={HOSTILE[0]: 1})
    return save(folder, recording, the_plan, verdicts, the_info)


ALL = {
    "valid": valid_run,
    "stale": stale_run,
    "lost": lost_run,
    "diverged": diverged_run,
    "unknown": unknown_run,
    "killed": killed_run,
    "hostile": hostile_run,
    "large": large_run,
}


def main():
    from splitbrain.reports import write_report

    for name, make in ALL.items():
        page = write_report(make(Path(sys.argv[1]) / name)).page
        print(f"{page}  {page.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
