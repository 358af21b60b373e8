"""Programs beside the stand-in for Redis, for the tests."""

from __future__ import annotations

import redis.asyncio as client_library
from standin_worlds import beside

from splitbrain.systems.standins import redis


def with_redis(main, *, persistence="always", events=(), until=10.0, rules=None):
    """Run a program beside a Redis; returns the world."""
    return beside(main, until=until, events=events, rules=rules, redis=redis(persistence))


def connected(**options):
    timeouts = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
    return client_library.Redis(host="redis", decode_responses=True, **timeouts, **options)
