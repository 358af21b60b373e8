"""The zoo: planted bugs hunted by their system's name alone, and what is told of it."""

from itertools import combinations

import msgspec
import pytest
from hunted import MAKE, AtOnce

from splitbrain.harness.hunting import zoo
from splitbrain.harness.hunting.drawing import Target
from splitbrain.harness.hunting.zoo import Animal, Hunted
from splitbrain.harness.hunting.zoo_nights import hunt_on


def animal(system, bug, shows=("stale-read",)):
    """A bug of `hunted`: its system is as it should be without it."""
    return Animal(Target(system, ("register",), 1, bug, ("kill",), make=MAKE), shows)


def hunt(*animals, hunts=1, limit=0.1, **more):
    return zoo.hunt_all(animals, AtOnce(), hunts=hunts, limit=limit, **more)


def test_a_bug_is_found_and_told_with_what_it_took():
    (found,) = hunt(animal("durable", "forgets"), limit=60)

    assert found.found
    assert found.runs >= 1
    assert found.seed == found.first_seed + found.runs - 1
    assert found.signature.endswith("/stale-read")
    assert found.expected
    assert (found.alarms, found.broken) == (0, 0)


def test_each_hunt_for_a_bug_begins_at_seeds_of_its_own():
    hunts = hunt(animal("durable", "forgets"), hunts=3, limit=60, seed=7)
    assert [one.first_seed for one in hunts] == [7, 100_007, 200_007]


def test_a_hunt_comes_out_the_same_each_time():
    first, second = (
        hunt(animal("durable", "forgets"), hunts=2, limit=60),
        hunt(animal("durable", "forgets"), hunts=2, limit=60),
    )
    assert [(h.seed, h.signature) for h in first] == [(h.seed, h.signature) for h in second]


def test_a_hunt_that_was_held_before_is_not_held_again_and_is_among_the_results():
    bug = animal("durable", "forgets")
    held = Hunted("forgets", "durable", 0, found=True, runs=12, seconds=3.0, seed=11)
    of_another = Hunted("another", "durable", 0)
    told = []
    hunts = hunt(bug, hunts=2, limit=60, held=[held, of_another], told=lambda *of: told.append(of))

    assert hunts[0] is held
    assert [one.first_seed for one in hunts] == [0, 100_000]
    assert [(one.first_seed, done, of) for one, done, of in told] == [(100_000, 1, 1)]


def test_what_is_not_there_is_not_found():
    (missed,) = hunt(animal("durable", "harmless"))
    assert not missed.found
    assert missed.seconds >= 0.1
    assert not zoo.score([missed]).reached


def test_a_system_that_fails_without_its_bug_is_an_alarm_and_no_find():
    (one,) = hunt(animal("forgetful", "harmless"))
    assert not one.found
    assert one.alarms > 0
    assert not zoo.score([one]).reached


def test_runs_that_cannot_be_made_are_counted():
    (one,) = hunt(animal("broken", "harmless"))
    assert one.broken == one.runs > 0


def test_hunts_come_in_the_order_of_the_bugs_and_are_told_as_they_end():
    told = []
    animals = [animal("durable", "harmless"), animal("durable", "forgets")]
    hunts = hunt(*animals, hunts=2, limit=0.1, told=lambda h, done, of: told.append((done, of)))
    assert [h.bug for h in hunts] == ["harmless", "harmless", "forgets", "forgets"]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


# Night after night


def night(animals, held=(), hunts=2, nights=None, **more):
    """A night of so many hunts, or until each bug has enough of them."""
    told = []
    left = None if nights is None else lambda: len(told) < nights
    hunted = hunt_on(
        animals,
        AtOnce(),
        jobs=1,
        limit=60,
        held=held,
        hunts=hunts,
        time_left=left,
        told=lambda one, done, of: told.append((one.bug, one.first_seed)),
        **more,
    )
    return hunted, told


def of_day(bug, first_seed, day):
    return Hunted(bug, "durable", first_seed, found=True, runs=1, day=day)


def test_a_night_holds_first_the_hunts_of_bugs_that_have_the_fewest():
    held = [of_day("forgets", 0, "2026-01-01"), of_day("forgets", 100_000, "2026-01-02")]
    bugs = [animal("durable", "forgets"), animal("durable", "forgets-too")]
    hunted, told = night(bugs, held, hunts=3)

    other = [("forgets-too", 0), ("forgets-too", 100_000)]
    assert told == [*other, ("forgets", 200_000), ("forgets-too", 200_000)]
    assert [one.first_seed for one in hunted] == [0, 100_000, 200_000] * 2
    assert all(one.day >= "2026" for one in hunted)


def test_a_night_replaces_the_oldest_hunts_where_there_are_enough_and_there_is_time():
    bugs = [animal("durable", "forgets"), animal("durable", "forgets-too")]
    held = [
        of_day("forgets", 0, ""),
        of_day("forgets", 300_000, "2026-01-03"),
        of_day("forgets-too", 0, "2026-01-02"),
        of_day("forgets-too", 100_000, "2026-01-02"),
    ]
    assert night(bugs, held)[1] == []  # enough
    hunted, told = night(bugs, held, nights=3)

    assert told == [("forgets", 400_000), ("forgets-too", 200_000), ("forgets-too", 300_000)]
    assert [(one.bug, one.first_seed) for one in hunted] == [
        *(("forgets", first) for first in (300_000, 400_000)),
        *(("forgets-too", first) for first in (200_000, 300_000)),
    ]


def hunted(bug="B-1", found=True, seconds=1.0, signature="set-full/lost", expected=True):
    return Hunted(bug, "kv", 0, found, 3, seconds, 2, "set", signature if found else "", expected)


@pytest.mark.parametrize(
    ("hunts", "reached"),
    [
        ([hunted()], True),
        ([hunted()] * 19 + [hunted(found=False, seconds=60.0)], True),
        ([hunted()] * 18 + [hunted(found=False, seconds=60.0)] * 2, False),
        ([hunted(seconds=5.1)], False),
    ],
)
def test_the_zoo_is_found_if_nearly_all_hunts_find_and_half_of_them_soon(hunts, reached):
    assert zoo.score(hunts).reached is reached


def test_the_scoreboard_has_a_row_a_bug_and_marks_what_it_is_not_known_to_show():
    hunts = [hunted(seconds=2.0), hunted(seconds=4.0), hunted(signature="bank/x", expected=False)]
    board = zoo.scoreboard([*hunts, hunted("B-2", found=False)])

    first, second = board.splitlines()[2:]
    assert first.split("  ")[0] == "B-1"
    assert "3 of 3" in first
    assert "set-full/lost (2), bank/x ! (1)" in first
    assert "0 of 1" in second
    assert zoo.markdown(hunts).startswith("# Zoo\n\n3 of 3 hunts found their bug (100.0%;")


def test_json_lines_hold_everything():
    hunts = [hunted(), hunted("B-2", found=False)]
    lines = zoo.json_lines(hunts).splitlines()
    assert [msgspec.json.decode(line, type=Hunted) for line in lines] == hunts


# Beside what was kept


def of(bug, found, runs):
    """Hunts with so many finds in so many runs."""
    last = runs - (found - 1) if found else runs
    hunts = [Hunted(bug, "kv", 0, True, 1) for _ in range(found - 1)]
    return [*hunts, Hunted(bug, "kv", 0, bool(found), last)]


def test_a_bug_that_fewer_runs_find_became_harder_to_find():
    kept = [*of("B-1", 20, 40), *of("B-2", 20, 40)]
    (change,) = zoo.harder(kept, [*of("B-1", 3, 60), *of("B-2", 3, 9)])
    assert change.bug == "B-1"
    assert str(change).startswith(
        "B-1 became harder to find: 5.00% of the runs find it, and 50.00%"
    )


def test_a_bug_that_is_found_no_more_is_harder_as_soon_as_chance_is_no_excuse():
    kept = of("B-1", 20, 100)
    assert zoo.harder(kept, of("B-1", 0, 20)) == []
    assert zoo.harder(kept, of("B-1", 0, 60)) != []


def test_one_that_is_easier_or_was_never_hunted_is_no_change():
    kept = of("B-1", 3, 60)
    assert zoo.harder(kept, [*of("B-1", 20, 40), *of("B-9", 0, 500)]) == []


def test_its_chance_is_that_of_drawing_without_putting_back():
    for all_runs, all_found, runs in ((7, 3, 4), (9, 5, 5), (6, 6, 2)):
        finds = [*range(all_found)]
        draws = [len({*hand} & {*finds}) for hand in combinations(range(all_runs), runs)]
        for found in range(all_found + 1):
            wanted = sum(hits <= found for hits in draws) / len(draws)
            assert zoo.at_most(found, runs, all_found, all_runs) == pytest.approx(wanted)


def test_what_is_kept_is_read_again():
    hunts = [hunted(), hunted("B-2", found=False)]
    assert zoo.read_lines(zoo.json_lines(hunts)) == hunts
