"""What all benchmarks take: `--quick`, for a smaller measurement that takes about a minute."""

from __future__ import annotations

import argparse
import sys
from typing import Any

QUICK = "--quick"


def parsed(parser: argparse.ArgumentParser, **smaller: Any) -> argparse.Namespace:
    """The words of the command line.

    Args:
        parser: what it may say.
        smaller: with `QUICK`, defaults in place of the usual ones.
    """
    parser.add_argument(QUICK, action="store_true", help="measure less, in about a minute")
    if QUICK in sys.argv:
        parser.set_defaults(**smaller)
    return parser.parse_args()
