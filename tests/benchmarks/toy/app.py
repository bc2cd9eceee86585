"""A bare payment on our own stack: one call to the provider and five rows, without a key, a ledger or a view.

The toy is the floor that `cost` and `pay` compare with: one commit for all payments that wait, so that every
millisecond above the toy is spent on a promise that the toy does not keep.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
import psycopg
from litestar import Litestar, post
from msgspec import Struct
from uuid_utils.compat import uuid7

TABLE = """
CREATE TABLE payment_row (
    payment_id uuid, number int, name text NOT NULL, recorded_at timestamptz NOT NULL, facts jsonb NOT NULL,
    PRIMARY KEY (payment_id, number)
)
"""
_INSERT = """
INSERT INTO payment_row (payment_id, number, name, recorded_at, facts)
SELECT * FROM unnest(%b::uuid[], %b::int[], %b::text[], %b::timestamptz[], %t::jsonb[])
"""
STEPS = ("created", "confirmed", "charge_requested", "charge_answered", "captured")

Row = tuple[UUID, int, str, datetime, str]


class PaymentMethod(Struct, frozen=True):
    type: str
    token: str


class NewPayment(Struct, frozen=True):
    customer_id: str
    amount: int
    currency: str
    payment_method: PaymentMethod
    confirm: bool


class Payment(Struct, frozen=True, kw_only=True):
    payment_intent_id: UUID
    customer_id: str
    status: str
    amount: int
    currency: str
    provider_charge: str


class Charge(Struct, frozen=True):
    id: str
    status: str


class GroupedInsert:
    """Inserts the rows of all payments that wait by one statement, which is one commit."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection
        self._waiting: list[tuple[list[Row], asyncio.Future[None]]] = []
        self._inserting: asyncio.Task[None] | None = None

    async def insert(self, rows: list[Row]) -> None:
        """Return once the rows are durable."""
        durable = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, durable))
        if self._inserting is None:
            self._inserting = asyncio.create_task(self._insert_all())
        await durable

    async def _insert_all(self) -> None:
        while group := self._waiting:
            self._waiting = []
            columns = list(map(list, zip(*(row for rows, _ in group for row in rows), strict=True)))
            await self._connection.execute(_INSERT, columns, prepare=True)
            for _, durable in group:
                durable.set_result(None)
        self._inserting = None


def toy(database_url: str, simulator_url: str) -> Litestar:
    """The application; the table exists already."""

    @post("/v1/payment_intents")
    async def pay(data: NewPayment) -> Payment:
        payment_id = uuid7()
        charge = await _charge(app.state.http, f"{simulator_url}/v1/charges", payment_id, data)
        payment = Payment(
            payment_intent_id=payment_id,
            customer_id=data.customer_id,
            status=charge.status,
            amount=data.amount,
            currency=data.currency,
            provider_charge=charge.id,
        )
        now, facts = datetime.now(UTC), msgspec.json.encode(payment).decode()
        await app.state.rows.insert([(payment_id, number, step, now, facts) for number, step in enumerate(STEPS, 1)])
        return payment

    @asynccontextmanager
    async def connected(app: Litestar) -> AsyncIterator[None]:
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as http,
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection,
        ):
            app.state.http, app.state.rows = http, GroupedInsert(connection)
            yield

    app = Litestar([pay], lifespan=[connected], openapi_config=None, logging_config=None)
    return app


async def _charge(http: aiohttp.ClientSession, url: str, payment_id: UUID, asked: NewPayment) -> Charge:
    body = {
        "reference": str(payment_id),
        "amount": asked.amount,
        "currency": asked.currency,
        "token": asked.payment_method.token,
        "capture": True,
    }
    headers = {"Idempotency-Key": str(payment_id), "Content-Type": "application/json"}
    async with http.post(url, data=msgspec.json.encode(body), headers=headers) as answer:
        return msgspec.json.decode(await answer.read(), type=Charge)
