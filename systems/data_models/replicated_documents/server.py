"""One server: Raft with documents over it."""

from __future__ import annotations

from typing import ClassVar

from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.state import Settings
from splitbrain.systems.consensus.sessions import Sessionless
from splitbrain.systems.data_models.replicated_documents.machine import DocumentMachine


class ReplicatedDocumentServer(RaftKV):
    """See the module."""

    settings: ClassVar[Settings] = Settings(snapshot_every=64, snapshot_keeps=4)
    application_class: ClassVar[type[DocumentMachine]] = DocumentMachine
    machine_class: ClassVar[type[Sessionless]] = Sessionless
