"""Shards of a hunt: each seed once, and what they remember put together as if one had done it."""

import random
from itertools import islice

import pytest
from hunted import crew, target

from splitbrain.harness.hunting import telling
from splitbrain.harness.hunting.counting import Counts
from splitbrain.harness.hunting.hunt import Hunt, Limits
from splitbrain.harness.hunting.memory import FIXED, KNOWN, NEW, Memory
from splitbrain.harness.hunting.merging import merge_file
from splitbrain.harness.hunting.sharding import BLOCK, Shard
from splitbrain.harness.hunting.work import Attempt, Small
from splitbrain.harness.plan import InvalidPlan
from splitbrain.harness.runs.folders import StoreError

# Shards


@pytest.mark.parametrize("total", [1, 2, 3, 8])
def test_shards_share_no_seed_and_leave_none_out(total):
    seeds = [*range(40), *range(100, 1000)]
    parts = [list(Shard(number, total).of(seeds)) for number in range(1, total + 1)]
    assert sorted(seed for part in parts for seed in part) == seeds
    assert max(map(len, parts)) - min(map(len, parts)) <= BLOCK


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "a/b", "3/", "-1/2", "3/8/2"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(InvalidPlan, match="--shard is"):
        Shard.parse(text)


def test_a_shard_is_written_as_a_fraction():
    assert Shard.parse("3/8") == Shard(3, 8)


# Memories


@pytest.fixture
def remembering(tmp_path):
    """A memory in a folder of its own, with these seeds tried: ``remembering("a", {3: "bad"})``."""

    def make(name, seeds=(), begun=False):
        memory = Memory(tmp_path / name / "hunt.db")
        if begun:
            memory.begin()
        for seed, signature in dict(seeds).items():
            tried(memory, seed, signature)
        return memory

    return make


def tried(memory, seed, signature="", system="durable"):
    plan = {"system": system, "seed": seed, "faults": [{"kind": "process.kill"}] * 2}
    validity = "invalid" if signature else "valid"
    made = Attempt(target(system), plan, validity, signature, "checker", "why", 7, 0.5, "digest")
    memory.count(made)
    return memory.group(made) if signature else None


def merged(into, *others):
    counts = Counts()
    for other in others:
        merge_file(into, other.path, into.path.parent, counts)
    return counts


def content(memory):
    return [
        memory._db.execute(f"select * from {table}").fetchall()
        for table in ("runs", "drawn", "days", "groups", "failures")
    ]


def test_nothing_is_lost_and_nothing_counted_twice(remembering):
    base = remembering("base", {0: "", 1: ""})
    one = remembering("one", {0: "", 1: "", 2: "bad", 3: ""})
    two = remembering("two", {0: "", 1: "", 3: "", 4: "bad", 5: "worse"})

    counts = merged(base, one, two)
    assert (counts.runs, counts.valid, counts.failing) == (4, 1, 3)
    assert base.tried(target("durable")) == 6
    assert [(g.signature, g.times, g.first_run) for g in base.groups()] == [
        ("bad", 2, 3),
        ("worse", 1, 6),
    ]

    assert merged(base, two, one).runs == 0
    assert base.tried(target("durable")) == 6


def test_files_in_any_order_give_the_same_memory(remembering, monkeypatch):
    rng = random.Random(7)
    day = "splitbrain.harness.hunting.memory.timestamp"
    monkeypatch.setattr(day, lambda: f"2026-01-0{rng.randrange(1, 10)}T08:00:00+00:00")
    for case in range(20):
        parts, outcomes = [], [rng.choice(("", "bad", "worse")) for _ in range(8)]
        for number in range(3):
            seeds = {seed: outcomes[seed] for seed in rng.sample(range(8), 4)}
            part = remembering(f"{case}-{number}", seeds)
            for group in part.groups():
                size = Small("", {**group.plan, "operations": []}, rng.randrange(3), 0, None)
                part.made_small(group, size)
                if rng.random() < 0.3:
                    part.set_state(group, rng.choice((KNOWN, FIXED)))
            parts.append(part)
        first, second = remembering(f"{case}-first"), remembering(f"{case}-second")
        merged(first, *parts)
        merged(second, *reversed(parts), parts[0])
        assert content(first) == content(second)


def test_the_smallest_plan_of_a_failure_stays_with_its_folder(remembering, tmp_path):
    one, two = remembering("one", {1: "bad"}), remembering("two", {2: "bad"})
    for memory, faults in ((one, 5), (two, 1)):
        folder = memory.path.parent / f"run-of-{faults}"
        folder.mkdir()
        (folder / "plan.json").write_text("{}")
        plan = {"system": "durable", "seed": faults, "faults": []}
        (group,) = memory.groups()
        memory.made_small(group, Small(f"runs/{folder.name}", plan, faults, 2, None))

    into = remembering("into")
    merged(into, one, two)
    (group,) = into.groups()
    assert (group.faults, group.plan["seed"], group.times) == (1, 1, 2)
    assert (tmp_path / "into" / "run-of-1" / "plan.json").exists()
    assert group.folder == str(tmp_path / "into" / "run-of-1")


def test_what_one_shard_saw_fail_is_not_fixed_because_another_did_not(remembering, monkeypatch):
    moments = iter(f"2026-01-0{day}" for day in range(1, 10))
    monkeypatch.setattr("splitbrain.harness.hunting.memory.timestamp", lambda: next(moments))
    base = remembering("base", {1: "bad"})
    base.begin()
    passes, fails = remembering("passes"), remembering("fails")
    for shard in (passes, fails):
        merged(shard, base)
    passes.set_state(passes.groups()[0], FIXED)
    merged(base, passes)
    assert base.groups()[0].state == FIXED
    tried(fails, 9, "bad")
    merged(base, fails)
    assert base.groups()[0].state == KNOWN
    merged(base, passes)
    assert base.groups()[0].state == KNOWN


def test_a_file_that_is_not_there_or_is_the_memory_itself_is_refused(remembering, tmp_path):
    base = remembering("base")
    for path, told in ((tmp_path / "gone.db", "there is no file"), (base.path, "is the memory")):
        with pytest.raises(StoreError, match=told):
            merge_file(base, path, tmp_path, Counts())


@pytest.mark.slow
def test_shards_put_together_are_the_hunt_that_one_would_have_held(tmp_path):
    def hunt(name, shard):
        kept = Memory(tmp_path / name / "hunt.db")
        limits = Limits(None, 2 * BLOCK, 0, shard=shard)
        made = Hunt([target("forgetful")], kept, runs=str(tmp_path / name), limits=limits)
        made.go(crew())
        return kept

    whole = hunt("whole", Shard(1, 1))
    together = Memory(tmp_path / "together" / "hunt.db")
    counts = merged(together, hunt("one", Shard(1, 2)), hunt("two", Shard(2, 2)))

    assert counts.runs == counts.cells["forgetful"].runs == 2 * BLOCK
    for memory in (whole, together):
        assert memory.tried(target("forgetful")) == 2 * BLOCK
    assert [(g.signature, g.times, g.first_run) for g in together.groups()] == [
        (g.signature, g.times, g.first_run) for g in whole.groups()
    ]
    assert together.groups()[0].state == NEW
    assert "| forgetful | 24 |" in " ".join(telling.markdown(counts, together.groups()).split())


def test_seeds_that_were_handed_out_and_never_came_back_come_again(remembering):
    memory = remembering("one", {0: "", 1: "", 4: "", 7: ""})
    assert list(islice(memory.untried(target("durable")), 6)) == [2, 3, 5, 6, 8, 9]
