"""Writes the stores that `test_golden_stores` opens, when a format is changed on purpose:

python tests/systems/storage/golden_stores.py
"""

from __future__ import annotations

import json
from pathlib import Path

from engines import ENGINES
from store_driver import DrivenDisk, applied, done, opened

FOLDER = Path(__file__).parents[2] / "golden" / "storage"


def filled(name):
    """A disk with everything on it that the engine writes, and what is in the store."""
    disk, state = DrivenDisk(), {}
    engine = opened(ENGINES[name], disk)
    for number in range(24):
        key = b"key-%02d" % (number * 5 % 16)
        batch = [(key, None if number % 6 == 5 else b"value %d " % number * 3)]
        done(engine.write([batch]))
        state = applied(state, [batch])
        if number in (7, 15):
            done(engine.flush())
        if number == 19:
            done(engine.compact())
    done(engine.settle())
    return disk, state


def files(disk):
    return {path: disk.read(path).hex() for path in disk.list()}


def main():
    FOLDER.mkdir(exist_ok=True)
    for name in ENGINES:
        disk, state = filled(name)
        values = {key.decode(): value.decode() for key, value in sorted(state.items())}
        text = json.dumps({"files": files(disk), "values": values}, indent=1)
        (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
