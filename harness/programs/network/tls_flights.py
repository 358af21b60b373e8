"""Which bytes of a stream of TLS are as many in each run.

What is encrypted differs from run to run, since the keys do, but its length is that of the text
below it. Not so where somebody signs: an ECDSA signature (and a certificate that was made for the
test) takes a byte or two more or less. So each flight, what is sent between two things that were
heard, is looked at: who signs says so in the open, or is known by what a Finished takes. Sources:
RFC 8446 (TLS 1.3), sections 4.1.3, 4.4 and 5.1, appendix D.4; RFC 5246 (TLS 1.2), section 7.4.
"""

from __future__ import annotations

HANDSHAKE = b"\x16\x03"
"""How a stream of TLS begins: a record of a handshake, of version 3."""

_CHANGE_CIPHER_SPEC, _HANDSHAKE, _APPLICATION_DATA = 20, 22, 23
_CLIENT_HELLO, _SERVER_HELLO, _CERTIFICATE = 1, 2, 11
_HEADER = 5

_AGAIN = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
"""The random bytes of a ServerHello that only asks for another ClientHello."""

_FINISHED = (53, 69)
"""What a Finished of TLS 1.3 takes, with SHA-256 and with SHA-384."""

_LONGEST_FINISHED = 100
"""In TLS 1.2, where it is of the same kind as a ClientHello, which is longer."""


class TlsFlights:
    """One direction of a connection.

    Attributes:
        encrypted: TLS has begun.
        signed: the present flight holds a signature, or may, so its length is nobody's to choose.
    """

    def __init__(self) -> None:
        self.encrypted = self.signed = False
        self._greeted = self._over = False

    def begin(self, data: bytearray) -> None:
        """A flight begins with these bytes; those of a handshake begin with a whole record."""
        self.encrypted = self.encrypted or data.startswith(HANDSHAKE)
        if self._over or not self.encrypted:
            self.signed = False
            return
        greeted, self._greeted = self._greeted, False
        self.signed = self._is_signed(data, greeted)
        self._over = not self._greeted  # only a ClientHello is followed by more of a handshake

    def _is_signed(self, data: bytearray, greeted: bool) -> bool:
        after_change = data[0] == _CHANGE_CIPHER_SPEC
        if after_change:
            data = data[_HEADER + int.from_bytes(data[3:_HEADER]) :]
            if not data:
                return True  # the rest of it is not there yet
        kind, size = data[0], int.from_bytes(data[3:_HEADER])
        if kind == _APPLICATION_DATA:
            return greeted and size not in _FINISHED  # a client that shows its certificate
        if kind != _HANDSHAKE or (after_change and size < _LONGEST_FINISHED):
            return False
        message = data[_HEADER]
        if message == _SERVER_HELLO:
            # 4 bytes are the message's kind and length, 2 its version
            asks_again = data[_HEADER + 6 : _HEADER + 6 + len(_AGAIN)] == _AGAIN
            self._greeted = asks_again
            return not asks_again
        self._greeted = message == _CLIENT_HELLO
        return message == _CERTIFICATE
