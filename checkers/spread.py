"""How numbers are spread, in few words."""

from __future__ import annotations

from collections.abc import Sequence

SHARES = ((0.0, "least"), (0.5, "median"), (0.95, "95 %"), (0.99, "99 %"), (1.0, "most"))


def quantiles(values: Sequence[float]) -> str:
    """The least, the median, what 95 and 99 of a hundred are at most, and the most.

    Of an even number the median is the greater one of the two in the middle: all that is told is
    one of the numbers.

    >>> quantiles([3, 1, 2])
    'least 1, median 2, 95 % 3, 99 % 3, most 3'

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("no numbers have no quantiles")
    ordered = sorted(values)
    last = len(ordered) - 1
    told = (f"{name} {ordered[min(last, int(len(ordered) * part))]:g}" for part, name in SHARES)
    return ", ".join(told)
