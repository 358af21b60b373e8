"""The systems hunted in are made of those that the other tests of the harness have."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
