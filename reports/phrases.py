"""What clients did, in the words of the run's workload.

A workload says how its operations are told, as templates (see
`splitbrain.harness.workloads.parts.words`); the run keeps them, so a report needs no code of a
user's. An operation that nobody has words for is told as it was recorded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from splitbrain.checkers.history import Call
from splitbrain.harness.plan import Plan
from splitbrain.harness.workloads.parts import replicas
from splitbrain.harness.workloads.parts.words import Words
from splitbrain.harness.workloads.registry import WORKLOADS
from splitbrain.reports.wording import VALUE_LIMIT, key_text, safe_text, shortened, value_text

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_PART = re.compile(r"\{([a-z]+)((?:\.\w+)*)(?::([a-z]+))?\}")

_ABSENT: Any = object()

UNCUT = 2_000
"""Characters of a value in the story of a run that was made small, where every value matters."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """How a run's operations are told.

    Attributes:
        words: templates, by f.
    """

    words: Mapping[str, Words]

    def action(self, call: Call, number: int = 0, limit: int = VALUE_LIMIT) -> str:
        """What a client did, as a verb phrase: ``writes x = 2``, ``reads x -> 1``.

        Args:
            call: the operation.
            number: its number among those of its f, from 1.
            limit: about how many characters a value may take.
        """
        words = self.words.get(call.f)
        told = words and _filled(words.phrase, call, number, limit)
        if told:
            return told
        return f"{safe_text(shortened(call.f))} {_as_recorded(call, ' -> ', limit)}".rstrip()

    def label(self, call: Call, number: int = 0, limit: int = 44) -> str:
        """The operation in a few characters, to stand inside a bar: ``x=2``, ``x->1``."""
        words = self.words.get(call.f)
        told = words and _filled(words.label, call, number, limit)
        return told or _as_recorded(call, "->", limit)

    def leaves(self, call: Call) -> str:
        """The value that the operation leaves behind, where words say it; else nothing."""
        words = self.words.get(call.f)
        template = words.leaves if words else ""
        return _filled(template, call, 0, 40) if template and call.outcome == "ok" else ""


def _as_recorded(call: Call, arrow: str, limit: int) -> str:
    """An operation without words: its argument, and what came of it if that says more. A pair of a
    key and of what was read is told by the key."""
    argument, result = call.argument, call.result
    if call.outcome != "ok" or result is None or result == argument:
        return "" if argument is None else value_text(argument, limit)
    match argument, result:
        case [key, None], [same, value] if same == key:
            return f"{value_text(key, limit)}{arrow}{value_text(value, limit)}"
        case None, _:
            return f"{arrow.lstrip()}{value_text(result, limit)}"
    return f"{value_text(argument, limit)}{arrow}{value_text(result, limit)}"


_MODELS = {"cas-register": "register"}
"""Workloads whose operations a model is of, where they have another name."""


def phrases_of(plan: Plan, recorded: Mapping[str, Words]) -> Phrases:
    """The phrases of a run: as it recorded them, else as our own workload of its name has them."""
    if recorded:
        return Phrases(recorded)
    workload = _MODELS.get(plan.workload, plan.workload)
    ours = workload in WORKLOADS.ours
    return Phrases({**replicas.WORDS, **(WORKLOADS[workload].words if ours else {})})


def _filled(template: str, call: Call, number: int, limit: int) -> str:
    """The template with its parts; nothing if the operation isn't of the form that it speaks of."""
    roots = {
        "argument": call.argument,
        "result": call.result if call.outcome == "ok" else _ABSENT,
        "done": call.result if call.outcome == "ok" else call.argument,
        "number": number,
    }

    def optional(found: re.Match[str]) -> str:
        parts = [_value(part, roots) for part in _PART.finditer(found[1])]
        return "" if any(part is _ABSENT for part in parts) else found[1]

    def part(found: re.Match[str]) -> str:
        value = _value(found, roots)
        return "?" if value is _ABSENT else _shown(value, found[3], call.outcome == "ok", limit)

    template = _OPTIONAL.sub(optional, template)
    for found in _PART.finditer(template):
        unknown = found[1] == "result" and call.outcome != "ok"
        if not unknown and _value(found, roots) is _ABSENT:
            return ""
    return _PART.sub(part, template)


def _value(found: re.Match[str], roots: Mapping[str, Any]) -> Any:
    value = roots.get(found[1], _ABSENT)
    for name in found[2].split(".")[1:]:
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, Mapping) and name in value:
            value = value[name]
        else:
            return _ABSENT
    return value


def _shown(value: Any, way: str | None, known: bool, limit: int) -> str:
    if way == "name":
        return key_text(value)
    if way == "transaction" and isinstance(value, list):
        return ", ".join(micro_text(micro, known, limit) for micro in value)
    return value_text(value, limit)


def micro_text(micro: Any, known: bool, limit: int) -> str:
    """A micro-operation: ``append x 1``, ``r x -> [1, 2]``, or ``r x`` if what it saw isn't
    known."""
    if not isinstance(micro, list) or len(micro) != 3 or not isinstance(micro[0], str):
        return value_text(micro, limit)
    f, key, value = micro
    told = f"{safe_text(shortened(f, 20))} {key_text(key)}"
    if f == "r":
        return f"{told} -> {value_text(value, limit)}" if known else told
    return f"{told} {value_text(value, limit)}"
