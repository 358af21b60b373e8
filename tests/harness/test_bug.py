"""Planted bugs: what shows them, and another class in the place of one."""

import pytest

from splitbrain.checkers.verdict import INVALID, UNKNOWN, Anomaly, Verdict
from splitbrain.harness.bug import Bug, planted


class Disk:
    pass


class Careless(Disk):
    pass


class Server:
    """Serves."""

    disk_class = Disk


def test_what_is_planted_takes_the_place_of_what_was_there():
    made = planted(Server, disk_class=Careless)

    assert issubclass(made, Server)
    assert made.disk_class is Careless
    assert Server.disk_class is Disk
    assert made.__name__ == "Server(disk_class=Careless)"


def test_a_place_that_there_is_not_is_refused():
    with pytest.raises(TypeError, match="Server has no dsk_class to plant something in place of"):
        planted(Server, dsk_class=Careless)


def invalid(*kinds):
    return Verdict("list-append", INVALID, "", tuple(Anomaly(kind, "", (0,)) for kind in kinds))


@pytest.mark.parametrize(
    ("verdicts", "shown"),
    [
        ([invalid("G1a", "G1b")], True),
        ([invalid("G0", "G1a", "G1b")], False),
        ([invalid("G1a")], False),
        ([invalid("G1a"), invalid("G1b")], True),
        ([Verdict("list-append", UNKNOWN, "")], False),
    ],
    ids=["both", "named after another", "one of two", "in two verdicts", "unknown"],
)
def test_a_run_shows_a_bug_by_its_name_and_by_all_that_the_bug_demands(verdicts, shown):
    bug = Bug("B-1", "", Server, "list-append", (), 1, 1, ("G1a", "G1b"), "", ("G1a", "G1b"))
    assert bug.shown_by(verdicts) is shown


def test_a_bug_that_demands_nothing_is_shown_by_its_name_alone():
    bug = Bug("B-1", "", Server, "list-append", (), 1, 1, ("G1",), "")
    assert bug.shown_by([invalid("G1c", "lost-update")])
    assert not bug.shown_by([invalid("lost-update", "G1c")])
