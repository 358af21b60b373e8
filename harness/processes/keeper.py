"""The keeper: a process between the harness and the nodes, so that none of them is left behind.

    harness ── commands ──► keeper ── fork, signals ──► n1, n2, ...  each a process group
            ◄── reports ───

It is forked before the harness has any task under way, and forks every life of every node, so that
a node starts with the code of the experiment, whatever that is, and nothing else. It alone waits
for them, so that no signal can reach a process that has taken over the number of a dead one.

When the harness closes its end of the line, whatever it dies of, the keeper kills every group and
whoever has left its group, removes the run's directory and ends. If the keeper itself is killed,
the kernel kills the nodes, in a namespace of theirs (`pids`) all that they have started, and the
`warden` does the rest.
"""

from __future__ import annotations

import os
import select
import selectors
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from splitbrain.harness.nemesis.control import PowerLossPolicy
from splitbrain.harness.processes import pids, vdso, warden
from splitbrain.harness.processes.files import backups, questions, rooms
from splitbrain.harness.processes.files.disks import Disks, Needs
from splitbrain.harness.processes.network.networks import Networks
from splitbrain.harness.workers import adopt_orphans, when_parent_dies

Become = Callable[[str, Any, Callable[[], None]], None]
"""What a forked process does: called with a node's name, what the harness said at `START`, and what
moves the process into the node's own network, if it has one."""

START, SIGNAL, COPY, REPLACE, LOSE, CLOCK, FILL, SLOW, FAST = (
    *("start", "signal", "copy", "replace", "lose", "clock", "fill", "slow", "fast"),
)
"""What the keeper is told to do to a server."""

STARTED, ENDED, DONE = "started", "ended", "done"
"""What it reports: a process's number, its exit code, what came of a command."""

END_S = 60.0
"""How long the keeper may take to end everything."""

LOOK_S = 1.0
"""How often it looks whether the harness is still there."""

_BROKE = 70
_ATTEMPTS = 100


class Kept:
    """The harness's end.

    Attributes:
        line: where commands go and reports come from, one JSON array a line.
        networks: where files of networks come from, if servers have some
            (`splitbrain.harness.processes.network.networks.Networks.give_to`).
    """

    def __init__(
        self, pid: int, folder: Path, line: socket.socket, networks: socket.socket
    ) -> None:
        self._pid = pid
        self._folder = folder
        self.line = line
        self.networks = networks

    def end(self) -> None:
        """Have everything end, and wait until it has."""
        self.line.close()
        self.networks.close()
        ending = os.pidfd_open(self._pid)
        try:
            if not select.select([ending], [], [], END_S)[0]:
                os.kill(self._pid, signal.SIGTERM)  # whereupon the warden kills the keeper
        finally:
            os.close(ending)
        os.waitpid(self._pid, 0)
        # A client may have made its own directory there after the keeper was killed.
        shutil.rmtree(self._folder, ignore_errors=True)


def keep(become: Become, folder: Path, servers: Sequence[str], needs: Needs) -> Kept:
    """Fork a keeper, and the warden above it.

    Args:
        become: what each node's process does.
        folder: what the keeper makes first, and removes in the end.
        servers: the nodes' names.
        needs: what they need of the kernel.
    """
    ours, theirs = socket.socketpair()
    our_files, their_files = socket.socketpair()
    sys.stdout.flush()  # or what waits there is written by every process once more
    sys.stderr.flush()
    harness = os.getpid()
    pid = os.fork()
    if pid:
        theirs.close()
        their_files.close()
        return Kept(pid, folder, ours, our_files)
    status = _BROKE
    try:
        ours.close()
        our_files.close()

        def life(parent: int) -> None:
            _Keeper(theirs, their_files, become, folder, servers, needs).serve(parent)

        warden.guard(life, folder, harness, (theirs, their_files))
        status = 0
    except BaseException:  # noqa: BLE001 - nothing may get out of a forked process
        traceback.print_exc()
    finally:
        os._exit(status)


class _Keeper:
    def __init__(
        self,
        line: socket.socket,
        files: socket.socket,
        become: Become,
        folder: Path,
        servers: Sequence[str],
        needs: Needs,
    ) -> None:
        self._line = line
        self._become = become
        self._folder = folder
        self._disks = Disks(folder, servers, needs)
        self._servers = servers
        self._needs = needs
        self._files = files
        self._networks: Networks | None = None
        self._pids: dict[str, int] = {}
        self._groups: dict[str, int] = {}  # of each server's last life
        self._me = os.pidfd_open(os.getpid())
        self._separate = False
        self._over = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(line, selectors.EVENT_READ)
        self._unread = b""

    def serve(self, parent: int) -> None:
        adopt_orphans()
        signal.signal(signal.SIGTERM, self._asked_to_end)
        when_parent_dies(signal.SIGTERM)
        try:
            self._folder.mkdir(mode=0o700)
            self._take_rooms()
            while not self._over and os.getppid() == parent:
                for key, _ in self._selector.select(self._timeout()):
                    if key.fileobj is self._line:
                        self._read()
                    else:
                        key.data(key.fileobj)
                self._disks.go_on()
        finally:
            self._end_all()

    def _take_rooms(self) -> None:
        separate = pids.unavailable() is None
        if separate or self._disks.small or self._needs.networks:
            rooms.enter()
        self._disks.mount()
        if self._needs.networks:
            self._networks = Networks(self._servers)
            self._networks.give_to(self._files)
        self._files.close()
        if separate:
            pids.separate(self._me)
        self._separate = separate

    def _enter_network(self, name: str) -> None:
        if self._networks is not None:
            self._networks.enter(name)

    def _timeout(self) -> float:
        return max(0.0, min(LOOK_S, self._disks.next))

    def _asked_to_end(self, *_: object) -> None:
        self._over = True

    def _read(self) -> None:
        try:
            data = self._line.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self._over = True
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            command, name, value = msgspec.json.decode(line)
            if command == START:
                self._start(name, value)
            elif command == SIGNAL:
                self._signal(name, value)
            elif command == COPY:
                self._copy(name, paused=value)
            elif command == REPLACE:
                self._report(DONE, name, self._disks.replace(name, by_copy=value))
            elif command == LOSE:
                self._lose(name, *value)
            elif command == FILL:
                self._report(DONE, name, self._disks.fill(name, full=value))
            elif command == SLOW:
                self._disks.syncs[name].add(*value)
                self._report(DONE, name, True)
            elif command == FAST:
                self._report(DONE, name, self._disks.syncs[name].remove(value))
            elif command == CLOCK:
                paused, seconds = value
                self._report(DONE, name, self._set_clock(name, seconds, paused=paused))

    def _report(self, *report: Any) -> None:
        with suppress(ConnectionError):  # the harness has died, which is seen next
            self._line.sendall(msgspec.json.encode(report) + b"\n")

    def _start(self, name: str, told: Any) -> None:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            ours.close()
            self._live(name, told, theirs)
        theirs.close()
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)  # the child does so too: whoever comes first
        self._pids[name] = self._groups[name] = pid
        ended = partial(self._ended, name)
        self._selector.register(os.pidfd_open(pid), selectors.EVENT_READ, ended)
        if name in self._disks.syncs:
            self._listen(name, ours)
        ours.close()
        self._report(STARTED, name, pid)

    def _listen(self, name: str, child: socket.socket) -> None:
        """Have a node's new process, and all that it will start, ask before it waits for a disk."""
        with suppress(ConnectionError):
            _, files, _, _ = socket.recv_fds(child, 1, 1)
            for file in files:  # none: it has ended already
                asked = partial(self._asked, name)
                self._selector.register(file, selectors.EVENT_READ, asked)

    def _asked(self, name: str, file: int) -> None:
        if not self._disks.syncs[name].asked(file):
            self._selector.unregister(file)
            os.close(file)

    def _live(self, name: str, told: Any, parent: socket.socket) -> NoReturn:
        """The life of a node's process, which is forked from this one."""
        status = _BROKE
        try:
            os.setpgid(0, 0)
            when_parent_dies(signal.SIGKILL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            if not pids.ended(self._me):
                os.close(self._me)
                self._line.close()
                self._selector.close()
                if self._separate:
                    pids.look()
                if name in self._disks.syncs:
                    listener = questions.listener()
                    socket.send_fds(parent, [b"x"], [listener])
                    os.close(listener)
                parent.close()
                self._become(name, told, partial(self._enter_network, name))
                status = 0
        except BaseException:  # noqa: BLE001 - nothing may get out of a forked process
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _ended(self, name: str, process: int) -> None:
        self._selector.unregister(process)
        os.close(process)
        pid = self._pids.pop(name)
        _, status = os.waitpid(pid, 0)
        self._kill_group(pid)  # what it has started ends with it
        self._report(ENDED, name, os.waitstatus_to_exitcode(status))

    def _signal(self, name: str, number: int) -> None:
        """Send a signal to a node's group; if that is to stop it, wait until the node stands still.

        That it goes on after SIGCONT need not be waited for: it can run before `killpg` returns.
        """
        pid = self._pids.get(name)
        if pid is not None:
            os.killpg(pid, number)
            if number == signal.SIGSTOP:
                os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
                os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG)
        self._report(DONE, name, pid is not None)

    def _copy(self, name: str, *, paused: bool) -> None:
        """Keep a copy of a node's directory, while nobody changes it."""
        with self._standing_still(name, paused=paused):
            self._disks.keep_copy(name)
        self._report(DONE, name, True)

    def _lose(self, name: str, policy: PowerLossPolicy, seed: int) -> None:
        """Take from the directory of a node that is down what it has not synced."""
        if name in self._groups:
            backups.stand_still(self._groups[name])  # who was killed last may be about to write
        self._report(DONE, name, self._disks.lose(name, policy, seed))

    def _set_clock(self, name: str, seconds: float, *, paused: bool) -> int | str:
        """Set the wall clocks of a node's processes; how many of these have asked for the time
        since it was done last, or what went wrong."""
        for _ in range(_ATTEMPTS):
            with self._standing_still(name, paused=paused) as pids:
                try:
                    asked = sum(map(vdso.asked_since, pids))
                    for pid in pids:
                        vdso.set_offset(pid, seconds)
                        vdso.forget(pid)
                    return asked
                except vdso.Busy:
                    continue
                except OSError as error:
                    return f"the clock of {name} could not be set: {error}"
        return f"the clock of {name} could not be set: it asks for the time all the time"

    @contextmanager
    def _standing_still(self, name: str, *, paused: bool) -> Iterator[list[int]]:
        """A node's processes, while none of them does anything; without the one that started the
        others, if there are others."""
        group = self._pids.get(name)
        if group is None:
            yield []
            return
        os.killpg(group, signal.SIGSTOP)
        try:
            backups.stand_still(group)
            pids = [pid for pid, state in backups.members(group).items() if state in "tT"]
            yield [pid for pid in pids if pid != group] or pids
        finally:
            if not paused:
                os.killpg(group, signal.SIGCONT)

    def _kill_group(self, group: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    def _end_all(self) -> None:
        for pid in self._pids.values():
            self._kill_group(pid)
        self._disks.unmount()
        warden.clear(self._folder)
