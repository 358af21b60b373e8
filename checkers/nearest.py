"""Did you mean: what a message suggests in place of a name that there isn't."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

ALIKE = 0.5
"""How alike a name must be to be meant (`difflib.SequenceMatcher.ratio`): a letter or two wrong."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """``did you mean a or b?``, the nearest first, in any case; all the names if none is near."""
    names = list(known)
    spelled = {each.lower(): each for each in reversed(names)}
    near = difflib.get_close_matches(name.lower(), list(spelled), n=3, cutoff=ALIKE)
    if near:
        return f"did you mean {' or '.join(spelled[each] for each in near)}?"
    return f"there {'is' if len(names) == 1 else 'are'} {', '.join(names)}"
