"""Small disks of one's own, in a mount namespace that ends with who is in it."""

import errno
import os
import sys
from pathlib import Path

import pytest
from small_register import Client, Durable

from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Fault, InvalidPlan, Plan, run
from splitbrain.harness.processes.files import rooms
from splitbrain.harness.runs.running import check_plan
from splitbrain.harness.workloads import register

WHY = rooms.unavailable() if sys.platform == "linux" else "the ground needs Linux"
needs_mounts = pytest.mark.skipif(WHY is not None, reason=str(WHY))

FULL = Fault("disk.no_room", 0.4, 0.5, "n1", id="f1")
PLAN = Plan("", "", nodes=1, clients=3, time_limit=1.5, rate=60.0, ground="processes")


def in_a_child(action):
    """What a forked process says at its end; it may change whatever it likes of itself."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(write, str(action()).encode())
        finally:
            os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    with os.fdopen(read) as told:
        return told.read()


@needs_mounts
def test_a_disk_is_full_and_has_room_again_and_nobody_else_sees_it(tmp_path):
    place = tmp_path / "disk"

    def written():
        try:
            (place / "file").write_bytes(b"x" * 100_000)
        except OSError as error:
            return errno.errorcode[error.errno]
        return "written"

    def child():
        rooms.enter()
        rooms.mount_disk(place)
        (place / "before").write_text("x")
        told = [rooms.fill_disk(place, full=True), written()]
        told += [rooms.fill_disk(place, full=False), written()]
        return [*told, (place / "before").read_text()]

    assert in_a_child(child) == "[False, 'ENOSPC', True, 'written', 'x']"
    assert not list(place.iterdir())
    assert str(place) not in Path("/proc/self/mounts").read_text()


@needs_mounts
def test_what_is_taken_away_leaves_an_empty_directory(tmp_path):
    def child():
        rooms.enter()
        rooms.mount_disk(tmp_path)
        (tmp_path / "file").write_text("x")
        rooms.unmount_disk(tmp_path)
        return list(tmp_path.iterdir())

    assert in_a_child(child) == "[]"


class Careless(Durable):
    """Acknowledges what it could not write; each record takes more than a page."""

    careful = False

    async def run(self):
        disk, append = self.node.disk, self.node.disk.append

        def written(path, data):
            record = data.rstrip() + b" " * 5000 + b"\n"
            before = disk.size(path) if disk.exists(path) else 0
            try:
                if append(path, record) < len(record):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                disk.truncate(path, before)  # a record may be torn
                if self.careful:
                    raise

        disk.append = written
        await super().run()


class Careful(Careless):
    """Ends when it cannot write, before it answers."""

    careful = True


@pytest.mark.nightly
@needs_mounts
def test_who_acknowledges_what_a_full_disk_did_not_take_is_found():
    kill = Fault("process.kill", 1.0, 0.2, "n1", id="f2")
    result = run(PLAN.with_(faults=(FULL, kill)).using(Careless, register(Client)))
    told = {e.value["id"]: e.value for e in result.history if "effect" in str(e.value)}
    assert told["f1"]["effect"] == {"disks_full": ["n1"]}
    assert result.signature.startswith("linearizable")
    assert run(PLAN.with_(faults=(kill,)).using(Careless, register(Client))).validity is VALID


@pytest.mark.nightly
@needs_mounts
def test_who_ends_when_the_disk_is_full_loses_nothing():
    result = run(PLAN.with_(faults=(FULL,)).using(Careful, register(Client)))
    assert not result.signature.startswith("linearizable")
    (died,) = result.history.events("died")
    assert "No space left on device" in died.value["error"]


def test_a_machine_that_lets_nobody_mount_refuses_with_the_reason(monkeypatch):
    monkeypatch.setattr(rooms, "unavailable", lambda: "nobody may mount here")
    with pytest.raises(InvalidPlan, match="small disks of their own, and nobody may mount here"):
        check_plan(PLAN.with_(faults=(FULL,)).using(Durable, register(Client)))
