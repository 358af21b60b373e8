"""One server of the registry: Raft with the registry over it."""

from __future__ import annotations

from typing import ClassVar

from splitbrain.systems.consensus.raft.server import RaftKV
from splitbrain.systems.consensus.raft.state import Settings
from splitbrain.systems.encoding.registry.machine import SchemaMachine


class RegistryServer(RaftKV):
    """See the module."""

    settings: ClassVar[Settings] = Settings(snapshot_every=32, snapshot_keeps=4)
    application_class: ClassVar[type[SchemaMachine]] = SchemaMachine
