"""What waits for a reader is written in order, at once where it can be, and holds nobody up."""

from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from splitbrain.harness.processes import queues
from splitbrain.harness.processes.queues import Burst, Inbox, Outgoing, received

PIECE = b"x" * 10_000


@asynccontextmanager
async def line(out):
    """A task that writes what is put, and the other end."""
    ours, theirs = trio.socket.socketpair()
    stream = trio.SocketStream(theirs)
    async with trio.open_nursery() as nursery, stream:
        nursery.start_soon(out.write_to, trio.SocketStream(ours))
        await trio.testing.wait_all_tasks_blocked()
        yield stream
        nursery.cancel_scope.cancel()


async def read(stream, size):
    data = b""
    while len(data) < size:
        data += await received(stream)
    return data


def there(stream):
    """What can be read without letting anything else run."""
    return stream.socket._sock.recv(1 << 20)


@pytest.mark.parametrize("burst", [None, Burst()], ids=["alone", "burst"])
def test_all_that_is_put_comes_in_order(burst):
    async def main():
        out = Outgoing(burst)
        async with line(out) as stream:
            for number in range(100):
                out.put(b"%03d" % number)
            assert await read(stream, 300) == b"".join(b"%03d" % n for n in range(100))
            await out.written()

    trio.run(main)


def test_what_is_put_in_a_burst_is_on_its_way_at_its_end_and_not_before():
    async def main():
        burst = Burst()
        out = Outgoing(burst)
        async with line(out) as stream:
            with burst:
                out.put(b"one")
                out.put(b"two")
                with pytest.raises(BlockingIOError):
                    there(stream)
            assert there(stream) == b"onetwo"
            await out.written()

    trio.run(main)


def test_what_is_put_before_there_is_a_stream_waits_for_it():
    async def main():
        burst = Burst()
        out = Outgoing(burst)
        with burst:
            out.put(b"early")
        async with line(out) as stream:
            assert await read(stream, 5) == b"early"

    trio.run(main)


def test_a_reader_that_does_not_read_holds_nobody_else_up(monkeypatch):
    monkeypatch.setattr(queues, "MOST_WAITING", 1_000_000)

    async def main():
        burst = Burst()
        slow, quick = Outgoing(burst), Outgoing(burst)
        async with line(slow) as unread, line(quick) as stream:
            taken = 0
            for _ in range(400):  # twice what may wait, and what the kernel takes besides
                with burst:
                    taken += slow.put(PIECE)
                    quick.put(b"quick")
                assert there(stream) == b"quick"
            assert 100 <= taken < 400
            total = taken * len(PIECE)
            assert len(await read(unread, total)) == total  # what was taken comes when it reads
            await slow.written()
            assert slow.put(b"again")

    trio.run(main)


def test_when_its_task_has_ended_it_writes_to_no_file_that_is_somebody_elses_by_now():
    async def main():
        burst = Burst()
        out = Outgoing(burst)
        ours, theirs = trio.socket.socketpair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(out.write_to, trio.SocketStream(ours))
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        with burst:
            out.put(b"late")
        with pytest.raises(BlockingIOError):  # the file is open still, as another's would be
            theirs._sock.recv(1)

    trio.run(main)


def test_who_is_gone_is_told_to_the_task_that_writes():
    async def main():
        burst = Burst()
        out = Outgoing(burst)
        told = []

        async def write(stream):
            try:
                await out.write_to(stream)
            except trio.BrokenResourceError:
                told.append("broken")

        ours, theirs = trio.socket.socketpair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write, trio.SocketStream(ours))
            await trio.testing.wait_all_tasks_blocked()
            theirs.close()
            with burst:
                out.put(b"nobody reads this")
        assert told == ["broken"]

    trio.run(main)


def test_this_side_closed_is_no_end():
    async def main():
        ours, _ = trio.socket.socketpair()
        stream = trio.SocketStream(ours)
        await stream.aclose()
        with pytest.raises(trio.ClosedResourceError):
            await received(stream)

    trio.run(main)


def test_the_end_of_a_stream_is_nothing():
    async def main():
        ours, theirs = trio.socket.socketpair()
        ours.close()
        assert await received(trio.SocketStream(theirs)) == b""

    trio.run(main)


def test_an_inbox_can_be_emptied_at_once():
    inbox = Inbox()
    inbox.put(1)
    inbox.put(2)
    assert inbox.taken() == [1, 2]
    assert inbox.taken() == []
