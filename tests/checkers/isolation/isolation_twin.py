"""Serializability by definition, and random histories to compare with.

The decider tries all orders of the transactions one after another, and shares nothing with the
checkers. It is hopeless beyond a few transactions.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

from splitbrain.checkers.history import FAIL, INFO, INVOKE, OK, Call, History, Operation

HISTORIES = int(os.environ.get("SPLITBRAIN_TWIN_HISTORIES", "2500"))
"""How many random histories each comparison takes; more is better and slower."""


def serial_order(
    calls: list[Call],
    order: str,
    registers: bool = False,
    start: dict | None = None,
    increasing: bool = False,
) -> bool:
    """Whether some serial order of the transactions gives every read.

    Args:
        calls: transactions; failed ones did not happen, indeterminate ones may have.
        order: "serializable", "strong-session-serializable" or "strong-serializable": what the
            serial order must respect.
        registers: writes replace the value instead of appending to a list.
        start: what keys hold at first, if not nothing.
        increasing: a transaction may not leave a lower value in a key than it held.
    """
    alive = [call for call in calls if call.outcome != FAIL]
    required = sum(1 << i for i, call in enumerate(alive) if call.outcome == OK)
    before = [
        sum(1 << j for j, other in enumerate(alive) if _precedes(other, call, order))
        for call in alive
    ]
    first = (0, tuple(sorted((start or {}).items())))
    reached = {first}
    unexplored = [first]
    while unexplored:
        done, state = unexplored.pop()
        if done & required == required:
            return True
        for i, call in enumerate(alive):
            if done >> i & 1 or before[i] & required & ~done:
                continue
            after = _run(call, dict(state), registers)
            if after is None:
                continue
            if increasing and any(after[key] < held for key, held in state):
                continue
            following = (done | 1 << i, tuple(sorted(after.items())))
            if following not in reached:
                reached.add(following)
                unexplored.append(following)
    return False


def _precedes(first: Call, second: Call, order: str) -> bool:
    if first.completed is None or first.completed > second.invoked:
        return False
    if order == "strong-serializable":
        return True
    return order == "strong-session-serializable" and first.process == second.process


def _run(call: Call, state: dict, registers: bool) -> dict | None:
    """The state after a transaction, or None if its reads don't fit."""
    for f, key, value in call.argument if call.result is None else call.result:
        if f != "r":
            state[key] = value if registers else (*state.get(key, ()), value)
        elif call.outcome == OK:
            seen = state.get(key, None if registers else ())
            if seen != (value if registers else tuple(value)):
                return None
    return state


@dataclass
class Txn:
    process: int
    micros: list
    outcome: str


def random_history(rng: random.Random, registers: bool = False) -> History:
    """A history of a few transactions, serializable or nearly so."""
    sessions = rng.randint(1, 4)
    txns = []
    written: dict[str, int] = {}
    for _ in range(rng.randint(2, 6)):
        micros = []
        for _ in range(rng.randint(1, 3)):
            key = rng.choice("xyz"[: rng.randint(1, 3)])
            if rng.random() < 0.5:
                written[key] = written.get(key, 0) + 1
                micros.append(["w" if registers else "append", key, written[key]])
            else:
                micros.append(["r", key, None])
        outcome = rng.choices([OK, FAIL, INFO], [8, 1, 1])[0]
        txns.append(Txn(rng.randrange(sessions), micros, outcome))
    finals = _execute(rng, txns, registers)
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        _disturb(rng, txns, finals, registers)
    return History.from_operations(_schedule(rng, txns, sessions))


def _execute(rng: random.Random, txns: list[Txn], registers: bool) -> dict:
    """Give reads what a serial execution in some order shows; the final lists of each key."""
    order = list(range(len(txns)))
    if rng.random() < 0.7:
        rng.shuffle(order)
    state: dict[str, list] = {}
    for i in order:
        txn = txns[i]
        if txn.outcome == FAIL or (txn.outcome == INFO and rng.random() < 0.5):
            continue
        for micro in txn.micros:
            if micro[0] != "r":
                state.setdefault(micro[1], []).append(micro[2])
            elif txn.outcome == OK:
                seen = list(state.get(micro[1], []))
                micro[2] = (seen[-1] if seen else None) if registers else seen
    return state


def _disturb(rng: random.Random, txns: list[Txn], finals: dict, registers: bool) -> None:
    """Let a read see another version, or one that never was."""
    reads = [m for t in txns if t.outcome == OK for m in t.micros if m[0] == "r"]
    if not reads:
        return
    micro = rng.choice(reads)
    final = finals.get(micro[1], [])
    writes = [m[2] for t in txns for m in t.micros if m[0] != "r" and m[1] == micro[1]]
    if registers:
        micro[2] = rng.choice([None, *writes, *writes])
    elif rng.random() < 0.7:
        micro[2] = final[: rng.randint(0, len(final))]
    elif writes:
        micro[2] = [*micro[2], rng.choice(writes)]


def _schedule(rng: random.Random, txns: list[Txn], sessions: int) -> list[Operation]:
    """Events of the transactions, each session's in order."""
    waiting: dict[int, list[Txn]] = {}
    for txn in txns:
        waiting.setdefault(txn.process, []).append(txn)
    names = dict.fromkeys(waiting)
    process = {session: session for session in names}
    open_txns: dict[int, Txn] = {}
    operations: list[Operation] = []
    while waiting or open_txns:
        session = rng.choice([s for s in names if s in waiting or s in open_txns])
        at = len(operations)
        if session in open_txns:
            txn = open_txns.pop(session)
            value = txn.micros if txn.outcome == OK else _invoked(txn)
            operations.append(Operation(at, at, process[session], txn.outcome, "txn", value))
            if txn.outcome == INFO:
                process[session] += sessions
            continue
        txn = waiting[session].pop(0)
        if not waiting[session]:
            del waiting[session]
        open_txns[session] = txn
        operations.append(Operation(at, at, process[session], INVOKE, "txn", _invoked(txn)))
    return operations


def _invoked(txn: Txn) -> list:
    return [[f, key, None if f == "r" else value] for f, key, value in txn.micros]


def snapshot_history(rng: random.Random, registers: bool = False) -> History:
    """A history of snapshots, some of them old; in some, writers of a key overlap as they must not.

    So reads agree with themselves, and what is wrong is write skew, long forks, lost updates.
    """
    sessions = rng.randint(2, 6)
    keys = "xyz"[: rng.randint(1, 3)]
    first_wins = rng.random() < 0.7
    written: dict[str, int] = {}
    latest: dict[str, int] = {}
    states: list[dict[str, list]] = [{}]
    txns = []
    for _ in range(rng.randint(3, 6)):
        begin = rng.randint(max(0, len(states) - 4), len(states) - 1)
        outcome = rng.choices([OK, FAIL, INFO], [9, 1, 1])[0]
        own: dict[str, list] = {}
        micros: list = []
        for _ in range(rng.randint(1, 4)):
            key = rng.choice(keys)
            if rng.random() < 0.4 and not (first_wins and latest.get(key, 0) > begin):
                written[key] = written.get(key, 0) + 1
                own.setdefault(key, []).append(written[key])
                micros.append(["w" if registers else "append", key, written[key]])
                continue
            seen: list = [*states[begin].get(key, []), *own.get(key, [])]
            shown = (seen[-1] if seen else None) if registers else seen
            micros.append(["r", key, shown if outcome == OK else None])
        txns.append(Txn(rng.randrange(sessions), micros, outcome))
        if outcome == OK or (outcome == INFO and rng.random() < 0.6):
            for key in own:
                latest[key] = len(states)
            grown = {key: [*states[-1].get(key, []), *new] for key, new in own.items()}
            states.append({**states[-1], **grown})
    if rng.random() < 0.5:
        rng.shuffle(txns)
    return History.from_operations(_schedule(rng, txns, sessions))


WRITTEN = [("x", 1), ("x", 2), ("y", 1), ("y", 2)]


def open_history(rng: random.Random) -> History:
    """Four writers of two keys, and readers that each saw one of these writes and a writer's mark.

    Pruning mostly leaves the order of the writers open.
    """
    marks = "efgh"
    writers = [[["w", key, n], ["w", marks[i], 1]] for i, (key, n) in enumerate(WRITTEN)]
    readers = [
        [["r", *rng.choice(WRITTEN)], ["r", rng.choice(marks), 1]] for _ in range(rng.randint(4, 9))
    ]
    txns = writers + readers
    rng.shuffle(txns)
    return History.from_operations(
        Operation(at, at, at % len(txns), INVOKE if at < len(txns) else OK, "txn", txn)
        for at, txn in enumerate([*txns, *txns])
    )
