"""After an unknown outcome a look-up's no, or that nothing was seen, counts once it was said twice, some time apart."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from application.payment import recovery as recovery_module
from domain.payment.outcome import Declined, Outcome
from domain.payment.state import Authorized, Failed, Processing
from tests.application.shop import Shop, payment_id_of
from tests.support.provider import Fate
from tests.support.store import open_store

STANDS_AFTER_S = 5.0
NO = Declined("card_declined", "No.")


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked up in the background, so that the test decides when."""
    monkeypatch.setattr(recovery_module, "FIRST_DELAY_S", 3600.0)


@pytest.fixture
async def wary(database_url: str) -> AsyncIterator[Shop]:
    async with open_store(database_url) as store:
        opened = Shop(store, refusal_stands_after_s=STANDS_AFTER_S)
        yield opened
        await opened.payments.aclose()
        await opened.recovery.aclose()


async def look(shop: Shop, after_s: float) -> None:
    """The next look-up, so much later."""
    shop.now += timedelta(seconds=after_s)
    await shop.recovery.sweep(older_than_s=0)


def says_now(shop: Shop, outcome: Outcome | None) -> None:
    """What the provider's next look-ups tell of all that it was asked for."""
    for operation_id in {request.operation_id for request in shop.provider.asked}:
        shop.provider._outcomes.pop(operation_id, None)
        if outcome is not None:
            shop.provider._outcomes[operation_id] = outcome


async def test_what_was_never_seen_is_repeated_once_that_was_said_twice(wary: Shop) -> None:
    wary.provider.fates.append(Fate.LOST)
    payment_id = payment_id_of(await wary.create())
    await look(wary, 1)
    await look(wary, STANDS_AFTER_S - 0.001)
    assert isinstance(await wary.payment(payment_id), Processing)
    assert len(wary.provider.asked) == 1
    await look(wary, 0.001)
    assert isinstance(await wary.payment(payment_id), Authorized)
    assert len(wary.provider.asked) == 2


async def test_a_no_ends_the_payment_once_it_was_said_twice(wary: Shop) -> None:
    wary.provider.fates.append(Fate.ANSWER_LOST)
    payment_id = payment_id_of(await wary.create())
    says_now(wary, NO)
    await look(wary, 1)
    assert isinstance(await wary.payment(payment_id), Processing)
    await look(wary, STANDS_AFTER_S)
    assert isinstance(await wary.payment(payment_id), Failed)


async def test_a_provider_that_changes_its_mind_begins_anew(wary: Shop) -> None:
    wary.provider.fates.append(Fate.ANSWER_LOST)
    payment_id = payment_id_of(await wary.create())
    for said in (NO, None, NO):
        says_now(wary, said)
        await look(wary, STANDS_AFTER_S)
        assert isinstance(await wary.payment(payment_id), Processing)
    assert len(wary.provider.asked) == 1


async def test_one_that_keeps_changing_it_is_told_to_an_operator(wary: Shop) -> None:
    wary.provider.fates.append(Fate.ANSWER_LOST)
    payment_id = payment_id_of(await wary.create())
    for said in (NO, None, NO, None):
        says_now(wary, said)
        await look(wary, 3_600)
    doubted = await wary.payment(payment_id)
    assert isinstance(doubted, Processing)
    assert doubted.in_doubt
    assert len(wary.provider.asked) == 1


async def test_a_yes_is_believed_at_once(wary: Shop) -> None:
    wary.provider.fates.append(Fate.ANSWER_LOST)
    payment_id = payment_id_of(await wary.create())
    made = wary.provider._outcomes[wary.provider.asked[0].operation_id]
    says_now(wary, NO)
    await look(wary, 1)
    says_now(wary, made)
    await look(wary, 0)
    assert isinstance(await wary.payment(payment_id), Authorized)


async def test_what_another_process_heard_first_counts(wary: Shop) -> None:
    """The first saying is kept beside the operation's claim, not in memory."""
    wary.provider.fates.append(Fate.LOST)
    payment_id = payment_id_of(await wary.create())
    await look(wary, 1)
    other = Shop(wary.store, refusal_stands_after_s=STANDS_AFTER_S)
    other.now, other.providers, other.operations.calls._providers = wary.now, wary.providers, wary.providers
    await look(other, STANDS_AFTER_S)
    assert isinstance(await wary.payment(payment_id), Authorized)


async def test_an_answer_to_the_request_itself_needs_no_second(wary: Shop) -> None:
    wary.provider.refusal = NO
    assert isinstance(await wary.payment(payment_id_of(await wary.create())), Failed)
