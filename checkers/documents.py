"""Small JSON documents that somebody names: plans, verdicts, certificates, what is known of a run.

Decoders keep the last of two fields with one name and say nothing, so that a plan could run with
another seed than a reader of the file sees, and a verdict could be two. It is refused, as in
histories.
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from splitbrain.checkers.files import read_file
from splitbrain.checkers.history.repeated_keys import repeated_key


class DocumentError(ValueError):
    """A text that is no JSON document, or means two things; the message says how."""


def read_document(path: str | os.PathLike[str]) -> Any:
    """What a file of JSON holds.

    Raises:
        OSError: it cannot be read; ``strerror`` says why.
        DocumentError: it is no JSON, or an object in it has a key twice.
    """
    data = read_file(path)
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DocumentError(f"this is not JSON ({error})") from None
    problem = repeated_key(data)
    if problem is not None:
        raise DocumentError(problem)
    return document
