"""Did you mean: the nearest names, in any case, and all of them if none is near."""

import pytest

from splitbrain.checkers.nearest import suggestion


@pytest.mark.parametrize(
    ("name", "known", "suggested"),
    [
        ("regster", ("set", "register", "kv"), "did you mean register?"),
        ("con-1", ("CON-01", "CON-10", "TX-05"), "did you mean CON-10 or CON-01?"),
        ("zzz", ("set", "kv"), "there are set, kv"),
        ("zzz", ("set",), "there is set"),
    ],
)
def test_what_is_suggested(name, known, suggested):
    assert suggestion(name, known) == suggested
