"""A bank account that was added before its key was claimed is still the one account under that key."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from application.payout.bank_accounts import _id_under
from application.write.idempotency import IdempotencyKeyReused
from domain.bank_account.add import AddBankAccount, add
from domain.identifiers import BankAccountId
from infrastructure.bank.account_check import account_fault
from tests.support.store import append_all, stored
from tests.support.treasury import IBAN, MERCHANT, Treasury, a_caller, open_treasury

COMMAND = AddBankAccount(merchant_id=MERCHANT, holder_name="Acme GmbH", currency="EUR", country="DE", details=IBAN)


@pytest.fixture
async def treasury(database_url: str) -> AsyncIterator[Treasury]:
    async with open_treasury(database_url) as opened:
        yield opened


async def test_a_repeat_finds_an_account_whose_key_was_never_claimed(treasury: Treasury) -> None:
    account_id = BankAccountId(_id_under(MERCHANT, "key"))
    await append_all(treasury.store, [stored(account_id, 1, add(COMMAND, account_fault), merchant_id=MERCHANT)])
    again = await treasury.accounts.add(COMMAND, a_caller("key"))
    assert (again.loaded.id, again.replayed) == (account_id, True)
    with pytest.raises(IdempotencyKeyReused):
        await treasury.accounts.add(replace(COMMAND, holder_name="Globex GmbH"), a_caller("key"))


async def test_two_requests_at_once_under_one_key_add_one_account(treasury: Treasury) -> None:
    added = await asyncio.gather(*(treasury.accounts.add(COMMAND, a_caller("key")) for _ in range(2)))
    assert added[0].loaded == added[1].loaded
    assert sorted(each.replayed for each in added) == [False, True]
