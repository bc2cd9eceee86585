"""A merchant gives up a payment before any money is reserved; of one that may be charged it cannot."""

from datetime import timedelta

import pytest

from domain.card_data import CardDataRefused
from domain.payment.events import FailureKind, PaymentAttemptFailed, PaymentCanceled, PaymentEvent, PaymentFailed
from domain.payment.notice import CANCELED
from domain.payment.refusals import IllegalTransition, OperationInProgress
from domain.payment.state import Canceled
from domain.payment.status import Status
from tests.support.domain import (
    ABANDONED,
    ACQUIRER,
    APPROVED,
    ATTEMPT,
    NEXT,
    NOW,
    UNKNOWN,
    History,
    attempt_answered,
    authorized,
    canceled,
    cancels,
    created,
    given,
    payment_of,
    processing,
    requires_action,
    then_,
)

GIVEN_UP = PaymentAttemptFailed(
    attempt_id=ATTEMPT,
    provider=ACQUIRER,
    kind=FailureKind.ABANDONED,
    code="canceled",
    message="It was canceled before the customer had acted.",
)


@pytest.mark.parametrize(
    ("history", "events"), [(created(), ()), (requires_action(), (GIVEN_UP,))], ids=["created", "requires action"]
)
def test_a_canceled_payment_keeps_the_merchants_reason(history: History, events: tuple[PaymentEvent, ...]) -> None:
    given(history).when(cancels("out of stock")).then(*events, PaymentCanceled(reason="out of stock"))
    given(history).when(cancels("out of stock")).then_status(Status.CANCELED)
    stage = payment_of(then_(history, cancels("out of stock")))
    assert isinstance(stage, Canceled)
    assert stage.reason == "out of stock"


def test_an_attempt_that_its_provider_has_not_canceled_can_still_charge_the_customer() -> None:
    for another in (None, NEXT):
        given(requires_action()).when(cancels(canceled_attempt=another)).then_raises(
            IllegalTransition, verb="cancel", status=Status.REQUIRES_ACTION
        )


def test_to_cancel_what_is_canceled_changes_nothing() -> None:
    given(canceled()).when(cancels("another reason")).then_nothing()


def test_what_is_at_the_provider_or_charged_cannot_be_canceled() -> None:
    given(processing()).when(cancels()).then_raises(OperationInProgress, verb="cancel")
    given(then_(processing(), attempt_answered(UNKNOWN))).when(cancels()).then_raises(OperationInProgress)
    given(authorized()).when(cancels()).then_raises(IllegalTransition, verb="cancel", status=Status.AUTHORIZED)


def test_an_approval_after_the_payment_was_canceled_changes_nothing() -> None:
    given(requires_action()).when(cancels(), attempt_answered(APPROVED)).then_nothing()


def test_what_the_provider_says_it_canceled_is_canceled_whoever_hears_of_it_first() -> None:
    given(requires_action()).when(attempt_answered(CANCELED, at=NOW)).then(GIVEN_UP, PaymentCanceled(reason=None))
    given(then_(requires_action(), attempt_answered(CANCELED, at=NOW))).when(cancels("mine")).then_nothing()


def test_what_the_provider_canceled_once_the_time_was_over_has_expired() -> None:
    at_the_end = then_(requires_action(), attempt_answered(CANCELED, at=ABANDONED))
    assert at_the_end[-1] == PaymentFailed(code="customer_action_expired", message="The customer did not act in time.")
    just_before = then_(requires_action(), attempt_answered(CANCELED, at=ABANDONED - timedelta(microseconds=1)))
    assert just_before[-1] == PaymentCanceled(reason=None)


def test_a_card_number_is_no_reason() -> None:
    given(created()).when(cancels("4242424242424242")).then_raises(CardDataRefused, field="reason")
