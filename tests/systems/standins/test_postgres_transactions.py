"""Whole transactions against the stand-in for PostgreSQL, judged by their level under faults."""

from __future__ import annotations

import pytest

pytest.importorskip("asyncpg")

import asyncpg
from asyncpg import exceptions as told

from splitbrain import Definite
from splitbrain.checkers.verdict import VALID
from splitbrain.harness import Plan, faults, run
from splitbrain.harness.programs import asyncio_client, roles
from splitbrain.harness.workloads import list_append
from splitbrain.systems.standins import postgres


class Lists:
    """Lists in PostgreSQL, without any server of ours between."""

    level = "serializable"

    def __init__(self, node, server):
        self.db = None

    async def transaction(self, micro_operations):
        completed = []
        try:
            if self.db is None or self.db.is_closed():
                self.db = await asyncpg.connect(
                    host="db", user="app", database="app", timeout=1.0, command_timeout=1.0
                )
                await self.db.execute(
                    "CREATE TABLE IF NOT EXISTS lists (key text PRIMARY KEY, has text)"
                )
            started = self.db.transaction(isolation=self.level)
            await started.start()
            for f, key, value in micro_operations:
                completed.append([f, key, await self.one(f, str(key), value)])
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            self.gone()
            raise Definite(str(error)) from error
        try:
            await started.commit()
        except told.SerializationError as error:
            raise Definite(str(error)) from error
        except BaseException:
            self.gone()
            raise
        return completed

    def gone(self):
        if self.db is not None:
            self.db.terminate()
            self.db = None

    async def one(self, f, key, value):
        if f == "r":
            has = await self.db.fetchval("SELECT has FROM lists WHERE key = $1", key)
            return None if has is None else [int(each) for each in has.split()]
        await self.db.execute(
            "INSERT INTO lists VALUES ($1, $2) ON CONFLICT (key) "
            "DO UPDATE SET has = lists.has || ' ' || excluded.has",
            key,
            str(value),
        )
        return value


@asyncio_client
class Serializable(Lists):
    """At the strongest level."""


@asyncio_client
class ReadCommitted(Lists):
    """At PostgreSQL's default."""

    level = "read_committed"


def judged(client, seed, kinds="kill,partition,pause", setting="on"):
    """A run of transactions on lists, judged as serializable."""
    plan = Plan("", "", nodes=1, clients=4, seed=seed, time_limit=4.0)
    plan = plan.with_(faults=faults.swarm(kinds).draw(seed, plan))
    lists = list_append(client, consistency="serializable", keys=3)
    return run(plan.using(roles(db=postgres(setting)), lists))


def test_serializable_transactions_are():
    for seed in range(4):
        made = judged(Serializable, seed)
        assert made.validity is VALID, made.verdicts[0]


def test_read_committed_transactions_are_not():
    assert any("list-append" in judged(ReadCommitted, seed).signature for seed in range(4))
