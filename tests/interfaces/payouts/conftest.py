"""Merchants of the running system with money to be paid out, and an operator."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from application.access.operator import Role, create_operator_key
from application.write.recording import record_all
from application.write.store import Append
from domain.identifiers import MerchantId
from domain.money.money import Money
from domain.release.events import Bucket, FundsReleased
from infrastructure.postgres.access.operators import PostgresOperators
from infrastructure.postgres.connection.pool import ReadPool
from interfaces import ids
from interfaces.runtime.supervisor import Stack
from tests.support.running import Merchant, Reply, eventually
from tests.support.store import CAUSE, assert_appended, execute, open_store

IBAN = "DE02 1203 0000 0000 2020 51"
_LOTS = """
SELECT account, currency, balance_minor::bigint FROM account_balance WHERE account LIKE %s AND balance_minor > 0
"""


class Treasurer:
    """A merchant who looks after its money."""

    def __init__(self, merchant: Merchant, stack: Stack) -> None:
        self.merchant = merchant
        self._stack = stack

    async def earns(self, amount: int, currency: str = "EUR") -> int:
        """A payment of so much is taken, and what is due of it released; how much is available then."""
        assert (await self.merchant.pay(amount, currency)).status == 201
        merchant_id = MerchantId(self.merchant.merchant_id)
        pending = f"merchant:{merchant_id}:pending"
        url = self._stack.settings.database_url
        async with open_store(url) as store:
            for lot, lot_currency, minor in execute(url, _LOTS, f"{pending}@%"):
                released = FundsReleased(
                    merchant_id=merchant_id,
                    bucket=Bucket.PENDING,
                    due=datetime.fromisoformat(lot.partition("@")[2]),
                    amount=Money(minor, lot_currency),
                    collected=Money(0, lot_currency),
                )
                now = datetime.now(UTC)
                events = record_all(uuid4(), 0, [released], merchant_id=merchant_id, cause=CAUSE, now=now)
                assert_appended(await store.append(Append(events=events)))
        return await self.available(currency)

    async def available(self, currency: str = "EUR") -> int:
        query = "SELECT balance_minor::bigint FROM account_balance WHERE account = %s AND currency = %s"
        account = f"merchant:{self.merchant.merchant_id}:available"
        rows = execute(self._stack.settings.database_url, query, account, currency)
        return int(rows[0][0]) if rows else 0

    async def account(self, holder_name: str = "Acme GmbH", currency: str = "EUR") -> str:
        body = {
            "holder_name": holder_name,
            "currency": currency,
            "country": "DE",
            "details": {"type": "iban", "iban": IBAN},
        }
        added = await self.merchant.send("POST", "/v1/bank_accounts", body)
        assert added.status == 201, added
        return str(added.json["bank_account_id"])

    async def asks(self, amount: int, account: str, *, key: str | None = None, **fields: Any) -> Reply:
        """`fields` replaces or adds fields of the body."""
        body = {"amount": amount, "currency": "EUR", "bank_account_id": account, **fields}
        return await self.merchant.send("POST", "/v1/payouts", body, key=key or uuid4().hex)

    async def comes_to(self, payout_id: str, status: str) -> dict[str, Any]:
        """Wait until the payout is in `status`; how it is shown then."""

        async def there() -> bool:
            return bool((await self.merchant.get(f"/v1/payouts/{payout_id}")).json["status"] == status)

        await eventually(there, f"the payout is {status}", within_s=30.0)
        return (await self.merchant.get(f"/v1/payouts/{payout_id}")).json


@pytest.fixture
def treasurer(merchant: Merchant, stack: Stack) -> Treasurer:
    return Treasurer(merchant, stack)


@pytest.fixture
async def operator(stack: Stack) -> AsyncIterator[Merchant]:
    pool = ReadPool(stack.settings.database_url)
    await pool.open()
    key = await create_operator_key(PostgresOperators(pool), "Anna", Role.OPERATOR, ids.new_id)
    await pool.aclose()
    async with aiohttp.ClientSession() as http:
        yield Merchant(http, stack.url, "", key.key_id, key.secret)
