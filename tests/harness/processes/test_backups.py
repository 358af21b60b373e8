"""Copies of data directories, without any process."""

import os

import pytest

from splitbrain.harness.processes.files.backups import keep_copy, replace


@pytest.fixture
def place(tmp_path):
    (tmp_path / "n1" / "sub").mkdir(parents=True)
    (tmp_path / "n1" / "log").write_text("one\n")
    (tmp_path / "n1" / "sub" / "page").write_text("A")
    (tmp_path / "n1" / "current").symlink_to("log")
    os.mkfifo(tmp_path / "n1" / "pipe")
    return tmp_path


def contents(place):
    found = (place / "n1").rglob("*")
    return {
        str(file.relative_to(place / "n1")): file.read_text() for file in found if file.is_file()
    }


def test_an_older_directory_is_what_it_was_and_what_changed_since_is_counted(place):
    before = contents(place)
    keep_copy(place, "n1")
    (place / "n1" / "log").write_text("one\ntwo\n")
    (place / "n1" / "new").write_text("x")
    assert replace(place, "n1", by_copy=True) == 2
    assert contents(place) == before
    assert (place / "n1" / "current").is_symlink()


def test_an_empty_directory_has_nothing_and_the_copy_is_another_ones(place):
    keep_copy(place, "n1")
    assert replace(place, "n1", by_copy=False) == 2
    assert not list((place / "n1").iterdir())
    assert replace(place, "n1", by_copy=True) == 0
    assert contents(place) == {"log": "one\n", "current": "one\n", "sub/page": "A"}


def test_a_directory_that_is_not_there_yet_is_an_empty_one(tmp_path):
    keep_copy(tmp_path, "n1")
    assert replace(tmp_path, "n1", by_copy=True) == 0
    assert not list((tmp_path / "n1").iterdir())
