"""An authorisation expires when its time has run out and not before, and what was taken stays taken."""

from datetime import datetime, timedelta

import pytest

from domain.payment.events import AuthorizationExpired
from domain.payment.expire import AuthorizationStillValid
from domain.payment.refusals import OperationInProgress
from domain.payment.state import Expired
from domain.payment.status import Status
from tests.support.domain import (
    ACQUIRER,
    APPROVED,
    DECLINED,
    LAPSED,
    MERCHANT,
    NOW,
    UNKNOWN,
    authorized,
    capture_answered,
    capturing,
    eur,
    expires,
    given,
    partially_captured,
)


def released(amount: str) -> AuthorizationExpired:
    return AuthorizationExpired(merchant_id=MERCHANT, provider=ACQUIRER, released=eur(amount))


def test_an_authorisation_that_was_never_used_is_released_in_full() -> None:
    given(authorized(eur("100.00"))).when(expires(LAPSED)).then(released("100.00"))
    given(authorized()).when(expires(LAPSED)).then_stage(Expired)


def test_the_rest_of_a_partly_captured_authorisation_is_released_and_what_was_taken_stays() -> None:
    history = partially_captured(eur("40.00"), of=eur("100.00"))
    given(history).when(expires(LAPSED)).then(released("60.00"))
    given(history).when(expires(LAPSED)).then_payment(taken__captured=eur("40.00"))
    given(history).when(expires(LAPSED)).then_status(Status.CAPTURED)


@pytest.mark.parametrize("too_early", [NOW, LAPSED - timedelta(microseconds=1)])
def test_an_authorisation_does_not_expire_before_its_time(too_early: datetime) -> None:
    given(authorized()).when(expires(too_early)).then_raises(AuthorizationStillValid, expires_at=LAPSED)
    given(partially_captured()).when(expires(too_early)).then_raises(AuthorizationStillValid, expires_at=LAPSED)


def test_an_authorisation_does_not_expire_under_a_capture_whose_outcome_is_unknown() -> None:
    given(capturing()).when(capture_answered(UNKNOWN), expires(LAPSED)).then_raises(OperationInProgress, verb="expire")


def test_it_expires_once_the_capture_is_known_to_have_failed() -> None:
    given(capturing()).when(capture_answered(UNKNOWN), capture_answered(DECLINED), expires(LAPSED)).then_stage(Expired)


def test_a_capture_that_was_under_way_when_the_time_ran_out_still_counts() -> None:
    given(capturing(eur("100.00"))).when(capture_answered(UNKNOWN), capture_answered(APPROVED)).then_status(
        Status.CAPTURED
    )
