"""An amendment of ISO 4217 withdraws a currency of which the store holds money: it is read, exported and given back."""

from collections.abc import Iterable, Sequence

import pytest

from domain.history import Positioned
from domain.identifiers import CustomerId, PaymentId
from domain.ledger.entry import JournalEntryPosted
from domain.money import currencies
from domain.money.currencies import DECIMALS, UnknownCurrency
from domain.money.money import Money
from domain.payment.create import CreatePayment
from domain.payment.events import CaptureMethod
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.state import Captured
from interfaces.books.beancount import Beancount
from interfaces.books.book import Book, written
from interfaces.books.hledger import Hledger
from tests.application.shop import Shop, a_caller, payment_id_of
from tests.support.domain import MERCHANT
from tests.support.store import everything

AMOUNT_MINOR = 12_340


def command(currency: str) -> CreatePayment:
    return CreatePayment(
        merchant_id=MERCHANT,
        customer_id=CustomerId("cus_1"),
        amount=Money(AMOUNT_MINOR, currency),
        method=PaymentMethod(MethodType.CARD, "tok_visa"),
        capture_method=CaptureMethod.AUTOMATIC,
    )


def exported(stored: Sequence[Positioned]) -> Iterable[str]:
    entries = [each for each in stored if isinstance(each.event.data, JournalEntryPosted)]
    books: list[Book] = [Beancount(), Hledger()]
    return ["".join(piece.text for piece in written(book, [entries])) for book in books]


async def test_each_currency_in_turn_is_withdrawn_from_a_store_that_holds_it(shop: Shop) -> None:
    held: dict[str, PaymentId] = {}
    for currency in sorted(DECIMALS):
        held[currency] = payment_id_of(await shop.payments.create(command(currency), a_caller(), confirmed=True))
    before = await everything(shop.store)
    books = exported(before)
    for currency, payment_id in held.items():
        payment = await shop.payment(payment_id)
        with pytest.MonkeyPatch.context() as amendment:
            amendment.delitem(currencies.DECIMALS, currency)
            assert await shop.payment(payment_id) == payment
            await shop.payments.refund(payment_id, a_caller(), amount_minor=340, reason="")
            after = await shop.payment(payment_id)
            assert isinstance(after, Captured)
            assert after.taken.refunded == Money(340, currency)
            with pytest.raises(UnknownCurrency):
                await shop.payments.create(command(currency), a_caller(), confirmed=True)
    with pytest.MonkeyPatch.context() as amendments:
        for currency in held:
            amendments.delitem(currencies.DECIMALS, currency)
        assert exported(before) == books
        assert await everything(shop.store)
        await shop.assert_books_hold()
