"""What of a server's directory a power loss would leave: what was synced, as the keeper saw it.

A SIGKILL takes a process and nothing else: what it wrote is in the kernel's page cache, which
cannot be thrown away. So the keeper, which is asked before each call that waits for the disk
(`splitbrain.harness.processes.files.questions`), copies then what the call makes durable, and puts
that back when the power is lost.

    fsync of a file        its content; of a new file also all names in the server's directory
    fsync of a directory   the names in it: creations, renames and removals
    msync                  the content of the files that are mapped there
    sync, syncfs           everything

That a new file takes all names along is what ext4 and XFS do, whose journals are committed up to
there; the simulated disk (`splitbrain.harness.simulation.disk`) does likewise. A file with a name
that is durable and a content that is not is empty.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from splitbrain.harness.nemesis.control import PowerLossPolicy
from splitbrain.harness.processes.files import questions
from splitbrain.harness.processes.files.backups import emptied
from splitbrain.harness.processes.files.questions import Question

SECTOR = 512
"""Bytes of a file that are lost or kept together."""


@dataclass(slots=True, eq=False)
class _File:
    """A file whose name is durable.

    Attributes:
        held: it itself, open, so that its number is not another file's before it is forgotten.
        content: what is durable of it; None before anything is.
    """

    held: int
    content: Path | None = None

    def bytes_now(self) -> bytes:
        return Path(f"/proc/self/fd/{self.held}").read_bytes()

    def bytes_durable(self) -> bytes:
        return b"" if self.content is None else self.content.read_bytes()


_Names = dict[str, "_File | str | None"]
"""By path in the directory: a file, where a link leads, or None for a directory."""


class Durable:
    """What is durable of one server's directory.

    Args:
        place: the directory.
        store: where copies are kept.

    Attributes:
        unseen: why that is not known any more; None while it is.
    """

    def __init__(self, place: Path, store: Path) -> None:
        self._place, self._store = Path(os.path.realpath(place)), store
        self._names: _Names = {}
        self._files: dict[int, _File] = {}  # by number
        self._copies = 0
        self.unseen: str | None = None

    def synced(self, question: Question) -> None:
        """Keep what a call is about to make durable."""
        try:
            self._keep_what(question)
        except (FileNotFoundError, ProcessLookupError):
            return  # the process, or the name, is gone: nothing was promised to anybody
        except OSError as error:
            self.unseen = f"what it syncs cannot be read: {error}"

    def _keep_what(self, question: Question) -> None:
        process = f"/proc/{question.thread}"
        match question.call:
            case questions.FSYNC:
                link = f"{process}/fd/{question.arguments[0] & 0xFFFFFFFF}"
                self._sync(link, os.readlink(link))
            case questions.MSYNC:
                for path in _mapped(Path(process, "maps"), *question.arguments[:2]):
                    self._sync(path, path)
            case questions.OPEN:
                self.unseen = "it opens files with O_SYNC, and nobody sees which writes waited"
            case _:
                self.take_all()

    def _sync(self, link: str, path: str) -> None:
        """An fsync of what a link leads to, whose path the kernel tells."""
        seen = os.stat(link)
        if not seen.st_nlink or not Path(path).is_relative_to(self._place):
            return
        name = str(Path(path).relative_to(self._place))
        if stat.S_ISREG(seen.st_mode):
            if seen.st_ino not in self._files:
                self._take_names(self._scanned())
            if seen.st_ino in self._files:
                self._copy(self._files[seen.st_ino], link)
        elif stat.S_ISDIR(seen.st_mode):
            known = name == "." or self._names.get(name, "") is None
            self._take_names(self._names_within(name) if known else self._scanned())

    def take_all(self) -> None:
        """From now on everything is durable as it is."""
        self._take_names(self._scanned())
        for file in self._files.values():
            self._copy(file, f"/proc/self/fd/{file.held}")

    def _copy(self, file: _File, source: str) -> None:
        if file.content is None:
            self._store.mkdir(parents=True, exist_ok=True)
            file.content = self._store / str(self._copies)
            self._copies += 1
        shutil.copyfile(source, file.content)

    # Names

    def _scanned(self, within: str = ".") -> _Names:
        """All names below a directory, as they are now."""
        found: _Names = {}
        for name, entry in self._entries(within):
            found[name] = entry
            if entry is None:
                found |= self._scanned(name)
        return found

    def _names_within(self, directory: str) -> _Names:
        """The durable names, with those in one directory as they are now."""
        prefix = "" if directory == "." else f"{directory}/"
        found = {name: e for name, e in self._names.items() if not name.startswith(prefix)}
        for name, entry in self._entries(directory):
            found[name] = entry
            if entry is None and self._names.get(name, "") is None:
                below = f"{name}/"
                found |= {n: e for n, e in self._names.items() if n.startswith(below)}
        return found

    def _entries(self, directory: str) -> Iterator[tuple[str, _File | str | None]]:
        try:
            entries = sorted(os.listdir(self._place / directory))
        except (FileNotFoundError, NotADirectoryError):
            entries = []  # somebody has removed it meanwhile
        for entry in entries:
            name = entry if directory == "." else f"{directory}/{entry}"
            with suppress(FileNotFoundError):
                path = self._place / name
                mode = path.lstat().st_mode
                if stat.S_ISLNK(mode):
                    yield name, os.readlink(path)
                elif stat.S_ISDIR(mode):
                    yield name, None
                elif stat.S_ISREG(mode):
                    yield name, self._file(path)

    def _file(self, path: Path) -> _File:
        held = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        number = os.fstat(held).st_ino
        if number in self._files:
            os.close(held)
        else:
            self._files[number] = _File(held)
        return self._files[number]

    def _take_names(self, names: _Names) -> None:
        self._names = names
        named = {id(file) for file in names.values()}
        for number in [n for n, file in self._files.items() if id(file) not in named]:
            self._forget(number)

    def _forget(self, number: int) -> None:
        file = self._files.pop(number)
        os.close(file.held)
        if file.content is not None:
            file.content.unlink()

    # A power loss

    def lose(self, policy: PowerLossPolicy, dice: Random) -> Mapping[str, int]:
        """Put back what is durable, once nobody uses the directory any more.

        Args:
            policy: what is left of what is not: nothing, the first sectors of each file, or any;
                and of names all or none.
            dice: decide that.

        Returns:
            ``writes_lost``, in sectors, and ``names_lost``.
        """
        now = self._scanned() if self._place.is_dir() else {}
        durable = self._names
        names = now if policy != "drop_unsynced" and dice.random() < 0.5 else durable
        changed = [n for n in now | durable if now.get(n, "") != durable.get(n, "")]
        contents: dict[_File, bytes] = {}
        lost = 0
        for name in sorted(names):
            if isinstance(file := names[name], _File) and file not in contents:
                kept, gone = _left(file.bytes_durable(), file.bytes_now(), policy, dice)
                contents[file] = kept
                lost += gone
        lost += sum(_sectors(f.bytes_now()) for f in self._files.values() if f not in contents)
        self._put_back(names, contents)
        return {"writes_lost": lost, "names_lost": 0 if names is now else len(changed)}

    def _put_back(self, names: _Names, contents: Mapping[_File, bytes]) -> None:
        modes = {file: os.fstat(file.held).st_mode & 0o7777 for file in contents}
        emptied(self._place)
        there: dict[_File, Path] = {}
        for name in sorted(names):
            entry, path = names[name], self._place / name
            if entry is None:
                path.mkdir(parents=True)
            elif isinstance(entry, str):
                path.symlink_to(entry)
            elif entry in there:
                os.link(there[entry], path)
            else:
                path.write_bytes(contents[entry])
                path.chmod(modes[entry])
                there[entry] = path
        for number in [*self._files]:
            self._forget(number)
        if self._place.is_dir():
            self.take_all()


def _left(durable: bytes, now: bytes, policy: PowerLossPolicy, dice: Random) -> tuple[bytes, int]:
    """What a power loss leaves of a file, and how many sectors of it are lost."""
    places = range(0, max(len(durable), len(now)), SECTOR)
    changed = [at for at in places if durable[at : at + SECTOR] != now[at : at + SECTOR]]
    survivors: list[int] = []
    if policy == "keep_prefix":
        survivors = changed[: dice.randint(0, len(changed))]
    elif policy == "any_subset":
        survivors = [at for at in changed if dice.random() < 0.5]
    content = bytearray(durable)
    for at in survivors:
        piece = now[at : at + SECTOR]
        content.extend(bytes(max(0, at - len(content))))
        content[at : at + len(piece)] = piece
    if len(now) < len(durable) and policy != "drop_unsynced" and dice.random() < 0.5:
        del content[len(now) :]
    return bytes(content), len(changed) - len(survivors)


def _sectors(content: bytes) -> int:
    return -(-len(content) // SECTOR)


def _mapped(maps: Path, start: int, size: int) -> Iterator[str]:
    """The files that are mapped into a part of a process's memory."""
    for line in maps.read_text(errors="surrogateescape").splitlines():
        where, _, _, _, _, *path = line.split(maxsplit=5)
        low, high = (int(edge, 16) for edge in where.split("-"))
        if path and low < start + size and start < high:
            yield path[0]
