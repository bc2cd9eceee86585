"""What a process remembers of a payment spares a reading, and decides nothing that the store would decide otherwise."""

import asyncio
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.payment import recent as recent_module
from application.payment.loaded import LoadedPayment
from application.payment.recent import RecentPayments
from domain.identifiers import PaymentId
from domain.payment.refusals import IllegalTransition
from domain.payment.state import Captured, PartiallyCaptured
from tests.application.shop import Shop, a_caller, somebody_else
from tests.support.domain import NOW, authorized, payment_of


def version(number: int, payment: int = 1) -> LoadedPayment:
    return LoadedPayment(
        id=PaymentId(UUID(int=payment)),
        payment=payment_of(authorized()),
        version=number,
        created_at=NOW,
        updated_at=NOW,
    )


def test_the_latest_version_stays() -> None:
    recent = RecentPayments()
    for number in (2, 5, 3):
        recent.put(version(number))
    assert recent.get(PaymentId(UUID(int=1))) == version(5)


def test_the_one_used_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_module, "PAYMENTS_MAX", 2)
    recent = RecentPayments()
    for payment in (1, 2, 1, 3):
        recent.put(version(1, payment))
    assert [recent.get(PaymentId(UUID(int=payment))) is not None for payment in (1, 2, 3)] == [True, False, True]


async def test_a_command_after_ones_own_reads_no_history(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    payment_id = await shop.authorized()

    async def unread(_: UUID) -> None:
        raise AssertionError("the history was read")

    monkeypatch.setattr(shop.flaky, "history", unread, raising=False)
    await shop.payments.capture(payment_id, a_caller(), amount_minor=4000, final=False)
    await shop.payments.capture(payment_id, a_caller(), amount_minor=None, final=True)
    assert isinstance(await shop.payment(payment_id), Captured)


async def test_what_another_process_did_is_seen_by_the_next_command(shop: Shop) -> None:
    """It remembers the payment as authorised; what is left of it by now is less."""
    payment_id, other = await shop.authorized(), Shop(shop.store)
    other.operations.calls._providers = shop.operations.calls._providers
    await other.payments.capture(payment_id, a_caller(), amount_minor=9000, final=False)
    with pytest.raises(Exception, match="CaptureExceedsAuthorized"):
        await shop.payments.capture(payment_id, a_caller(), amount_minor=5000, final=False)
    await shop.payments.capture(payment_id, a_caller(), amount_minor=1000, final=False)
    payment = await shop.payment(payment_id)
    assert isinstance(payment, Captured | PartiallyCaptured)
    assert payment.taken.captured.minor == 10000
    await shop.assert_books_hold()


async def test_a_refusal_on_what_is_remembered_is_decided_again(shop: Shop) -> None:
    """It remembers a payment that can be voided no more; a repeat of the void gets its first answer."""
    payment_id = await shop.authorized()
    first = await shop.payments.void(payment_id, a_caller("void"))
    again = await shop.payments.void(payment_id, a_caller("void"))
    assert (again.body, again.replayed) == (first.body, True)
    with pytest.raises(IllegalTransition):
        await shop.payments.void(payment_id, a_caller("another"))


async def test_what_is_remembered_is_nobody_elses(shop: Shop) -> None:
    payment_id = await shop.authorized()
    with pytest.raises(Exception, match="PaymentNotFound"):
        await shop.payments.capture(payment_id, somebody_else(), amount_minor=None, final=True)


async def test_captures_of_two_processes_at_once_take_no_more_than_was_authorised(shop: Shop) -> None:
    payment_id, other = await shop.authorized(), Shop(shop.store)
    other.operations.calls._providers = shop.operations.calls._providers
    shops = [shop, other] * 10
    await asyncio.gather(
        *(each.payments.capture(payment_id, a_caller(), amount_minor=1500, final=False) for each in shops),
        return_exceptions=True,
    )
    await shop.settle_down()
    payment = await shop.payment(payment_id)
    assert isinstance(payment, PartiallyCaptured | Captured)
    assert payment.taken.captured.minor <= 10000
    await shop.assert_books_hold()


async def test_what_the_store_contradicts_is_forgotten(shop: Shop) -> None:
    """As after the database came back without its last seconds: the versions begin to repeat, with other events."""
    payment_id = await shop.authorized()
    ahead = shop.payments._execution._recent.get(payment_id)
    assert ahead is not None
    shop.payments._execution._recent.put(replace(ahead, version=ahead.version + 5))
    await shop.payments.capture(payment_id, a_caller(), amount_minor=4000, final=False)
    remembered = shop.payments._execution._recent.get(payment_id)
    assert remembered is not None
    assert remembered.version == len(await shop.store.history(payment_id))
