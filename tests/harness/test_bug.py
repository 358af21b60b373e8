"""A planted bug where a class says nothing: another class in the place of one."""

import pytest

from splitbrain.harness.bug import planted


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
