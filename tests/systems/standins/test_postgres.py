"""The stand-in for PostgreSQL, as unmodified asyncpg sees it."""

from __future__ import annotations

import ast
import asyncio
import datetime
import sys
import uuid
from pathlib import Path

import pytest

pytest.importorskip("asyncpg")
sys.path.insert(0, str(Path(__file__).parents[2] / "harness" / "programs"))

import asyncpg
from asyncpg import exceptions as told
from standin_worlds import beside
from worlds import cut

from splitbrain.harness.plan import InvalidPlan
from splitbrain.systems.standins import postgres


def with_postgres(main, *, setting="on", events=(), until=30.0, rules=None):
    """Run a program to its end beside a PostgreSQL; returns the world."""
    ended = []

    async def to_its_end():
        await main()
        ended.append(True)

    made = postgres(setting)
    world = beside(to_its_end, until=until, events=events, rules=rules, db=made)
    assert ended, "the program did not come to its end"
    return world


def connected(**options):
    return asyncpg.connect(host="db", user="app", database="app", **options)


ACCOUNTS = """
    CREATE TABLE accounts (
        id int PRIMARY KEY, owner text UNIQUE, balance bigint NOT NULL DEFAULT 0
    );
    INSERT INTO accounts VALUES (1, 'ann', 10), (2, 'bob', 20), (3, 'cid', 30);
"""


def on_accounts(main, **options):
    """Run a program that is given two connections to a database with three accounts."""

    async def prepared():
        one, other = await connected(), await connected()
        await one.execute(ACCOUNTS)
        await main(one, other)
        await one.close()
        await other.close()

    return with_postgres(prepared, **options)


def plain(records):
    return [tuple(record) for record in records]


SMALL_SQL = """
    SELECT id, owner FROM accounts WHERE balance > 15 ORDER BY id
        -> (2, 'bob'), (3, 'cid')
    SELECT owner FROM accounts ORDER BY balance DESC LIMIT 1 OFFSET 1
        -> ('bob',)
    SELECT count(*), sum(balance), max(owner), avg(balance) FROM accounts
        -> (3, 60, 'cid', 20.0)
    SELECT id % 2, count(*) AS n FROM accounts GROUP BY id % 2 ORDER BY n
        -> (0, 1), (1, 2)
    SELECT id FROM accounts WHERE owner LIKE 'b%' OR id IN (3, 9)
        -> (2,), (3,)
    SELECT id FROM accounts WHERE owner NOT LIKE '%b' AND NOT id = 1
        -> (3,)
    SELECT id FROM accounts a WHERE a.balance BETWEEN 5 AND 25 AND a.id <> 1
        -> (2,)
    SELECT id FROM accounts WHERE id = (SELECT max(id) FROM accounts)
        -> (3,)
    SELECT id FROM accounts WHERE id IN (SELECT id FROM accounts WHERE id < 2)
        -> (1,)
    SELECT EXISTS (SELECT 1 FROM accounts WHERE id = 9)
        -> (False,)
    SELECT coalesce(NULL, 'none'), upper('x') || 1, -7 / 2, 2 * (3 + 4)
        -> ('none', 'X1', -3, 14)
    SELECT NULL = 1, NULL IS NULL, true OR NULL, false AND NULL
        -> (None, True, True, False)
    UPDATE accounts SET balance = balance + 5 WHERE id = 1 RETURNING balance
        -> (15,)
    DELETE FROM accounts WHERE balance >= 20 RETURNING *
        -> (2, 'bob', 20), (3, 'cid', 30)
    INSERT INTO accounts (id) VALUES (7) RETURNING id, owner, balance
        -> (7, None, 0)
    INSERT INTO accounts (id, balance) VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET balance = accounts.balance + excluded.balance RETURNING balance
        -> (15,)
    INSERT INTO accounts VALUES (9, 'bob') ON CONFLICT DO NOTHING RETURNING id
        ->
    INSERT INTO accounts VALUES (2) ON CONFLICT (id) DO UPDATE SET owner = 'x' WHERE accounts.balance > 99 RETURNING id
        ->
"""  # noqa: E501
"""What is asked of the three accounts, each time as they were, and what comes."""


def test_small_sql():
    cases = [each.split("->") for each in SMALL_SQL.strip().replace("\n        ", "").splitlines()]

    async def main(db, other):
        for sql, rows in cases:
            begun = db.transaction()
            await begun.start()
            assert plain(await db.fetch(sql)) == list(ast.literal_eval(f"[{rows}]")), sql
            await begun.rollback()

    on_accounts(main)


def test_values_of_all_types_come_back_as_they_went():
    moment = datetime.datetime(2001, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    values = {
        "boolean": True,
        "smallint": -3,
        "int": 1 << 30,
        "bigint": -(1 << 60),
        "float8": 0.1,
        "text": "it's 'ü'",
        "varchar(9)": "v",
        "jsonb": '{"a": 1}',
        "json": "[]",
        "bytea": b"\0\xff",
        "uuid": uuid.UUID(int=7),
        "timestamptz": moment,
        "interval": datetime.timedelta(days=3, seconds=1.5),
    }
    names = [f"c{at}" for at, _ in enumerate(values)]

    async def main():
        db = await connected()
        columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, values, strict=True))
        places = ", ".join(f"${at + 1}" for at, _ in enumerate(values))
        await db.execute(f"CREATE TABLE things (id bigserial PRIMARY KEY, {columns})")
        insert = f"INSERT INTO things ({', '.join(names)}) VALUES ({places}) RETURNING id"
        assert await db.fetchval(insert, *values.values()) == 1
        assert await db.fetchval(insert, *[None] * len(values)) == 2
        first, second = await db.fetch("SELECT * FROM things ORDER BY id")
        assert list(first.values())[1:] == list(values.values())
        assert set(second.values()) == {2, None}
        later = "SELECT c11 + interval '90 seconds' FROM things WHERE c11 <= $1::timestamptz"
        assert await db.fetchval(later, moment) == moment + datetime.timedelta(seconds=90)
        assert await db.fetchval("SELECT now() > $1", moment) is True

    with_postgres(main)


@pytest.mark.parametrize(
    ("sql", "error", "says"),
    [
        ("SELECT * FROM nowhere", told.UndefinedTableError, 'relation "nowhere" does not exist'),
        ("SELECT wrong FROM accounts", told.UndefinedColumnError, "wrong"),
        ("INSERT INTO accounts VALUES (1)", told.UniqueViolationError, "accounts_pkey"),
        ("INSERT INTO accounts VALUES (9, 'ann')", told.UniqueViolationError, "owner_key"),
        ("UPDATE accounts SET owner = 'ann' WHERE id = 2", told.UniqueViolationError, "owner_key"),
        ("UPDATE accounts SET id = 1 WHERE id = 2", told.UniqueViolationError, "accounts_pkey"),
        ("INSERT INTO accounts VALUES (9, 'x', NULL)", told.NotNullViolationError, "balance"),
        ("SELECT 1 / 0", told.DivisionByZeroError, "by zero"),
        ("SELECT 2000000000 + 2000000000", told.NumericValueOutOfRangeError, "integer out of"),
        ("SELECT 'x'::int", told.InvalidTextRepresentationError, '"x"'),
        ("UPDATE accounts SET balance = owner", told.DatatypeMismatchError, "balance"),
        ("SELECT FROM WHERE", told.PostgresSyntaxError, "FROM|from"),
        ("SELECT * FROM accounts, accounts b", told.FeatureNotSupportedError, "joins"),
        ("SELECT id FROM accounts WHERE id = ANY($1)", told.FeatureNotSupportedError, "arrays"),
        ("VACUUM", told.FeatureNotSupportedError, "VACUUM"),
        ("SELECT pg_sleep(1)", told.FeatureNotSupportedError, "pg_sleep"),
    ],
)
def test_what_is_refused_has_the_code_of_the_real_one_or_says_what_is_not_known(sql, error, says):
    async def main(db, other):
        with pytest.raises(error, match=says):
            await db.fetch(sql)
        assert await db.fetchval("SELECT count(*) FROM accounts") == 3

    on_accounts(main)


def test_an_error_aborts_the_transaction_up_to_its_savepoint():
    async def main(db, other):
        async with db.transaction():
            await db.execute("UPDATE accounts SET balance = 11 WHERE id = 1")
            savepoint = db.transaction()
            await savepoint.start()
            await db.execute("UPDATE accounts SET balance = 99 WHERE id = 1")
            with pytest.raises(told.UniqueViolationError):
                await db.execute("INSERT INTO accounts VALUES (1)")
            await savepoint.rollback()
            assert await db.fetchval("SELECT balance FROM accounts WHERE id = 1") == 11
        assert await other.fetchval("SELECT balance FROM accounts WHERE id = 1") == 11
        await db.execute("BEGIN")
        with pytest.raises(told.UniqueViolationError):
            await db.execute("INSERT INTO accounts VALUES (1)")
        with pytest.raises(told.InFailedSQLTransactionError):
            await db.execute("SELECT 1")
        assert await db.execute("COMMIT") == "ROLLBACK"

    on_accounts(main)


async def both(one, other, read, write):
    """Two transactions at once: each reads, then each writes, then they commit one by one."""
    outcomes = []
    for db in (one, other):
        await db.execute("BEGIN")
    seen = [await db.fetchval(read) for db in (one, other)]
    for db, value, own in zip((one, other), seen, (1, 2), strict=True):
        try:
            await db.execute(write(own), value + 1)
            await db.execute("COMMIT")
            outcomes.append("committed")
        except told.SerializationError as error:
            outcomes.append(error.sqlstate)
            await db.execute("ROLLBACK")
    return outcomes


LOST_UPDATE = (
    "SELECT balance FROM accounts WHERE id = 1",
    lambda own: "UPDATE accounts SET balance = $1 WHERE id = 1",
)
WRITE_SKEW = (
    "SELECT sum(balance)::bigint FROM accounts",
    lambda own: f"UPDATE accounts SET balance = $1 WHERE id = {own}",
)


@pytest.mark.parametrize(
    ("level", "anomaly", "second"),
    [
        ("read_committed", LOST_UPDATE, "committed"),
        ("repeatable_read", LOST_UPDATE, "40001"),
        ("serializable", LOST_UPDATE, "40001"),
        ("read_committed", WRITE_SKEW, "committed"),
        ("repeatable_read", WRITE_SKEW, "committed"),
        ("serializable", WRITE_SKEW, "40001"),
    ],
)
def test_the_levels_allow_what_they_allow(level, anomaly, second):
    async def main(one, other):
        for db in (one, other):
            name = level.replace("_", " ")
            await db.execute(f"SET default_transaction_isolation TO '{name}'")
        assert await both(one, other, *anomaly) == ["committed", second]

    on_accounts(main)


def test_read_committed_goes_on_with_the_newest_version_of_a_row_it_waited_for():
    async def main(one, other):
        async with one.transaction():
            await one.execute("UPDATE accounts SET balance = 0 WHERE id = 1")
            waiting = [
                asyncio.create_task(other.execute(sql))
                for sql in [
                    "UPDATE accounts SET balance = balance + 1 WHERE balance = 10 OR id = 2"
                ]
            ]
            await asyncio.sleep(1)
            assert not waiting[0].done()
        assert await waiting[0] == "UPDATE 1"  # the first is not wanted any more
        rows = await one.fetch("SELECT balance FROM accounts ORDER BY id")
        assert [row[0] for row in rows] == [0, 21, 30]

    on_accounts(main)


def test_locked_rows_are_skipped_refused_or_waited_for_until_the_client_gives_up():
    job = "SELECT id FROM accounts ORDER BY id LIMIT 1 FOR UPDATE"

    async def main(one, other):
        async with one.transaction():
            assert await one.fetchval(job) == 1
            assert await other.fetchval(f"{job} SKIP LOCKED") == 2
            with pytest.raises(told.LockNotAvailableError):
                await other.fetchval(f"{job} NOWAIT")
            with pytest.raises(TimeoutError):
                await other.fetchval(job, timeout=0.5)
            assert await other.fetchval("SELECT 7") == 7
        assert await other.fetchval(job) == 1

    on_accounts(main)


def test_of_transactions_that_wait_for_each_other_one_fails():
    async def main(one, other):
        async def in_order(db, *ids):
            async with db.transaction():
                for id in ids:
                    await db.execute("UPDATE accounts SET balance = 0 WHERE id = $1", id)
                    await asyncio.sleep(0.1)

        tasks = [in_order(one, 1, 2), in_order(other, 2, 1)]
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert sorted(type(end).__name__ for end in ends) == ["DeadlockDetectedError", "NoneType"]

    on_accounts(main)


def test_what_a_client_left_open_is_rolled_back_and_a_pool_is_clean():
    async def main():
        async with asyncpg.create_pool(
            host="db", user="app", database="app", min_size=1, max_size=2
        ) as pool:
            await pool.execute(ACCOUNTS)
            left = await connected()
            await left.execute("BEGIN; UPDATE accounts SET balance = 0 WHERE id = 1")
            left.terminate()
            async with pool.acquire() as db, db.transaction():
                cursor = await db.cursor("SELECT id FROM accounts WHERE balance > 0 ORDER BY id")
                assert plain(await cursor.fetch(2)) == [(1,), (2,)]
                assert plain(await cursor.fetch(2)) == [(3,)]
            await pool.executemany("DELETE FROM accounts WHERE id = $1", [(1,), (2,)])
            assert await pool.fetchval("SELECT count(*) FROM accounts") == 1

    with_postgres(main)


@pytest.mark.parametrize(
    ("setting", "crash", "kept"),
    [
        ("on", "power_loss", True),
        ("on", "kill", True),
        ("off", "power_loss", False),
        ("off", "kill", False),
    ],
)
def test_a_crash_takes_what_the_setting_says(setting, crash, kept):
    events = [(2.0, crash), (2.5, "start")]

    async def main():
        began = asyncio.get_running_loop().time()
        db = await connected()
        await db.execute(ACCOUNTS)
        await asyncio.sleep(began + 1.9 - asyncio.get_running_loop().time())
        await db.execute("UPDATE accounts SET balance = 99 WHERE id = 1")
        await asyncio.sleep(2)
        db = await connected()
        balance = await db.fetchval("SELECT balance FROM accounts WHERE id = 1")
        assert balance == (99 if kept else 10)

    with_postgres(main, setting=setting, events=events)


def test_a_partition_times_out_and_the_client_goes_on():
    outcomes = []

    async def main():
        db = await connected()
        await db.execute("CREATE TABLE counters (name text PRIMARY KEY, value int)")
        add = (
            "INSERT INTO counters VALUES ('n', 1) ON CONFLICT (name) "
            "DO UPDATE SET value = counters.value + 1 RETURNING value"
        )
        for _ in range(3):
            try:
                outcomes.append(await db.fetchval(add, timeout=0.5))
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                outcomes.append(type(error).__name__)
                db.terminate()
                try:
                    db = await connected(timeout=3.0)
                except (TimeoutError, OSError) as again:
                    outcomes.append(type(again).__name__)
            await asyncio.sleep(1.2)
        outcomes.append(await (await connected()).fetchval(add) > 1)

    digests = [
        with_postgres(main, rules=lambda world: cut(world, 1.0, 4.0)).trace.digest()
        for _ in range(2)
    ]
    assert outcomes[0] == 1
    assert "TimeoutError" in outcomes[:4]
    assert outcomes[-1] is True
    assert digests[0] == digests[1]


def test_an_unknown_setting_is_refused():
    with pytest.raises(InvalidPlan, match="give one of on, off"):
        postgres("sometimes")
