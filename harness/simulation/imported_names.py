"""Names that modules have of their own for functions that are replaced while a world runs.

``from time import monotonic`` binds the real function in the importing module, where replacing
``time.monotonic`` does not reach it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

Guarded = tuple[Any, str, Callable[..., Any]]
"""Where a function was replaced: owner, name, and the real function."""


_wanted: set[int] = set()  # asked for membership only
_scanned: dict[str, object] = {}
_by_name: list[tuple[dict[str, Any], str, int]] = []
"""Where modules have one of the real functions under a name of their own: the module's names, the
name, and the function's id. A module is looked through once for all that was ever wanted."""


def guard_imported(guarded: list[Guarded]) -> list[tuple[dict[str, Any], str, Any]]:
    """Replace what modules outside the standard library have imported by name; returns what to put
    back."""
    guards = {
        id(real): getattr(owner, name)
        for owner, name, real in guarded
        if isinstance(owner, ModuleType)
    }
    new = guards.keys() - _wanted  # asked for membership only
    _wanted.update(new)
    for module_name, module in list(sys.modules.items()):
        known = _scanned.get(module_name) is module
        if known and not new:
            continue
        _scanned[module_name] = module
        if _may_be_a_nodes(module_name, module):
            sought, names = new if known else _wanted, vars(module)
            _by_name.extend((names, n, id(v)) for n, v in names.items() if id(v) in sought)
    replaced = []
    for names, name, identity in _by_name:
        real = names.get(name)
        if id(real) == identity and identity in guards:
            replaced.append((names, name, real))
            names[name] = guards[identity]
    return replaced


def _may_be_a_nodes(name: str, module: object) -> bool:
    root = name.partition(".")[0]
    if root in sys.stdlib_module_names and name != "__main__":
        return False
    ours = name.startswith("splitbrain.") and not name.startswith("splitbrain.systems")
    return isinstance(module, ModuleType) and not ours and root not in ("trio", "outcome")
