"""Text as bytes."""

from __future__ import annotations

from splitbrain.systems.encoding.errors import EncodingError, told


def utf8(text: str) -> bytes:
    """The text in UTF-8.

    Raises:
        EncodingError: it has a half of a surrogate pair, which is no character.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        half = f"U+{ord(text[error.start]):04X}"
        raise EncodingError(f"{half} at position {error.start} is no character") from None


def from_utf8(data: bytes) -> str:
    """The text that bytes are the UTF-8 of.

    Raises:
        EncodingError: they are not.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise EncodingError(f"{told(data)} is no UTF-8") from None
