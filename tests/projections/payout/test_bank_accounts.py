"""The view of bank accounts: each as its events make it, of its number only the end, and no other stream in it."""

from datetime import timedelta
from uuid import UUID, uuid4

from domain.bank_account.add import add
from domain.bank_account.details import Scheme
from domain.bank_account.events import BankAccountEvent, BankAccountRemoved
from domain.history import Positioned
from domain.identifiers import MerchantId
from projections.engine.view import fold
from projections.payout.bank_accounts import BANK_ACCOUNTS, BankAccountRow, of_merchant
from projections.views import VIEWS
from tests.domain.bank_account.accounts import add_account
from tests.support.domain import MERCHANT
from tests.support.store import (
    RECORDED_AT,
    advanced,
    append_all,
    created,
    everything,
    open_store,
    open_views,
    stored,
)

STRANGER = MerchantId("mer_stranger")


def life(
    account_id: UUID, *events: BankAccountEvent, merchant_id: MerchantId = MERCHANT, minutes: int = 0
) -> list[Positioned]:
    return [
        Positioned(
            version,
            stored(
                account_id,
                version,
                event,
                merchant_id=merchant_id,
                recorded_at=RECORDED_AT + timedelta(minutes=minutes + version),
            ),
        )
        for version, event in enumerate(events, start=1)
    ]


def added(scheme: Scheme = Scheme.IBAN, merchant_id: MerchantId = MERCHANT) -> BankAccountEvent:
    return add(add_account(scheme, merchant_id=merchant_id), lambda _: None)


def row_after(*events: BankAccountEvent) -> BankAccountRow:
    [row] = fold(BANK_ACCOUNTS, {}, life(uuid4(), *events)).values()
    return row


def test_a_row_says_what_the_account_is_and_when_it_was_removed() -> None:
    row = row_after(added())
    assert (row.merchant_id, row.holder_name, row.currency) == (MERCHANT, "Müller & Söhne GmbH", "EUR")
    assert (row.scheme, row.country, row.account) == (Scheme.IBAN, "DE", "DE•• •••• …3000")
    assert row.removed_at is None
    removed = row_after(added(), BankAccountRemoved())
    assert removed.removed_at == RECORDED_AT + timedelta(minutes=2)
    assert (removed.account, removed.position) == (row.account, 2)


def test_an_account_is_in_no_other_view_and_a_payment_not_in_this_one() -> None:
    events = life(uuid4(), added(), BankAccountRemoved())
    for name, view in VIEWS.items():
        assert bool(fold(view, {}, events)) == (name == BANK_ACCOUNTS.name)
    assert not fold(BANK_ACCOUNTS, {}, [Positioned(1, created(uuid4()))])


async def test_a_merchant_finds_its_own_accounts_those_added_last_first(database_url: str) -> None:
    accounts = [uuid4() for _ in range(5)]
    async with open_store(database_url) as store, open_views(database_url) as views:
        for number, account_id in enumerate(accounts):
            await append_all(store, [each.event for each in life(account_id, added(), minutes=number)])
        theirs = life(uuid4(), added(merchant_id=STRANGER), merchant_id=STRANGER)
        await append_all(store, [each.event for each in theirs])
        await advanced(views, BANK_ACCOUNTS, await everything(store))
        found = await of_merchant(views, MERCHANT, rows_max=10)
        assert [row.bank_account_id for row in found] == accounts[::-1]
        behind = await of_merchant(views, MERCHANT, rows_max=2, before=accounts[2])
        assert [row.bank_account_id for row in behind] == [accounts[1], accounts[0]]
        assert len(await of_merchant(views, STRANGER, rows_max=10)) == 1
        assert not await of_merchant(views, STRANGER, rows_max=10, before=accounts[2])
