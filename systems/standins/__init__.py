"""Stand-ins for what programs talk to: hosts of the simulation that speak a real system's protocol.

They are small, and no replacement for the real thing: enough of it for unmodified clients, with
what the real one does when it fails, at a named setting. Faults strike them as any server.
"""

from __future__ import annotations

from splitbrain.systems.standins.http_services import Answer, Request, Trouble, http_stub
from splitbrain.systems.standins.nats_server import nats
from splitbrain.systems.standins.postgres import postgres
from splitbrain.systems.standins.redis_replicas import redis_replica
from splitbrain.systems.standins.redis_server import redis

__all__ = [
    "Answer",
    "Request",
    "Trouble",
    "http_stub",
    "nats",
    "postgres",
    "redis",
    "redis_replica",
]
