"""How times, values and faults are put into words.

One place decides, so that the terminal, Markdown and the page say the same thing. Values come
from the system under test: they are shortened, and characters that could reorder or hide the text
around them (control characters, bidirectional overrides, half surrogate pairs) become escapes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

VALUE_LIMIT = 60


def seconds(nanoseconds: int) -> str:
    """A point in time, ``2.412 s``: three decimals, so that columns of them line up."""
    return f"{nanoseconds / 1e9:.3f} s"


def duration(nanoseconds: int) -> str:
    """A length of time in the unit that suits it: ``850 us``, ``12.3 ms``, ``4.10 s``."""
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1e3:.0f} us"
    if nanoseconds < 1_000_000_000:
        return f"{nanoseconds / 1e6:.1f} ms"
    return f"{nanoseconds / 1e9:.2f} s"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: ``1 fault``, ``3,104 operations``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(items: Iterable[str], limit: int = 8) -> str:
    """Items joined by commas, the rest counted: ``n1, n2 and 3 more``."""
    items = list(items)
    if len(items) <= limit:
        return ", ".join(items)
    return f"{', '.join(items[:limit])} and {len(items) - limit} more"


def sentence(text: str) -> str:
    """The text with a capital, if it begins with a word; names such as ``n1`` and ``x`` stay."""
    word = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if len(word) > 2 and word.isalpha() else text


def safe_text(text: str) -> str:
    """Text in which every invisible or reordering character is an escape such as ``\\u202e``."""
    if text.isprintable():  # no control, format, surrogate or separator character but the space
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def shortened(text: str, limit: int = VALUE_LIMIT) -> str:
    """The text, or its beginning and how much is missing when it is longer than `limit`."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 16]}... ({len(text):,} chars)"


def clipped(text: str, limit: int) -> str:
    """Prose of at most `limit` characters, cut between words where it can be."""
    if len(text) <= limit:
        return text
    head = text[: limit - 3]
    return head[: head.rfind(" ") if " " in head[limit // 2 :] else None].rstrip(" ,;:") + "..."


def value_text(value: Any, limit: int = VALUE_LIMIT) -> str:
    """A value as compact JSON of at most about `limit` characters; a long list says its length."""
    if type(value) is int and -(10**9) < value < 10**9:
        return str(value)  # most values are, and a page has tens of thousands
    if isinstance(value, list) and len(value) > max(8, limit // 8):
        head = ", ".join(value_text(item, 12) for item in value[:3])
        return shortened(f"[{head}, ... {len(value):,} elements]", limit)
    if isinstance(value, str):
        # Cut before encoding: a value of many megabytes must not be walked character by character.
        if len(value) > limit:
            return f'"{safe_text(value[: limit - 18])}..." ({len(value):,} chars)'
        return '"' + safe_text(value).replace('"', '\\"') + '"'
    return shortened(safe_text(json.dumps(value, ensure_ascii=False, default=repr)), limit)


def key_text(key: Any) -> str:
    """A register's key: ``x`` for a name, ``key 0`` for anything else."""
    if isinstance(key, str) and key.isidentifier() and key.isascii() and len(key) <= 24:
        return key
    return f"key {value_text(key, 24)}"


def client_name(process: int, clients: int) -> str:
    """Whose operation it is; the process too where the client has retired its first one."""
    client = process % clients
    return f"client {client}" if client == process else f"client {client} (process {process})"


_FAMILY_WORDS = {"net": "network"}


def fault_text(
    kind: str, targets: Sequence[str], servers: Sequence[str], phase: str, detail: Mapping[str, Any]
) -> str:
    """What the nemesis did, as a clause: ``network: n1 cut off from n2, n3``."""
    family = kind.split(".", 1)[0]
    subject = _FAMILY_WORDS.get(family, family)
    # Here, since words of verdicts need no catalogue, and it takes longer to load than they.
    from splitbrain.harness.nemesis.catalogue import known

    found = known(kind)
    words = found.words if found is not None else None
    if words is None:
        name = kind.split(".", 1)[-1].replace("_", " ").replace("-", " ")
        struck = detail["told"] if isinstance(detail.get("told"), str) else listed(targets)
        whom = f" ({clipped(struck, 120)})" if struck else ""
        clause = f"{name} {'begins' if phase == 'start' else 'ends'}{whom}"
    else:
        told = words.start if phase == "start" else words.stop
        if isinstance(told, str):
            clause = told.format(targets=listed(targets) or "all nodes")
        else:
            clause = clipped(told(targets, servers, detail), 160)
    when = detail.get("when")
    if phase == "start" and isinstance(when, str):
        clause += f", {clipped(when, 80)}"
    return safe_text(f"{subject}: {clause}")


def effect_text(effect: Mapping[str, Any]) -> str:
    """An observed effect in words: ``{"messages_dropped": 12}`` is ``12 messages dropped``."""
    words = []
    for name, value in effect.items():
        if name == "observed":
            continue
        noun = safe_text(shortened(str(name))).replace("_", " ")
        if isinstance(value, bool):
            words.append(noun if value else f"not {noun}")
        elif isinstance(value, int):
            words.append(f"{value:,} {noun}")
        else:
            words.append(f"{noun}: {value_text(value, 40)}")
    return ", ".join(words)
