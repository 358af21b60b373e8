"""TLS: the trace tells lengths, no ciphertext, and is the same in each run whatever the keys."""

from __future__ import annotations

import asyncio
import itertools
import os
import ssl

import pytest
from worlds import run, world_of

from splitbrain.harness.programs.network.tls_flights import TlsFlights

trustme = pytest.importorskip("trustme")

ASKED = (b"short\n", b"x" * 400 + b"\n", b"y" * 40_000 + b"\n")


def contexts(*, mutual=False, version=None, curve=None):
    """Of a server and a client, with keys that nobody has had before."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("n1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    if mutual:
        authority.configure_trust(server)
        server.verify_mode = ssl.CERT_REQUIRED
        authority.issue_cert("client@example.org").configure_cert(client)
    if version is not None:
        server.maximum_version = version
    if curve is not None:
        server.set_ecdh_curve(curve)
    return server, client


def asked(seed, **options):
    """The world in which a client has asked a few things of a server over TLS."""
    for_server, for_client = contexts(**options)
    answered = []

    async def serve(reader, writer):
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    async def server():
        listening = await asyncio.start_server(serve, port=7000, ssl=for_server, limit=1 << 20)
        await listening.serve_forever()

    async def client():
        await asyncio.sleep(0.1)
        stream = {"ssl": for_client, "limit": 1 << 20}
        reader, writer = await asyncio.open_connection("n1", 7000, **stream)
        for line in ASKED:
            writer.write(line)
            answered.append(await reader.readline())
        writer.close()
        await writer.wait_closed()

    world = run(world_of(server, client, library="asyncio", seed=seed))
    assert answered == [line.upper() for line in ASKED]
    return world


HANDSHAKES = {
    "TLS 1.3": {},
    "TLS 1.2": {"version": ssl.TLSVersion.TLSv1_2},
    "both show certificates": {"mutual": True},
    "both, TLS 1.2": {"mutual": True, "version": ssl.TLSVersion.TLSv1_2},
    "the client is asked again": {"curve": "secp384r1"},
    "both, and the client is asked again": {"mutual": True, "curve": "secp384r1"},
}


@pytest.mark.parametrize("options", HANDSHAKES.values(), ids=HANDSHAKES)
def test_the_trace_is_the_same_with_other_keys(options):
    assert len({asked(1, **options).trace.digest() for _ in range(2)}) == 1


@pytest.mark.nightly
@pytest.mark.parametrize("options", HANDSHAKES.values(), ids=HANDSHAKES)
def test_it_is_so_whatever_length_a_signature_has(options):
    """One signature in 128 is a byte shorter, and one in two longer, than the others."""
    assert len({asked(2, **options).trace.digest() for _ in range(12)}) == 1


def data_of(world):
    return [
        event[5] for event in world.trace.events if event[1] == "send" and event[5][0] == "data"
    ]


@pytest.mark.parametrize("options", HANDSHAKES.values(), ids=HANDSHAKES)
def test_lengths_are_told_but_for_what_is_signed(options):
    packets = data_of(asked(1, **options))
    lengths = [packet[3] for packet in packets if len(packet) == 4]

    assert all(packet[2] == "tls" for packet in packets)
    assert (
        0 < sum(lengths) - 2 * sum(map(len, ASKED)) < 8_000
    )  # of hellos, with keys of a kilobyte in newer versions
    assert len(packets) - len(lengths) <= 2  # the server's certificate, and perhaps the client's


def test_segments_are_cut_as_those_of_plain_text_are():
    numbers = {len(data_of(asked(seed))) for seed in range(3)}
    assert len(numbers) > 1


def record(kind, size, message=0):
    return bytes([kind, 3, 3, *size.to_bytes(2)]) + bytes([message]) * size


def test_what_is_no_handshake_is_never_looked_into():
    plain = TlsFlights()
    for flight, _ in itertools.product((b"GET / HTTP/1.1\r\n", record(23, 500)), range(2)):
        plain.begin(bytearray(flight))
        assert not plain.encrypted
        assert not plain.signed

    client = TlsFlights()
    client.begin(bytearray(record(22, 500, 1)))
    assert (client.encrypted, client.signed) == (True, False)
    client.begin(bytearray(record(20, 1) + record(23, 800)))
    assert client.signed
    for later in (record(22, 300, 11), record(22, 300, 2), b"\x16 in the middle of a record"):
        client.begin(bytearray(later))
        assert not client.signed


def test_a_program_may_write_its_certificates_itself_and_begin_tls_later():
    authority = trustme.CA()
    received = []

    async def serve(reader, writer):
        assert await reader.readline() == b"STARTTLS\n"
        writer.write(b"go\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("server.pem")
        await writer.start_tls(context)
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def main():
        authority.issue_cert("n1").private_key_and_cert_chain_pem.write_to_path("server.pem")
        authority.cert_pem.write_to_path("authority.pem")
        await asyncio.start_server(serve, port=7000)
        reader, writer = await asyncio.open_connection("n1", 7000)
        writer.write(b"STARTTLS\n")
        await reader.readline()
        context = ssl.create_default_context(cafile="authority.pem")
        await writer.start_tls(context, server_hostname="n1")
        writer.write(b"secret\n")
        received.append(await reader.readline())
        with pytest.raises(FileNotFoundError):
            context.load_cert_chain("nowhere.pem")

    run(world_of(main, library="asyncio"))

    assert received == [b"SECRET\n"]
    assert not os.path.exists("server.pem")
