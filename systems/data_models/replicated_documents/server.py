"""One server: Raft with documents over it."""

from __future__ import annotations

from typing import ClassVar

from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.state import Settings
from splitbrain.systems.consensus.sessions import Sessionless
from splitbrain.systems.data_models.documents.client import REGISTERS
from splitbrain.systems.data_models.replicated_documents.machine import DocumentMachine


class ReplicatedDocumentServer(RaftKV):
    """See the module."""

    settings: ClassVar[Settings] = Settings(snapshot_every=64, snapshot_keeps=4)
    application_class: ClassVar[type[DocumentMachine]] = DocumentMachine
    machine_class: ClassVar[type[Sessionless]] = Sessionless
    application: DocumentMachine

    def show_applied(self, applied: int, application: object) -> None:
        """See `Shell.show_applied`; each document's version and fields, or the registers that these
        are."""
        if self.teller.changed(("state", "applied"), applied):
            for collection, document in self.application.documents:
                if (collection, document.id) == REGISTERS:
                    for name, value in document.fields:
                        self.teller.holds(name, value)
                else:
                    self.teller.holds(document.id, (document.version, document.fields))
