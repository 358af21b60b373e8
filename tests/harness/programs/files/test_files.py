"""Files of unmodified programs: on the simulated disk, with what a crash leaves of them."""

# ruff: noqa: SIM115 - files that are left open are what some of this is about

from __future__ import annotations

import asyncio
import fcntl
import glob
import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
import trio
from worlds import run, world_of

from splitbrain.harness.simulation.wires import Nondeterminism


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where the programs are; nothing may really be written there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "template.txt").write_text("real")
    yield tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["template.txt"]


def alone(function, **events):
    """Run a function in a program of trio, in each life of its process."""

    async def main():
        function()
        await trio.sleep_forever()

    world = world_of(main)
    for at, action in events.get("events", ()):
        world.at(at, getattr(world, action), "n1")
    return run(world)


def test_what_is_written_is_read_and_nothing_is_really_there():
    def look():
        with open("data.txt", "w") as file:
            print("one", file=file)
        with open("data.txt", "a") as file:
            file.write("two\n")
        assert Path("data.txt").read_text() == "one\ntwo\n"
        assert [line.strip() for line in open("data.txt")] == ["one", "two"]
        with open("data.txt", "r+b") as file:
            file.seek(-4, os.SEEK_END)
            file.write(b"TWO")
            file.seek(0)
            assert file.read() == b"one\nTWO\n"
        assert Path(os.getcwd(), "data.txt").stat().st_size == 8
        with pytest.raises(FileExistsError):
            open("data.txt", "x")
        with pytest.raises(FileNotFoundError):
            open("nothing.txt")
        with pytest.raises(FileNotFoundError):
            open("nowhere/data.txt", "w")

    alone(look)


def test_names_and_folders_are_as_anywhere():
    def look():
        Path("data/a").mkdir(parents=True)
        os.makedirs("data/a", exist_ok=True)
        Path("data/a/one").write_bytes(b"1")
        Path("data/a/two").write_bytes(b"2")
        os.replace("data/a/two", "data/a/one")
        assert os.listdir("data/a") == ["one"]
        assert [path.name for path in Path("data").iterdir()] == ["a"]
        with os.scandir("data") as entries:
            assert [(entry.name, entry.path, entry.is_dir()) for entry in entries] == [
                ("a", "data/a", True)
            ]
        assert [folder for folder, _, _ in os.walk("data")] == ["data", "data/a"]
        assert [str(path) for path in Path("data").rglob("*")] == ["data/a", "data/a/one"]
        assert glob.glob("data/*/o*") == ["data/a/one"]
        assert Path("data/a/one").read_bytes() == b"2"
        assert Path("data").is_dir()
        assert not Path("data/a/two").exists()
        assert os.path.getsize("data/a/one") == 1
        with pytest.raises(OSError, match="not empty"):
            os.rmdir("data/a")
        os.remove("data/a/one")
        os.rmdir("data/a")
        assert not Path("data/a").exists()

    alone(look)


def test_a_real_file_may_be_read_and_shadowed_but_not_changed():
    def look():
        assert Path("template.txt").read_text() == "real"
        with pytest.raises(Nondeterminism):
            open("template.txt", "a")
        with pytest.raises(Nondeterminism):
            os.remove("template.txt")
        Path("template.txt").write_text("of n1")
        assert Path("template.txt").read_text() == "of n1"

    alone(look)
    assert Path("template.txt").read_text() == "real"


def test_folders_are_removed_whole_and_files_get_rights_and_times_that_nobody_keeps():
    def look():
        os.makedirs("data/a")
        Path("data/a/one").write_text("1")
        shutil.copy("data/a/one", "data/two")
        for name in ("two", "two", "three"):
            Path("data", name).touch()
        with pytest.raises(FileNotFoundError):
            os.chmod("data/none", 0o600)
        os.chmod("data/two", 0o600)
        with open("data/two", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert file.read() == "1"
        shutil.rmtree("data")
        assert not Path("data").exists()
        for change in (
            lambda: os.chmod("template.txt", 0o600),
            lambda: os.symlink("template.txt", "other.txt"),
            lambda: os.chdir("/"),
        ):
            with pytest.raises(Nondeterminism):
                change()

    alone(look)


def lives(write, crash):
    """What each life of a process finds in the file `state`, which `write` writes in the first."""
    found = []

    def look():
        found.append(Path("state").read_text() if os.path.exists("state") else None)
        if len(found) == 1:
            write()

    alone(look, events=[(1.0, crash), (2.0, "start")])
    return found[1]


def unsynced():
    Path("state").write_text("x")


def buffered():
    kept.append(open("state", "w"))
    kept[-1].write("x")


kept: list = []


def synced():
    with open("state", "w") as file:
        file.write("x")
        file.flush()
        os.fsync(file.fileno())


def renamed():
    number = os.open("new", os.O_WRONLY | os.O_CREAT)
    os.write(number, b"x")
    os.fsync(number)
    os.close(number)
    os.rename("new", "state")


def renamed_durably():
    renamed()
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


@pytest.mark.parametrize(
    ("write", "crash", "left"),
    [
        (unsynced, "kill", "x"),
        (buffered, "kill", ""),
        (unsynced, "power_loss", None),
        (synced, "power_loss", "x"),
        (renamed_durably, "power_loss", "x"),
    ],
)
def test_a_crash_leaves_what_a_disk_keeps(write, crash, left, monkeypatch):
    if crash == "power_loss":
        from splitbrain.harness.simulation.world import World

        real = World.power_loss
        monkeypatch.setattr(
            World, "power_loss", lambda self, name: real(self, name, "drop_unsynced")
        )
    assert lives(write, crash) == left


def test_each_host_has_files_of_its_own():
    async def main():
        assert not Path("state").exists()
        Path("state").write_text("mine")
        await asyncio.sleep(1)
        assert Path("state").read_text() == "mine"

    run(world_of(main, main, library="asyncio"))


def test_libraries_write_as_they_do(monkeypatch):
    async def main():
        async with await trio.open_file("state.json", "w") as file:
            await file.write(json.dumps([1, 2]))
        assert await trio.Path("state.json").read_text() == "[1, 2]"

    run(world_of(main))


def test_what_is_not_there_is_told_as_on_any_machine(folder):
    (folder / "real").mkdir()
    told = {}

    async def main():
        Path("gone").unlink(missing_ok=True)
        for name, action in {
            "remove": lambda: os.remove("gone"),
            "rename": lambda: os.rename("gone", "here"),
            "truncate": lambda: os.truncate("gone", 0),
            "rmdir": lambda: os.rmdir("gone"),
            "a full folder": lambda: os.rmdir("full"),
            "a real folder": lambda: os.rmdir("real"),
        }.items():
            os.makedirs("full", exist_ok=True)
            open("full/file", "w").close()
            try:
                action()
            except (OSError, Nondeterminism) as error:
                told[name] = type(error).__name__

    world = world_of(main)
    with world.booted():
        world.run_until(1.0)
    (folder / "real").rmdir()

    assert told == {
        **dict.fromkeys(("remove", "rename", "truncate", "rmdir"), "FileNotFoundError"),
        "a full folder": "OSError",
        "a real folder": "Nondeterminism",
    }


def test_files_are_read_and_written_at_an_offset():
    found = []

    async def main():
        with open("log", "w+b") as file:
            number = file.fileno()
            found.append(os.pwrite(number, b"abcdef", 0))
            found.append(os.pwrite(number, b"XY", 2))
            found.append((os.pread(number, 3, 1), file.tell()))
        with open("log", "ab") as file:
            os.pwrite(file.fileno(), b"!", 0)  # what appends does so, as Linux has it
        with open("log", "rb") as file:
            found.append(file.read())

    run(world_of(main))

    assert found == [6, 2, (b"bXY", 0), b"abXYef!"]


def test_temporary_files_have_the_same_names_in_each_run_and_are_removed():
    def names():
        found = []

        async def main():
            with tempfile.NamedTemporaryFile() as file:
                file.write(b"gone soon")
                found.append((file.name, os.path.exists(file.name)))
            found.append(os.path.exists(found[0][0]))
            with tempfile.TemporaryDirectory() as folder:
                open(f"{folder}/a", "w").close()
                found.append((folder, os.listdir(folder)))

        run(world_of(main))
        return found

    first = names()

    assert first == names()
    assert [exists for _, exists in first[:1]] + first[1:2] == [True, False]
    assert first[2][1] == ["a"]
