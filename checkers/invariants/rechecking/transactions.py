"""Re-checking verdicts on invariants: bank, doctors, long fork, causal reverse.

Invalid verdicts name reads, which are looked up; for valid ones all reads are gone through again.
Linear, but for long forks: there in the pairs of keys that a read saw and missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from splitbrain.checkers.certificate import CertificateError
from splitbrain.checkers.history import FAIL, OK, Call, History
from splitbrain.checkers.isolation.recheck.lookup import Lookup
from splitbrain.checkers.verdict import INVALID, Anomaly, Verdict

_Check = Callable[[Lookup, Mapping[str, Any], Anomaly], bool]


def verify_invariant(history: History, verdict: Verdict) -> str:
    """Check a verdict of `bank`, `doctors`, `long_fork` or `causal_reverse`.

    Returns:
        What was confirmed, in a sentence.

    Raises:
        CertificateError: it is wrong.
    """
    look = Lookup(history, lists=False)
    if verdict.validity is not INVALID:
        wrong = next(_ALL[verdict.checker](look, verdict.certificate), None)
        if wrong is not None:
            raise CertificateError(wrong)
        return f"no read breaks {verdict.checker}{_granted(verdict)}"
    if not verdict.anomalies:
        raise CertificateError("the verdict names no anomaly")
    for anomaly in verdict.anomalies:
        if not _ONE[verdict.checker, anomaly.kind](look, verdict.certificate, anomaly):
            raise CertificateError(f"operations {anomaly.operations} show no {anomaly.kind}")
    return f"{len(verdict.anomalies)} anomalies were found again in the history{_granted(verdict)}"


def _granted(verdict: Verdict) -> str:
    """What the verdict claims that no history can show, and whoever reads it has to know."""
    claim = verdict.certificate
    told = [
        *([f"a total of {claim['total']} is right"] if claim.get("given") else []),
        *(["balances may be negative"] if claim.get("negative") else []),
        *([f"at least {claim['least']} must be on call"] if "least" in claim else []),
    ]
    return f", taking for granted that {' and '.join(told)}" if told else ""


def _ok(look: Lookup, f: str) -> Iterator[Call]:
    return (call for call in look.calls if call.outcome == OK and call.f == f)


def _read_by(look: Lookup, anomaly: Anomaly) -> Any:
    """What the last operation of an anomaly, a read, returned."""
    call = look.member(anomaly.operations[-1])
    if call.outcome != OK or call.f != "read":
        raise CertificateError(f"operation {anomaly.operations[-1]} is no read")
    return call.result


def _total(look: Lookup, certificate: Mapping[str, Any]) -> tuple[int, set[str]]:
    """The total that is claimed, which must be the first read's unless it was given."""
    first = _accounts(next(_ok(look, "read")).result)
    total = certificate["total"]
    if not certificate["given"] and _sum(first) != total:
        raise CertificateError(f"the first read shows no total of {total}")
    return total, {str(account) for account in first}


def _accounts(read: Any) -> Mapping[Any, Any]:
    """Balances by account; those of a list are numbered."""
    return dict(enumerate(read)) if isinstance(read, (list, tuple)) else read


def _sum(balances: Mapping[str, Any]) -> int:
    return sum(balance for balance in balances.values() if balance is not None)


def _wrong_total(look: Lookup, certificate: Mapping[str, Any], anomaly: Anomaly) -> bool:
    return bool(_sum(_accounts(_read_by(look, anomaly))) != _total(look, certificate)[0])


def _wrong_accounts(look: Lookup, certificate: Mapping[str, Any], anomaly: Anomaly) -> bool:
    return {str(a) for a in _accounts(_read_by(look, anomaly))} != _total(look, certificate)[1]


def _no_balance(look: Lookup, certificate: Mapping[str, Any], anomaly: Anomaly) -> bool:
    return None in _accounts(_read_by(look, anomaly)).values()


def _negative(look: Lookup, certificate: Mapping[str, Any], anomaly: Anomaly) -> bool:
    balances = _accounts(_read_by(look, anomaly)).values()
    there = (balance for balance in balances if balance is not None)
    return not certificate["negative"] and min(there) < 0


def _bank(look: Lookup, certificate: Mapping[str, Any]) -> Iterator[str]:
    total, accounts = _total(look, certificate)
    for call in _ok(look, "read"):
        balances = _accounts(call.result)
        right = None not in balances.values() and {str(a) for a in balances} == accounts
        right = right and _sum(balances) == total
        if not right or (not certificate["negative"] and min(balances.values(), default=0) < 0):
            yield f"operation {call.invoke_index} read {balances}"


def _too_few(look: Lookup, certificate: Mapping[str, Any], anomaly: Anomaly) -> bool:
    shift, on_call = _read_by(look, anomaly)
    return bool(shift == anomaly.details["shift"] and len(on_call) < certificate["least"])


def _doctors(look: Lookup, certificate: Mapping[str, Any]) -> Iterator[str]:
    for call in _ok(look, "read"):
        if len(call.result[1]) < certificate["least"]:
            yield f"operation {call.invoke_index} read {call.result[1]} on call"


def _seen(look: Lookup, call: Call) -> tuple[set[Any], set[Any]]:
    """Keys that a transaction saw written, and keys that it saw unwritten."""
    own = set(look.written(call))
    found: tuple[set[Any], set[Any]] = (set(), set())
    for f, key, value in call.result if call.outcome == OK else ():
        if f == "r" and key not in own:
            found[value is None].add(key)
    return found


def _fork(look: Lookup, certificate: Mapping[str, Any], anomaly: Anomaly) -> bool:
    one, two = (_seen(look, look.member(index)) for index in anomaly.operations)
    first, second = anomaly.details["keys"]
    return first in one[0] and second in one[1] and second in two[0] and first in two[1]


def _forks(look: Lookup, certificate: Mapping[str, Any]) -> Iterator[str]:
    ordered: set[tuple[Any, Any]] = set()
    for call in look.calls:
        present, absent = _seen(look, call)
        for key in sorted(present, key=str):
            for missing in sorted(absent, key=str):
                ordered.add((key, missing))
                if (missing, key) in ordered:
                    yield f"operation {call.invoke_index} saw {key} and not {missing}"


def _reverse(look: Lookup, certificate: Mapping[str, Any], anomaly: Anomaly) -> bool:
    first, second, reader = (look.member(index) for index in anomaly.operations)
    missed, saw = anomaly.details["keys"]
    present, absent = _seen(look, reader)
    wrote = look.writes(first, missed) and look.writes(second, saw)
    before = first.outcome == OK and first.completed is not None
    before = before and (first.completed or 0) < second.invoked
    return bool(wrote and before and missed in absent and saw in present)


def _reversed(look: Lookup, certificate: Mapping[str, Any]) -> Iterator[str]:
    writer: dict[Any, Call] = {}
    for call in look.calls:
        for key in look.written(call) if call.outcome != FAIL else ():
            writer[key] = call
    for call in look.calls:
        present, absent = _seen(look, call)
        invoked = [writer[key].invoked for key in present if key in writer]
        ended = [writer[key].completed for key in absent if key in writer]
        completed = [at for at in ended if at is not None]
        if invoked and completed and min(completed) < max(invoked):
            yield f"operation {call.invoke_index} missed what had been written before"


_ONE: dict[tuple[str, str], _Check] = {
    ("bank", "wrong-total"): _wrong_total,
    ("bank", "wrong-accounts"): _wrong_accounts,
    ("bank", "no-balance"): _no_balance,
    ("bank", "negative-balance"): _negative,
    ("doctors", "write-skew"): _too_few,
    ("long-fork", "long-fork"): _fork,
    ("causal-reverse", "causal-reverse"): _reverse,
}

_ALL: dict[str, Callable[[Lookup, Mapping[str, Any]], Iterator[str]]] = {
    "bank": _bank,
    "doctors": _doctors,
    "long-fork": _forks,
    "causal-reverse": _reversed,
}

INVARIANTS = tuple(_ALL)
"""The checkers whose verdicts are re-checked here."""
