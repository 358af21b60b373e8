"""Compaction of a topic, and the tables that are made of it, without brokers around them."""

from __future__ import annotations

from random import Random

from splitbrain.systems.streams.replicated_log.partition import (
    COMPACTED,
    DATA,
    GONE,
    Entry,
    Partition,
)
from splitbrain.systems.streams.replicated_log.table import Table


def change(key, value, number, epoch=1):
    return Entry(epoch, "p", 0, number, DATA, f"{COMPACTED}{key}", value)


def made(*changes, stable=None):
    partition = Partition()
    for number, (key, value) in enumerate(changes):
        partition.append(change(key, value, number))
    partition.durable = partition.end
    partition.high_watermark = partition.end if stable is None else stable
    return partition


def compacted(partition, kept=0):
    partition.bury(partition.overtaken(kept))
    return [entry.value for entry in partition.entries if entry.kind == DATA]


def read(partition, table, most=2):
    while table.position < partition.last_stable or not table.is_at(partition.last_stable):
        table.take(*partition.changes(table.position, most))
    return table.values


def test_the_newest_value_of_each_key_stays_at_its_offset():
    partition = made(("a", 1), ("b", 2), ("a", 3), ("b", 4), ("a", 5))

    assert compacted(partition) == [4, 5]
    assert partition.entries[4] == change("a", 5, 4)
    assert partition.end == 5
    assert partition.cleaned == 5


def test_what_is_not_committed_overtakes_nothing():
    partition = made(("a", 1), ("a", 2), ("a", 3), stable=2)

    assert compacted(partition) == [2, 3]
    partition.cut(2)
    assert partition.changes(0, 9)[3] == (("a", 2),)


def test_records_of_other_topics_stay():
    partition = Partition()
    for number in range(3):
        partition.append(Entry(1, "p", 0, number, DATA, "k0", number))
    partition.durable = partition.high_watermark = 3

    assert compacted(partition, kept=3) == [0, 1, 2]


def test_a_tombstone_stays_until_it_was_there_at_the_compaction_before():
    partition = made(("a", 1), ("a", None), ("b", 2))

    assert compacted(partition) == [None, 2]
    assert partition.horizon == 0
    assert compacted(partition, kept=2) == [2]
    assert partition.horizon == 2


def test_sequences_of_what_is_gone_are_known():
    partition = made(("a", 1), ("a", 2))
    compacted(partition)
    partition.append(change("b", 1, 2))

    follower = Partition()
    for entry in partition.entries[:1]:
        follower.append(entry)
    assert follower.entries[0].kind == GONE
    assert follower.known("p", 0, 0) == 0


def test_a_follower_that_was_behind_drops_what_a_gone_tombstone_had_taken_away():
    leader = made(("a", 1), ("a", None), ("b", 2))
    follower = made(("a", 1))
    compacted(leader, kept=3)

    for entry in leader.entries[1:]:
        follower.append(entry)
    follower.high_watermark = follower.durable = follower.end

    assert read(follower, Table()) == {"b": 2}
    assert follower.horizon == leader.horizon


def test_a_table_that_missed_a_tombstone_begins_anew():
    partition, table = made(("a", 1), ("b", 2)), Table()
    assert read(partition, table) == {"a": 1, "b": 2}

    for each in (change("a", None, 2), change("b", 3, 3)):
        partition.append(each)
    partition.durable = partition.high_watermark = partition.end
    compacted(partition, kept=4)

    table.take(*partition.changes(table.position, 9))
    assert table.position == 0
    assert read(partition, table) == {"b": 3}


def test_tables_are_what_was_written_however_slowly_they_read_and_whenever_it_is_compacted():
    for seed in range(150):
        random = Random(seed)
        partition, tables, right = Partition(), [Table() for _ in range(3)], {}
        for number in range(random.randint(1, 40)):
            key, value = random.choice("abc"), random.choice((None, number, number))
            partition.append(change(key, value, number))
            partition.durable = partition.high_watermark = partition.end
            right.pop(key, None)
            if value is not None:
                right[key] = value
            if random.random() < 0.3:
                compacted(partition, kept=random.randint(0, partition.end))
            for table in tables:
                if random.random() < 0.3:
                    table.take(*partition.changes(table.position, random.randint(1, 3)))
        for table in tables:
            assert read(partition, table) == right, seed
