"""Of several things that went wrong, the one that tells most gives the failure its name."""

import pytest

from splitbrain.checkers.telling import KINDS, Tells, most_telling, tells
from splitbrain.checkers.verdict import INVALID, UNKNOWN, VALID, Anomaly, Verdict


def invalid(checker, kind):
    return Verdict(checker, INVALID, "", (Anomaly(kind, "", (0,)),))


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (invalid("set-full", "lost"), invalid("converged", "diverged")),
        (invalid("atomic-commit", "split-decision"), invalid("progress", "no-progress")),
        (invalid("linearizable(kv)", "nonlinearizable"), invalid("at-rest", "memory-growth")),
        (invalid("leader-per-term", "two-leaders"), invalid("converged", "diverged")),
        (invalid("converged", "diverged"), invalid("unhandled-exceptions", "node-died")),
        (invalid("unhandled-exceptions", "tripwire"), invalid("progress", "silent-server")),
        (invalid("a user's own", "anything"), invalid("leader-per-term", "two-leaders")),
    ],
)
def test_what_tells_more_comes_first_whatever_the_order_of_checkers(more, less):
    valid, unknown = Verdict("v", VALID, ""), Verdict("u", UNKNOWN, "")
    for given in ([less, valid, more, unknown], [unknown, more, less, valid]):
        ordered = most_telling(given)
        assert ordered[:2] == [more, less]
        assert ordered[2:] == [v for v in given if v.validity is not INVALID]


def test_of_equals_the_first_stays_first():
    one, other = invalid("a", "lost"), invalid("b", "lost")
    assert most_telling([one, other]) == [one, other]
    assert most_telling([other, one]) == [other, one]


def test_kinds_in_the_table_exist():
    """A kind that was renamed would silently be told as a wrong answer."""
    from pathlib import Path

    import splitbrain.checkers

    sources = Path(splitbrain.checkers.__file__).parent.rglob("*.py")
    text = "".join(f.read_text() for f in sources if f.name != "telling.py")
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []


def test_an_anomaly_that_nobody_knows_is_a_wrong_answer():
    assert tells(invalid("own", "")) is Tells.ANSWER
