"""Programs beside the stand-in for NATS, for the tests."""

from __future__ import annotations

import nats as client_library
from standin_worlds import beside

from splitbrain.systems.standins import nats


def with_nats(main, *, sync="interval", events=(), rules=None, until=15.0):
    """Run a program beside a NATS; returns the world."""
    return beside(main, until=until, events=events, rules=rules, nats=nats(sync))


def connected():
    return client_library.connect("nats://nats:4222", reconnect_time_wait=0.1)
