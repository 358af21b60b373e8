"""Unmodified programs as nodes: what they reach for of the machine, the simulated host answers.

program(main) --> a server like any other (splitbrain.harness.node.ServerFactory)
    |  runs main, trio's or asyncio's (asyncio_loop.py), as it is
    v
surroundings/   time, randomness, identity: the host's clock and streams
files/          the host's simulated disk
network/        trio's and asyncio's sockets --> TCP --> the world's network
"""

from __future__ import annotations

from splitbrain.harness.programs.addresses import address
from splitbrain.harness.programs.casting import roles
from splitbrain.harness.programs.clients import asyncio_client
from splitbrain.harness.programs.commands import Command, command
from splitbrain.harness.programs.factory import Program, program

__all__ = ["Command", "Program", "address", "asyncio_client", "command", "program", "roles"]
