"""The storage engines on the real file system, beside sqlite3 and a B+tree in pure Python.

    python benchmarks/storage.py [--single 300] [--keys 20000] [--repeat 3] [--folder DIRECTORY]

Each store gets the same keys and values of 100 bytes: some one at a time in random order, each
durable before the next; then many more a hundred at a time, in order; then gets of all in random
order, and a scan of all. Figures are operations a second of wall time, medians of the
repetitions; each one begins in an empty directory. sqlite3 has ``journal_mode=WAL`` and
``synchronous=FULL``; `bplustree` (optional) syncs its log at each commit.

Then the disks alone: microseconds of CPU for each call, simulated and real.
"""

from __future__ import annotations

import argparse
import platform
import random
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from quick import parsed

from splitbrain.harness.directory_disk import DirectoryDisk
from splitbrain.harness.simulation.disk import SimulatedDisk
from splitbrain.systems.storage.b_tree import BTree
from splitbrain.systems.storage.bitcask import Bitcask
from splitbrain.systems.storage.journalled_b_tree import JournalledBTree
from splitbrain.systems.storage.lsm_tree import LsmTree
from splitbrain.systems.storage.write_ahead_log import LogStore

GROUP = 100
VALUE = b"v" * 100


def done(coroutine: Any) -> Any:
    """What a coroutine returns that never waits: a real disk blocks."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waits")


class Ours:
    """One of our engines."""

    def __init__(self, engine_class: Any, folder: Path) -> None:
        self.disk = DirectoryDisk(folder)
        self.engine = engine_class(self.disk)
        done(self.engine.open())

    def put(self, pairs: list[tuple[bytes, bytes]]) -> None:
        done(self.engine.write([[pair] for pair in pairs]))
        done(self.engine.settle())

    def get(self, key: bytes) -> bytes | None:
        return self.engine.get(key)

    def scan(self) -> int:
        snapshot, count, last = self.engine.snapshot(), 0, None
        while page := snapshot.scan(last, 500):
            count, last = count + len(page), page[-1][0]
        snapshot.close()
        return count

    def close(self) -> None:
        self.disk.close()


class Sqlite:
    """sqlite3, as durable as ours."""

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "db", isolation_level=None)
        self.connection.execute("pragma journal_mode=wal")
        self.connection.execute("pragma synchronous=full")
        self.connection.execute("create table kv (k blob primary key, v blob) without rowid")

    def put(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.connection.execute("begin")
        self.connection.executemany("insert or replace into kv values (?, ?)", pairs)
        self.connection.execute("commit")

    def get(self, key: bytes) -> bytes | None:
        row = self.connection.execute("select v from kv where k = ?", (key,)).fetchone()
        return row and row[0]

    def scan(self) -> int:
        return sum(1 for _ in self.connection.execute("select k, v from kv order by k"))

    def close(self) -> None:
        self.connection.close()


class PurePython:
    """bplustree: a B+tree with a write-ahead log."""

    def __init__(self, folder: Path) -> None:
        from bplustree import BPlusTree
        from bplustree.serializer import StrSerializer

        self.tree = BPlusTree(
            str(folder / "tree"), order=30, key_size=12, value_size=100, serializer=StrSerializer()
        )

    def put(self, pairs: list[tuple[bytes, bytes]]) -> None:
        if len(pairs) > 1:
            self.tree.batch_insert((key.decode(), value) for key, value in pairs)
        for key, value in pairs if len(pairs) == 1 else ():
            self.tree.insert(key.decode(), value)

    def get(self, key: bytes) -> bytes | None:
        return self.tree.get(key.decode())

    def scan(self) -> int:
        count = 0
        try:
            for _ in self.tree.items():
                count += 1
        except RuntimeError:  # how its scans end since PEP 479
            pass
        return count

    def close(self) -> None:
        self.tree.close()


def contenders() -> dict[str, Callable[[Path], Any]]:
    found: dict[str, Callable[[Path], Any]] = {
        "write-ahead-log": lambda folder: Ours(LogStore, folder),
        "bitcask": lambda folder: Ours(Bitcask, folder),
        "lsm-tree": lambda folder: Ours(LsmTree, folder),
        "b-tree": lambda folder: Ours(BTree, folder),
        "journalled-b-tree": lambda folder: Ours(JournalledBTree, folder),
        "sqlite3": Sqlite,
    }
    try:
        import bplustree
    except ImportError:
        print("bplustree is not installed: pip install bplustree")
    else:
        found[f"{bplustree.__name__} (pure Python)"] = PurePython
    return found


def rates(make: Callable[[Path], Any], folder: Path, single: int, keys: int) -> Iterator[float]:
    """Puts, puts in groups, gets and scanned pairs a second."""
    dice = random.Random(1)
    pairs = [(b"key-%07d" % number, VALUE) for number in range(single)]
    dice.shuffle(pairs)
    store = make(folder)

    def timed(count: int, work: Callable[[], Any]) -> float:
        began = time.perf_counter()
        work()
        return count / (time.perf_counter() - began)

    yield timed(single, lambda: [store.put([pair]) for pair in pairs])
    more = [(b"key-%07d" % (single + number), VALUE) for number in range(keys)]
    groups = [more[start : start + GROUP] for start in range(0, keys, GROUP)]
    yield timed(keys, lambda: [store.put(group) for group in groups])
    dice.shuffle(more)
    yield timed(keys, lambda: [store.get(key) for key, _ in more])
    assert store.scan() == single + keys
    yield timed(single + keys, store.scan)
    store.close()


def disk_costs(disk: Any, sync: Callable[[str], None]) -> dict[str, float]:
    """Microseconds of CPU of each call."""
    page, rounds = b"p" * 4096, 2000
    disk.write("f", 0, bytes(4096 * 100))

    def cost(call: Callable[[int], Any]) -> float:
        began = time.process_time()
        for number in range(rounds):
            call(number)
        return (time.process_time() - began) / rounds * 1e6

    def append_and_sync(number: int) -> None:
        disk.append("log", page[:100])
        sync("log")

    return {
        "write 4 KiB": cost(lambda number: disk.write("f", number % 100 * 4096, page)),
        "read 4 KiB": cost(lambda number: disk.read("f", number % 100 * 4096, 4096)),
        "append 100 B, fsync": cost(append_and_sync),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--single", type=int, default=300)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; a temporary directory if none")
    arguments = parsed(parser, single=50, keys=2_000, repeat=1)
    print(f"Python {platform.python_version()}, sqlite {sqlite3.sqlite_version}")
    print(f"{arguments.keys} keys, values of {len(VALUE)} bytes; operations a second")
    heads = ("puts", f"puts, {GROUP} at once", "gets", "scanned")
    print(f"{'':26}" + "".join(f"{head:>18}" for head in heads))
    for name, make in contenders().items():
        runs = []
        for _ in range(arguments.repeat):
            folder = Path(tempfile.mkdtemp(dir=arguments.folder))
            runs.append(list(rates(make, folder, arguments.single, arguments.keys)))
            shutil.rmtree(folder)
        medians = [statistics.median(each) for each in zip(*runs, strict=True)]
        print(f"{name:26}" + "".join(f"{median:18,.0f}" for median in medians))
    print("\nmicroseconds of CPU a call")
    simulated = SimulatedDisk(random.Random(0))
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    with DirectoryDisk(folder) as real:
        costs = (
            disk_costs(simulated, lambda path: simulated.end_sync(simulated.begin_sync(path))),
            disk_costs(real, lambda path: done(real.fsync(path))),
        )
    shutil.rmtree(folder)
    print(f"{'':26}{'simulated':>18}{'real':>18}")
    for call in costs[0]:
        print(f"{call:26}" + "".join(f"{each[call]:18.1f}" for each in costs))


if __name__ == "__main__":
    main()
