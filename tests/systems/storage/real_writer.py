"""A process that writes batch after batch into a directory, and prints the number of each that is
durable; it is killed by `test_engines_on_real_files`.

    python real_writer.py ENGINE DIRECTORY FIRST
"""

import random
import sys

from engines import ENGINES
from store_driver import done, opened

from splitbrain.harness.directory_disk import DirectoryDisk


def batch(number):
    """The writes of a batch: always the same."""
    dice = random.Random(number)
    return [
        (b"%02d" % dice.randrange(30), None if dice.random() < 0.2 else b"%d." % number * 9)
        for _ in range(dice.randint(1, 4))
    ]


def main(name, folder, first):
    engine = opened(ENGINES[name], DirectoryDisk(folder))
    number = int(first)
    while True:
        done(engine.write([batch(number)]))
        print(number, flush=True)
        if number % 5 == 0:
            done(engine.settle())
        if number % 40 == 0:
            done(engine.compact())
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
