"""The documents as a state machine: what the log of a consensus protocol is applied to.

Operations are the requests of `splitbrain.systems.data_models.documents.server`; a result is its
answer. A change carries a number of its own, by which it is known when it comes again, so that
clients need no session.
"""

from __future__ import annotations

from typing import Any, ClassVar

from splitbrain.systems.consensus.asking import OK, REFUSED
from splitbrain.systems.data_models.documents.server import UNIQUE, answered
from splitbrain.systems.data_models.documents.store import Documents

READS = ("get", "find", "get_all")


class DocumentMachine:
    """The replicated store.

    Attributes:
        documents_class: what keeps the documents.
    """

    documents_class: ClassVar[type[Documents]] = Documents

    def __init__(self) -> None:
        self.documents = self.documents_class(UNIQUE)

    def apply(self, operation: Any) -> tuple[str, Any]:
        """Do a request."""
        return OK, answered(self.documents, *operation)

    def query(self, operation: Any) -> tuple[str, Any]:
        """Do a request that changes nothing."""
        if operation[0] not in READS:
            return REFUSED, f"{operation[0]} is no query"
        return OK, answered(self.documents, *operation)

    def state(self) -> Any:
        """See `Documents.state`."""
        return self.documents.state()

    def restore(self, state: Any) -> None:
        """See `Documents.restore`."""
        self.documents.restore(state)
