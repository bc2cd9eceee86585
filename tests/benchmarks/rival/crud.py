"""The payment that a team would write by hand: plain rows over psycopg, in the same two commits.

The first commit has the idempotency key and the payment, before the provider is asked; the second its answer: the
payment captured, the legs, and the answer kept for the key. Connections are pooled and their statements prepared.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool
from uuid_utils.compat import uuid7

MERCHANTS = 4
FEE_BASIS_POINTS = 290
TABLES = """
CREATE TABLE payment (
    id uuid PRIMARY KEY, merchant_id text NOT NULL, customer_id text NOT NULL, amount_minor bigint NOT NULL,
    currency text NOT NULL, method jsonb NOT NULL, status text NOT NULL, provider_reference text,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
);
CREATE INDEX ON payment (merchant_id, created_at);
CREATE TABLE idempotency_key (
    merchant_id text, key text, fingerprint bytea NOT NULL, payment_id uuid NOT NULL REFERENCES payment,
    status int, answer jsonb, claimed_at timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, key)
);
CREATE TABLE leg (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payment_id uuid NOT NULL REFERENCES payment,
    account text NOT NULL, currency text NOT NULL, signed_minor bigint NOT NULL CHECK (signed_minor <> 0),
    booked_at timestamptz NOT NULL
);
CREATE INDEX ON leg (payment_id);
CREATE INDEX ON leg (account, id);
"""
_PAYMENT = """
INSERT INTO payment VALUES (%s, %s, %s, %s, %s, %s, 'processing', NULL, %s, %s)
"""
_CLAIM = """
INSERT INTO idempotency_key (merchant_id, key, fingerprint, payment_id, claimed_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
_CAPTURED = "UPDATE payment SET status = 'captured', provider_reference = %s, updated_at = %s WHERE id = %s"
_LEGS = """
INSERT INTO leg (payment_id, account, currency, signed_minor, booked_at)
VALUES (%s, %s, %s, %s, %s), (%s, %s, %s, %s, %s), (%s, %s, %s, %s, %s)
"""
_ANSWER = "UPDATE idempotency_key SET status = 201, answer = %s WHERE merchant_id = %s AND key = %s"

Pay = Callable[[], Awaitable[None]]


@asynccontextmanager
async def crud_payments(database_url: str, connections: int) -> AsyncIterator[Pay]:
    """A function that creates a payment, has it approved and captures it, all durable when it returns."""
    numbers = count()
    # From the first time on: a statement is prepared after five executions otherwise.
    prepared = {"prepare_threshold": 0}
    async with AsyncConnectionPool(database_url, min_size=connections, max_size=connections, kwargs=prepared) as pool:
        await pool.wait()

        async def pay() -> None:
            number, payment_id, now = next(numbers), uuid7(), datetime.now(UTC)
            merchant, key, amount = f"mer_{number % MERCHANTS}", f"order-{payment_id}", 1_000 + number % 9_000
            async with pool.connection() as connection:
                method = Jsonb({"type": "card", "token": "tok_visa"})
                row = (payment_id, merchant, f"customer-{number}", amount, "EUR", method, now, now)
                await connection.execute(_PAYMENT, row)
                fingerprint = hashlib.sha256(key.encode()).digest()
                claimed = await connection.execute(_CLAIM, (merchant, key, fingerprint, payment_id, now))
                assert claimed.rowcount == 1, "the key is another payment's"
            reference = await _approve(payment_id)
            legs = _legs(merchant, amount)
            assert sum(signed_minor for _, signed_minor in legs) == 0
            answer = {"payment_id": str(payment_id), "status": "captured", "amount": amount, "currency": "EUR"}
            async with pool.connection() as connection:
                now = datetime.now(UTC)
                await connection.execute(_CAPTURED, (reference, now, payment_id))
                rows = [(payment_id, account, "EUR", signed_minor, now) for account, signed_minor in legs]
                await connection.execute(_LEGS, [value for row in rows for value in row])
                await connection.execute(_ANSWER, (Jsonb(answer, msgspec.json.encode), merchant, key))

        yield pay


async def _approve(payment_id: UUID) -> str:
    return f"ch_{payment_id.hex}"


def _legs(merchant: str, amount: int) -> list[tuple[str, int]]:
    fee = max(1, amount * FEE_BASIS_POINTS // 10_000)
    return [("provider:clearing", amount), (f"{merchant}:payable", fee - amount), ("platform:fees", -fee)]
