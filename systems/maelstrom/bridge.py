"""The bridge between a node and the program whose standard input and output it holds."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec
import trio

from splitbrain.harness.node import Message
from splitbrain.harness.processes.node import ServerNode, leave_ending_to_program
from splitbrain.harness.processes.queues import Outgoing, Stream, received

HARNESS = "c0"
"""Who initialises the nodes."""

_LONGEST = 1 << 24


class ProgramEnded(RuntimeError):
    """The program ended by itself."""


class NotAMessage(ValueError):
    """A line of the program's output is none of the protocol's messages."""


class _Envelope(msgspec.Struct):
    dest: str
    body: msgspec.Raw
    src: str | None = None


class _Head(msgspec.Struct):
    """What a bridge looks at of a body."""

    type: str
    msg_id: int | None = None
    in_reply_to: int | None = None


class Bridge:
    """`splitbrain.harness.node.Server`: runs the program, and passes its messages on.

    Args:
        command: what is run.
        topology: who is next to whom, if nodes are told that.
        node: the node.
    """

    def __init__(
        self,
        command: tuple[str, ...],
        topology: Mapping[str, Sequence[str]] | None,
        node: ServerNode,
    ) -> None:
        self._command = command
        self._topology = topology
        self._node = node
        node.late = True
        self._hosts = (node.name, *node.peers)
        self._lines = Outgoing(node.burst)

    async def run(self) -> None:
        """See `splitbrain.harness.node.Server`.

        Raises:
            ProgramEnded: that is a node's death, whatever its exit code.
            NotAMessage: it wrote something else on its standard output.
        """
        leave_ending_to_program()
        pipe = subprocess.PIPE
        process = await trio.lowlevel.open_process(
            self._command, stdin=pipe, stdout=pipe, stderr=pipe
        )
        assert isinstance(process.stdin, trio.lowlevel.FdStream)
        assert isinstance(process.stdout, trio.lowlevel.FdStream)
        assert isinstance(process.stderr, trio.lowlevel.FdStream)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, process.stdin)
            nursery.start_soon(self._log, process.stderr)
            self._initialise()
            async for lines in _lines_of(process.stdout):
                with self._node.burst:
                    for line in lines:
                        self._said(line)
            code = await process.wait()
            raise ProgramEnded(f"{' '.join(self._command)} ended with exit code {code}")

    def _initialise(self) -> None:
        names = sorted(self._hosts)
        told = {"type": "init", "msg_id": 1, "node_id": self._node.name, "node_ids": names}
        self._tell(HARNESS, msgspec.json.encode(told))

    def _introduce(self) -> None:
        told = {"type": "topology", "msg_id": 2, "topology": self._topology}
        self._tell(HARNESS, msgspec.json.encode(told))

    def _tell(self, source: str, body: bytes) -> None:
        envelope = _Envelope(self._node.name, msgspec.Raw(body), source)
        if not self._lines.put(msgspec.json.encode(envelope) + b"\n"):
            self._node.trace("unread", source)

    async def _write(self, stdin: Stream) -> None:
        try:
            await self._lines.write_to(stdin)
        except trio.BrokenResourceError:
            return  # it reads no more: that it has ended is told by its output

    async def _log(self, stderr: Stream) -> None:
        async for lines in _lines_of(stderr):
            for line in lines:
                self._node.trace("stderr", line.decode(errors="replace"))

    def _heard(self, source: str, message: Message) -> None:
        (body,) = message
        self._tell(source, body.encode())

    def _said(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            envelope = msgspec.json.decode(line, type=_Envelope)
            head = msgspec.json.decode(envelope.body, type=_Head)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            text = line.decode(errors="replace")[:200]
            raise NotAMessage(f"{self._node.name} wrote {text!r} on its output: {error}") from None
        if envelope.dest == HARNESS:
            self._answered(head, bytes(envelope.body))
            return
        try:
            self._node.network.send(envelope.dest, (bytes(envelope.body).decode(),))
        except ValueError:
            told = {
                "type": "error",
                "code": 1,
                "text": f"there is no {envelope.dest} here",
                "in_reply_to": head.msg_id,
            }
            self._tell(envelope.dest, msgspec.json.encode(told))

    def _answered(self, head: _Head, body: bytes) -> None:
        if head.type == "error":
            raise ProgramEnded(f"{self._node.name} refused its initialisation: {body.decode()}")
        if head.in_reply_to == 1 and self._topology is not None:
            self._introduce()
        elif head.in_reply_to in (1, 2):
            self._node.hear(self._heard)
            self._node.serves()


async def _lines_of(stream: Stream) -> AsyncIterator[list[bytes]]:
    """The lines of a stream, to its end; those together that come together.

    Raises:
        NotAMessage: one does not end.
    """
    unread = bytearray()
    while data := await received(stream):
        unread += data
        *lines, unread = unread.split(b"\n")
        if len(unread) > _LONGEST:
            raise NotAMessage(f"a line of more than {_LONGEST} bytes")
        yield [bytes(line) for line in lines]
    if unread:
        yield [bytes(unread)]
