"""One version of a row is one content: two who see the same version see the same.

*Property.* Over all acknowledged operations on a key that tell a version (``write`` with
``[key, value]`` gives ``[key, version, value]``, ``read`` gives the same), each version has one
value (``two-contents``). Version 0 is that there is nothing.

*Source.* Kingsbury, "Jepsen: Crate 0.54.9", 2016: a row's version number, meant for optimistic
concurrency control, identified two different contents after a partition. DDIA chapter 5, "Handling
Node Outages": a database's number that two leaders give out.

*Algorithm.* Remember the first content of each version. Linear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from splitbrain.checkers.certificate import CertificateError, Certified
from splitbrain.checkers.entry import CheckerEntry
from splitbrain.checkers.findings import verdict_of
from splitbrain.checkers.history import OK, Call, History
from splitbrain.checkers.models.model import ModelError, event_of, frozen, shown
from splitbrain.checkers.verdict import INVALID, Anomaly, Checker, Verdict

NAME = "version-identity"
OPERATIONS = ("read", "write")


def version_identity() -> Checker:
    """A checker: a version has one content. See the module."""
    return _VersionIdentity()


@dataclass(frozen=True, slots=True)
class _VersionIdentity:
    name: str = NAME

    def check(self, history: History) -> Verdict:
        """See `splitbrain.checkers.verdict.Checker`.

        Raises:
            ModelError: an operation gave something else than key, version and value.
        """
        first: dict[Any, tuple[Any, Call]] = {}
        anomalies = []
        again = 0
        for call in history.calls():
            if call.f not in OPERATIONS or call.outcome != OK:
                continue
            key, version, value = _told(call)
            content, before = first.setdefault((frozen(key), version), (frozen(value), call))
            again += before is not call
            if content != frozen(value):
                said = (
                    f"version {version} of {shown(key)} is {shown(value)} to process "
                    f"{call.process}, and was {shown(_told(before)[2])} to process {before.process}"
                )
                anomalies.append(Anomaly("two-contents", said, (event_of(before), event_of(call))))
        coverage = {"versions": len(first), "seen again": again}
        vain = None if again else "no version was seen twice"
        holds = f"{again} times a version was seen again, with the same content"
        return verdict_of(self.name, anomalies, coverage, holds=holds, vain=vain)


def _told(call: Call) -> tuple[Any, int, Any]:
    """The key, the version and the value that an operation gave."""
    match call.result:
        case [key, int() as version, value] if not isinstance(version, bool):
            return key, version, value
    raise ModelError(
        call.invoke_index, f"{call.f} gave {shown(call.result)}; it gives [key, version, value]"
    )


def verify(history: History, verdict: Verdict, options: Mapping[str, Any]) -> Certified:
    """Sort what was told by key and version, and compare neighbours.

    Raises:
        CertificateError: the history shows something else than the verdict says.
    """
    told = sorted(
        (repr((frozen(e.value[0]), e.value[1])), repr(frozen(e.value[2])), e.index)
        for e in history
        if e.f in OPERATIONS and e.type == OK
    )
    contents = {
        index: (version, content)
        for version, same in groupby(told, lambda each: each[0])
        for _, content, index in same
    }
    torn = {
        version
        for version, same in groupby(told, lambda each: each[0])
        if len({content for _, content, _ in same}) > 1
    }
    if (verdict.validity is INVALID) != bool(torn):
        raise CertificateError(f"{len(torn)} versions have two contents; the verdict says else")
    for anomaly in verdict.anomalies:
        seen = [contents.get(index) for index in anomaly.operations]
        if None in seen or len({one[0] for one in seen if one}) != 1 or len(set(seen)) != 2:
            raise CertificateError(
                f"operations {anomaly.operations} show no version's two contents"
            )
    return Certified("versions were sorted, and their contents compared again")


ENTRY = CheckerEntry(
    NAME, version_identity, "one version of a row has one content, whoever sees it", verify=verify
)
