"""The ledger: how many postings a second with every rule on, and a balance as of any moment of a long journal."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from itertools import count

import psycopg
import uvloop
from rich.table import Table

from application.write.store import Appended
from domain.ledger.accounts import AccountCode
from infrastructure.postgres.event_store.committer import Committer
from infrastructure.postgres.event_store.mapper import EventMapper
from projections.engine.connection import LIVE_SCHEMA, connect
from projections.ledger import books
from projections.ledger.account_blocks import BLOCK_POSITIONS
from projections.ledger.journal_lines import LINES_BLOCK_POSITIONS
from tests.benchmarks.bench import Bench, Report
from tests.benchmarks.rounds import percentile
from tests.benchmarks.rule_book import steps

IN_FLIGHT = 256
PAYMENTS, PAYMENTS_QUICK = 20_000, 4_000
ROUNDS, ROUNDS_QUICK = 3, 1
JOURNAL_POSTINGS = 3_000_000
POSTINGS_AN_ENTRY = 6
MERCHANTS = 200
AS_OF_CALLS, AS_OF_CALLS_QUICK = 2_000, 500
COMPARED = 20
TARGET_AS_OF_MS = 10

# Two entries a payment, each at every other position; the first merchant has half of all.
_LINES = """
INSERT INTO views.journal_lines
SELECT
    account, 'EUR', position / %(block)s,
    array_agg(position ORDER BY position, line), array_agg(signed_minor ORDER BY position, line)
FROM (
    SELECT
        2 * entry AS position, line,
        CASE line
            WHEN 1 THEN 'psp:simulator:clearing' WHEN 2 THEN 'merchant:' || merchant || ':pending'
            WHEN 3 THEN 'merchant:' || merchant || ':authorized' WHEN 4 THEN 'holds:simulator'
            WHEN 5 THEN 'merchant:' || merchant || ':pending' ELSE 'platform:fees'
        END AS account,
        CASE WHEN line %% 2 = 1 THEN amount ELSE -amount END AS signed_minor
    FROM (
        SELECT
            entry, 100 + entry %% 9973 AS amount,
            'mer_' || CASE WHEN entry %% 2 = 0 THEN 0 ELSE entry %% %(merchants)s END AS merchant
        FROM generate_series(1, %(entries)s) AS entry
    ) AS entries, generate_series(1, %(lines)s) AS line
) AS lines
GROUP BY 1, 3
"""
_BLOCKS = """
INSERT INTO views.account_blocks
SELECT account, currency, position / %(block)s, sum(minor)
FROM views.journal_lines, unnest(positions, signed_minor) AS line (position, minor) GROUP BY 1, 2, 3
"""
_SETTLE = "VACUUM ANALYZE views.journal_lines, views.account_blocks"
_BY_HAND = """
SELECT coalesce(sum(minor), 0) FROM views.journal_lines, unnest(positions, signed_minor) AS line (position, minor)
WHERE account = %s AND currency = 'EUR' AND position <= %s
"""


def run(bench: Bench) -> Report:
    payments = PAYMENTS_QUICK if bench.quick else PAYMENTS
    rounds = ROUNDS_QUICK if bench.quick else ROUNDS
    with bench.postgres() as server:
        rates = []
        for number in range(rounds):
            rates.append(uvloop.run(_post(server.superuser_url, payments)))
            bench.say(f"round {number + 1}: {rates[-1]:,.0f} postings a second")
        bench.say(f"filling a journal of {JOURNAL_POSTINGS:,} postings")
        head = _fill(server.superuser_url)
        calls = AS_OF_CALLS_QUICK if bench.quick else AS_OF_CALLS
        one, merchants = uvloop.run(_ask(server.superuser_url, head, calls))
    table = Table(title=f"{payments:,} payments, 256 at a time; {JOURNAL_POSTINGS:,} postings in the journal")
    for heading in ("", "figure"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("postings a second, every rule on", f"{percentile(rates, 50):,.0f}")
    table.add_row("one account as of a position, p50 ms", f"{percentile(one, 50):.2f}")
    table.add_row("one account as of a position, p99 ms", f"{percentile(one, 99):.2f}")
    table.add_row("all accounts of a merchant, p99 ms", f"{percentile(merchants, 99):.2f}")
    return Report(
        table,
        {
            "postings_per_s": round(percentile(rates, 50)),
            "as_of_ms_p99": round(percentile(one, 99), 2),
            "merchant_as_of_ms_p99": round(percentile(merchants, 99), 2),
            "postings": JOURNAL_POSTINGS,
        },
        notes=(f"Target: a balance as of any position within {TARGET_AS_OF_MS} ms at the 99th percentile.",),
    )


async def _post(database_url: str, payments: int) -> float:
    """Postings a second: decided, encoded and durable."""
    committer = Committer(database_url, EventMapper())
    committer.start()
    numbers, posted = count(), 0

    async def one_payment_after_another() -> None:
        nonlocal posted
        while (number := next(numbers)) < payments:
            for step in steps(number):
                result = await committer.append(step.append)
                assert isinstance(result, Appended), result
                posted += step.postings

    try:
        started = time.perf_counter()
        await asyncio.gather(*(one_payment_after_another() for _ in range(IN_FLIGHT)))
        return posted / (time.perf_counter() - started)
    finally:
        await committer.aclose()


def _fill(database_url: str) -> int:
    """The journal's views as the projectors would have left them; the last position."""
    entries = JOURNAL_POSTINGS // POSTINGS_AN_ENTRY
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            _LINES,
            {
                "entries": entries,
                "lines": POSTINGS_AN_ENTRY,
                "merchants": MERCHANTS,
                "block": LINES_BLOCK_POSITIONS,
            },
        )
        connection.execute(_BLOCKS, {"block": BLOCK_POSITIONS})
        connection.execute(_SETTLE)
    return 2 * entries


async def _ask(database_url: str, head: int, calls: int) -> tuple[list[float], list[float]]:
    """What one account held, and what all of a merchant's held, in milliseconds a question; every other question is
    about the merchant that has half of the journal."""
    chance = random.Random(1)

    def merchant() -> str:
        return "mer_0" if chance.random() < 0.5 else f"mer_{chance.randrange(1, MERCHANTS, 2)}"

    async with await connect(database_url, LIVE_SCHEMA) as connection:
        for _ in range(COMPARED):
            code, position = AccountCode(f"merchant:{merchant()}:pending"), chance.randrange(1, head)
            [held] = await books.account_balances(connection, code, position=position)
            [(by_hand,)] = await (await connection.execute(_BY_HAND, (code, position))).fetchall()
            assert held.signed_minor == by_hand, f"{code} at {position}: {held} instead of {by_hand}"

        async def timed(ask: Callable[[], Awaitable[object]]) -> float:
            started = time.perf_counter()
            await ask()
            return (time.perf_counter() - started) * 1000

        one = [
            await timed(
                lambda: books.account_balances(
                    connection, AccountCode(f"merchant:{merchant()}:pending"), position=chance.randrange(1, head)
                )
            )
            for _ in range(calls)
        ]
        every = [
            await timed(lambda: books.merchant_balances(connection, merchant(), position=chance.randrange(1, head)))
            for _ in range(calls)
        ]
    return one, every
