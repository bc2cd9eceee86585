"""What never left is sent again, a few times; nothing else ever is."""

import pytest

from domain.payment.outcome import Approved, Declined, Outcome, Unavailable, Unknown
from infrastructure.provider.retrying import TRIES_MAX, RetryingProvider
from tests.infrastructure.provider.contract import authorization
from tests.support.domain import CARD
from tests.support.provider import Always

AWAY, APPROVED = Unavailable("nothing listens"), Approved("ch_1")
DECLINED, UNKNOWN = Declined("card_declined", "No."), Unknown("no answer")


@pytest.mark.parametrize(
    ("answers", "outcome", "calls"),
    [
        ([AWAY, AWAY, APPROVED], APPROVED, 3),
        ([AWAY, DECLINED, APPROVED], DECLINED, 2),
        ([AWAY, UNKNOWN, APPROVED], UNKNOWN, 2),
        ([UNKNOWN, APPROVED], UNKNOWN, 1),
        ([AWAY], AWAY, TRIES_MAX),
    ],
)
async def test_what_is_sent_again(answers: list[Outcome], outcome: Outcome, calls: int) -> None:
    provider = Always(*answers)
    request = authorization(CARD)
    assert await RetryingProvider(provider, lambda _kind: False, first_pause_s=0).authorize(request) == outcome
    assert provider.calls == calls


async def test_where_there_is_no_use_nothing_is_sent_again() -> None:
    provider = Always(AWAY)
    assert await RetryingProvider(provider, lambda _kind: True).authorize(authorization(CARD)) == AWAY
    assert provider.calls == 1
