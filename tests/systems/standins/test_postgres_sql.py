"""The stand-in's SQL beside SQLite's: random statements find and change the same rows in both."""

from __future__ import annotations

import random
import sqlite3

import pytest
import trio

from splitbrain.harness.simulation.world import World
from splitbrain.systems.standins.postgres.control import Transactions
from splitbrain.systems.standins.postgres.database import Database
from splitbrain.systems.standins.postgres.errors import UNIQUE, SqlError
from splitbrain.systems.standins.postgres.parser import statements_of

TABLE = "CREATE TABLE t (a int PRIMARY KEY, b int, c text UNIQUE)"


class Statements:
    """Draws statements over `TABLE`."""

    def __init__(self, seed):
        self.dice = random.Random(f"sql {seed}")

    def number(self, depth=0):
        made = self.dice.choice(["a", "b", "b", str(self.dice.randrange(8)), "NULL"])
        if depth < 2 and self.dice.random() < 0.4:
            sign = self.dice.choice("+-*")
            made = f"({self.number(depth + 1)} {sign} {self.number(depth + 1)})"
        if depth < 2 and self.dice.random() < 0.15:
            made = f"coalesce({made}, {self.dice.randrange(8)})"
        return made

    def text(self):
        return self.dice.choice(["c", "c", "'x'", "'y'", "'zz'", "lower('X')", "c || 'x'"])

    def condition(self, depth=0):
        draw = self.dice.random()
        if depth < 3 and draw < 0.35:
            sign = self.dice.choice(["AND", "OR"])
            return f"({self.condition(depth + 1)} {sign} {self.condition(depth + 1)})"
        if depth < 3 and draw < 0.45:
            return f"NOT {self.condition(depth + 1)}"
        return self.dice.choice(
            [
                lambda: f"{self.number()} {self.comparison()} {self.number()}",
                lambda: f"{self.text()} {self.comparison()} {self.text()}",
                lambda: f"a = {self.dice.randrange(8)}",
                lambda: f"{self.number()} IS {self.dice.choice(['', 'NOT '])}NULL",
                lambda: f"b IN ({self.number()}, {self.number()})",
                lambda: f"a NOT IN (SELECT b FROM t WHERE {self.condition(3)})",
                lambda: f"c LIKE '{self.dice.choice(['x%', '_', '%z%'])}'",
                lambda: f"b BETWEEN {self.number()} AND {self.number()}",
                lambda: f"EXISTS (SELECT 1 FROM t WHERE {self.condition(3)})",
                lambda: f"b > (SELECT {self.dice.choice(['min', 'max', 'sum'])}(a) FROM t)",
            ]
        )()

    def comparison(self):
        return self.dice.choice(["=", "<>", "<", "<=", ">", ">="])

    def row(self):
        c = self.dice.choice(["'x'", "'y'", "'z'", "'zz'", "NULL", "NULL"])
        return f"({self.dice.randrange(8)}, {self.dice.choice(['1', '5', '9', 'NULL'])}, {c})"

    def statement(self):
        returning = " RETURNING a, b, c"
        return self.dice.choice(
            [
                lambda: f"SELECT a, b, c FROM t WHERE {self.condition()}",
                lambda: f"SELECT count(*), sum(b), min(a), max(c) FROM t WHERE {self.condition()}",
                lambda: f"SELECT b, count(*) FROM t WHERE {self.condition()} GROUP BY b",
                lambda: f"SELECT a, {self.number()} FROM t ORDER BY a DESC LIMIT 2 OFFSET 1",
                lambda: f"INSERT INTO t VALUES {self.row()}{returning}",
                lambda: f"INSERT INTO t VALUES {self.row()} ON CONFLICT DO NOTHING{returning}",
                lambda: (
                    f"INSERT INTO t VALUES {self.row()} ON CONFLICT (a) DO UPDATE "
                    f"SET b = t.b + excluded.b WHERE {self.condition()}{returning}"
                ),
                lambda: (
                    f"INSERT INTO t VALUES {self.row()} ON CONFLICT (c) DO UPDATE "
                    f"SET b = excluded.a{returning}"
                ),
                lambda: f"UPDATE t SET b = {self.number()} WHERE {self.condition()}{returning}",
                lambda: f"UPDATE t SET c = {self.row().split(', ')[2][:-1]} WHERE a = 3{returning}",
                lambda: f"DELETE FROM t WHERE {self.condition()}{returning}",
            ]
        )()


def of_sqlite(statements):
    """What SQLite says to each: its rows, sorted, or that a key is there already."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute(TABLE)
    db.execute("PRAGMA case_sensitive_like = ON")
    found = []
    for sql in statements:
        try:
            found.append(sorted(map(repr, db.execute(sql).fetchall())))
        except sqlite3.IntegrityError:
            found.append("unique")
    return found


def of_ours(statements):
    """The same of the stand-in."""
    found = []

    async def main(node):
        database = Database(node, synchronous=True)
        await database.recover()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(database.write_log)
            session = Transactions(database, {})
            for sql in [TABLE, *statements]:
                found.append(await asked(session, sql))
            nursery.cancel_scope.cancel()

    world = World(1)
    world.add_server("n1", main, ())
    with world.booted():
        world.run_until(60.0)
    for _, _, error in world.failures:
        raise error
    return found[1:]


async def asked(session, sql):
    try:
        (statement,) = statements_of(sql)
        result = await session.do(statement, [], [])
        await session.settle()
        return sorted(repr(tuple(row)) for row in result.rows)
    except SqlError as error:
        session.drop_implicit()
        if error.code != UNIQUE:
            raise AssertionError(f"{sql}: {error}") from error
        return "unique"


def compare(seeds):
    for seed in seeds:
        drawn = Statements(seed)
        statements = [drawn.statement() for _ in range(25)]
        expected = of_sqlite(statements)
        for sql, ours, theirs in zip(statements, of_ours(statements), expected, strict=True):
            assert ours == theirs, f"seed {seed}: {sql}"


def test_random_statements_do_the_same_in_both():
    compare(range(25))


@pytest.mark.nightly
def test_many_random_statements_do_the_same_in_both():
    compare(range(25, 1000))
