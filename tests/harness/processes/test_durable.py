"""A power loss leaves what was synced, as the simulated disk has it, and no more for certain."""

import mmap
import os
import select
import socket
import sys
from random import Random

import pytest

from splitbrain.harness.processes.files import questions
from splitbrain.harness.processes.files.durable import Durable
from splitbrain.harness.processes.files.syncs import Syncs

WHY = questions.unavailable() if sys.platform == "linux" else "the ground needs Linux"
pytestmark = pytest.mark.skipif(WHY is not None, reason=str(WHY))

ALL = "drop_unsynced"


def write(path, content, *, sync=True, flags=os.O_TRUNC):
    file = os.open(path, os.O_CREAT | os.O_WRONLY | flags)
    os.write(file, content)
    if sync:
        os.fsync(file)
    os.close(file)


def sync_directory(path="."):
    folder = os.open(path, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def after(tmp_path, program, policy=ALL, dice=0):
    """What is in a directory where a program ran and the power was lost, what was lost, and why
    nobody knows that."""
    place = tmp_path / "n1"
    place.mkdir()
    durable = Durable(place, tmp_path / "store")
    calls = Syncs(durable.synced)
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        status = 1
        try:
            os.chdir(place)
            socket.send_fds(theirs, [b"x"], [questions.listener()])
            program()
            status = 0
        finally:
            os._exit(status)
    theirs.close()
    _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    while select.select([listener], [], []) and calls.asked(listener):
        pass
    os.close(listener)
    assert os.waitpid(child, 0)[1] == 0
    lost = durable.lose(policy, Random(dice))
    files = {str(f.relative_to(place)): f for f in place.rglob("*") if not f.is_dir()}
    return {name: file.read_bytes() for name, file in files.items()}, lost, durable.unseen


def test_what_is_written_and_not_synced_is_gone(tmp_path):
    found, lost, _ = after(tmp_path, lambda: write("state", b"one", sync=False))
    assert found == {}
    assert lost == {"writes_lost": 1, "names_lost": 1}


def test_what_is_synced_stays_and_what_came_after_it_is_gone(tmp_path):
    def program():
        write("log", b"one")
        write("log", b"two", sync=False, flags=os.O_APPEND)

    found, lost, _ = after(tmp_path, program)
    assert found == {"log": b"one"}
    assert lost == {"writes_lost": 1, "names_lost": 0}


def test_a_new_file_takes_all_names_along_and_no_content_but_its_own(tmp_path):
    def program():
        os.mkdir("sub")
        write("sub/other", b"lost", sync=False)
        os.symlink("log", "link")
        write("log", b"one")

    found, _, _ = after(tmp_path, program)
    assert found == {"log": b"one", "link": b"one", "sub/other": b""}


@pytest.mark.parametrize(("synced", "kept"), [(True, b"two"), (False, b"one")])
def test_a_rename_takes_a_sync_of_the_directory(tmp_path, synced, kept):
    def program():
        write("state", b"one")
        write("state.new", b"two")
        os.rename("state.new", "state")
        if synced:
            sync_directory()

    found, lost, _ = after(tmp_path, program)
    assert found == {"state": kept} if synced else {"state": b"one", "state.new": b"two"}
    assert bool(lost["names_lost"]) is not synced


def test_a_removal_takes_a_sync_of_the_directory(tmp_path):
    def program():
        write("one", b"1")
        write("two", b"2")
        os.remove("one")
        sync_directory()
        os.remove("two")

    assert after(tmp_path, program)[0] == {"two": b"2"}


def test_a_file_that_has_the_number_of_a_removed_one_is_another(tmp_path):
    def program():
        write("state", b"one")
        for number in range(20):  # some file systems give a number out again at once
            os.remove("state")
            write("state", b"%d" % number, sync=False)

    assert after(tmp_path, program)[0] == {"state": b"one"}


def test_a_directory_that_is_synced_has_its_names_and_no_other_has(tmp_path):
    def program():
        os.mkdir("a")
        os.mkdir("b")
        sync_directory()
        write("a/file", b"one", sync=False)
        write("b/file", b"two", sync=False)
        sync_directory("a")

    assert after(tmp_path, program)[0] == {"a/file": b""}


def test_a_directory_that_is_removed_takes_what_was_in_it_along(tmp_path):
    def program():
        os.mkdir("a")
        write("a/file", b"one")
        os.remove("a/file")
        os.rmdir("a")
        sync_directory()
        os.mkdir("a")

    assert after(tmp_path, program)[0] == {}
    assert not (tmp_path / "n1" / "a").exists()


def test_memory_that_is_written_back_is_durable(tmp_path):
    def program():
        write("map", bytes(100))
        with open("map", "r+b") as file, mmap.mmap(file.fileno(), 100) as memory:
            memory[:3] = b"one"
            memory.flush()
            memory[:3] = b"two"

    assert after(tmp_path, program)[0] == {"map": b"one" + bytes(97)}


def test_sync_keeps_everything(tmp_path):
    def program():
        write("one", b"1", sync=False)
        os.sync()
        write("two", b"2", sync=False)

    assert after(tmp_path, program)[0] == {"one": b"1"}


def test_what_is_not_synced_may_be_there_in_part(tmp_path):
    def program():
        write("log", b"a" * 2048)
        write("log", b"b" * 2048, sync=False, flags=0)

    for policy in ("keep_prefix", "any_subset"):
        seen = set()
        for dice in range(8):
            (tmp_path / f"{policy}{dice}").mkdir()
            found, lost, _ = after(tmp_path / f"{policy}{dice}", program, policy, dice)
            sectors = bytes(found["log"][at] for at in range(0, 2048, 512))
            assert found["log"] == b"".join(bytes([s]) * 512 for s in sectors)
            assert lost["writes_lost"] == sectors.count(b"a")
            seen.add(sectors)
        assert len(seen) > 3
        in_order = all(sectors == bytes(sorted(sectors, reverse=True)) for sectors in seen)
        assert in_order is (policy == "keep_prefix")


def test_files_whose_writes_nobody_sees_are_told(tmp_path):
    _, _, why = after(tmp_path, lambda: write("log", b"one", flags=os.O_DSYNC))
    assert "it opens files with O_SYNC" in why


def test_files_elsewhere_are_none_of_its_business(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    assert after(tmp_path, lambda: write(elsewhere, b"one"))[0] == {}
    assert elsewhere.read_bytes() == b"one"
