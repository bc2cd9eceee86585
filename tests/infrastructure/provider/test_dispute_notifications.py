"""What each provider tells of disputes, in our words: phases, reasons, networks, amounts and days."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from application.provider.webhook import (
    DisputeNotification,
    DisputePhase,
    Notifications,
    NotificationUnreadable,
    Unhandled,
)
from domain.dispute.events import DisputeReason
from domain.money.money import Money
from domain.payment.method import CardBrand
from infrastructure.provider.checkout.notifications import CheckoutNotifications
from infrastructure.provider.simulator.notifications import SimulatorNotifications
from infrastructure.provider.stripe.notifications import StripeNotifications
from infrastructure.simulator.charges import Charge
from infrastructure.simulator.checkout import webhooks as checkout_webhooks
from infrastructure.simulator.disputed import Dispute, DisputeTold, Kind, Status, Told
from infrastructure.simulator.notice import Notice
from infrastructure.simulator.tokens import Operation
from infrastructure.simulator.webhooks import worded

SECRET = "whsec_of_the_tests"
SIMULATOR, STRIPE, CHECKOUT = (
    SimulatorNotifications(SECRET),
    StripeNotifications(SECRET),
    CheckoutNotifications(SECRET),
)
DUE = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def heard(notifications: Notifications, body: bytes) -> DisputeNotification:
    read = notifications.read(body)
    assert isinstance(read, DisputeNotification), read
    return read


def stripe(kind: str = "charge.dispute.created", **changes: Any) -> bytes:
    dispute = {
        "id": "du_1",
        "object": "dispute",
        "amount": 1000,
        "currency": "usd",
        "charge": "ch_1",
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": "needs_response",
        "evidence_details": {"due_by": int(DUE.timestamp()), "has_evidence": False, "past_due": False},
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "network_reason_code": "10.4"}},
        **changes,
    }
    return msgspec.json.encode({"id": "evt_1", "type": kind, "data": {"object": dispute}})


def checkout(kind: str = "dispute_evidence_required", **changes: Any) -> bytes:
    data = {
        "id": "dsp_1",
        "date": "2026-11-20T15:20:31.5042702+00:00",
        "category": "fraudulent",
        "amount": 8150,
        "currency": "GBP",
        "reason_code": "10.4",
        "payment_id": "pay_1",
        "payment_action_id": "act_1",
        "payment_method": "VISA",
        "evidence_required_by": DUE.isoformat(),
        **changes,
    }
    said = {name: value for name, value in data.items() if value is not None}
    return msgspec.json.encode(
        {"id": "evt_1", "type": kind, "timestamp": "2026-11-20T15:20:32.582+00:00", "data": said}
    )


def told(what: Told, *, kind: Kind = Kind.CHARGEBACK, token: str = "tok_dispute", lost: int | None = None) -> Notice:
    charge = Charge("ch_1", "order-1", "EUR", token, authorized=1_000, captured=1_000, key="attempt-1")
    dispute = Dispute(
        id="dp_1",
        charge_id="ch_1",
        kind=kind,
        status=Status.NEEDS_RESPONSE,
        amount=400,
        reason="not_received",
        respond_by=DUE.timestamp(),
    )
    return Notice(
        id="evt_1",
        at=DUE,
        operation=Operation.CHARGE,
        charge=charge,
        action_id="dp_1",
        key="attempt-1",
        amount=400,
        refusal=None,
        dispute=DisputeTold(told=what, dispute=dispute, lost=lost),
    )


# Stripe


def test_stripe_tells_of_a_chargeback() -> None:
    assert heard(STRIPE, stripe()) == DisputeNotification(
        event_id="evt_1",
        phase=DisputePhase.CHARGEBACK,
        dispute_id="du_1",  # type: ignore[arg-type]
        amount=Money(1000, "USD"),
        reason=DisputeReason.FRAUDULENT,
        provider_reason="fraudulent",
        network=CardBrand.VISA,
        due=DUE,
        operation_id=None,
        reference="pi_1",
    )


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("warning_needs_response", DisputePhase.INQUIRY),
        ("warning_under_review", DisputePhase.UNDER_REVIEW),
        ("warning_closed", DisputePhase.WON),
        ("needs_response", DisputePhase.CHARGEBACK),
        ("under_review", DisputePhase.UNDER_REVIEW),
        ("won", DisputePhase.WON),
        ("lost", DisputePhase.LOST),
    ],
)
@pytest.mark.parametrize("kind", ["created", "updated", "closed"])
def test_stripes_status_says_where_a_dispute_is(kind: str, status: str, phase: DisputePhase) -> None:
    assert heard(STRIPE, stripe(f"charge.dispute.{kind}", status=status)).phase is phase


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("fraudulent", DisputeReason.FRAUDULENT),
        ("unrecognized", DisputeReason.FRAUDULENT),
        ("product_not_received", DisputeReason.NOT_RECEIVED),
        ("product_unacceptable", DisputeReason.NOT_AS_DESCRIBED),
        ("duplicate", DisputeReason.DUPLICATE),
        ("credit_not_processed", DisputeReason.CREDIT_NOT_PROCESSED),
        ("subscription_canceled", DisputeReason.SUBSCRIPTION_CANCELED),
        ("general", DisputeReason.OTHER),
        ("something new", DisputeReason.OTHER),
    ],
)
def test_stripes_reasons_in_our_words(reason: str, ours: DisputeReason) -> None:
    read = heard(STRIPE, stripe(reason=reason))
    assert (read.reason, read.provider_reason) == (ours, reason)


def test_stripe_counts_some_currencies_in_its_own_way() -> None:
    assert heard(STRIPE, stripe(currency="isk", amount=5_000)).amount == Money(50, "ISK")
    with pytest.raises(NotificationUnreadable):
        STRIPE.read(stripe(currency="isk", amount=5_001))
    with pytest.raises(NotificationUnreadable):
        STRIPE.read(stripe(currency="zzz"))


@pytest.mark.parametrize("kind", ["updated", "closed", "funds_reinstated"])
def test_stripe_has_words_for_a_claim_that_changes(kind: str) -> None:
    assert not heard(STRIPE, stripe()).amends
    assert heard(STRIPE, stripe(f"charge.dispute.{kind}", amount=600)).amends


@pytest.mark.parametrize("status", ["won", "lost"])
@pytest.mark.parametrize(
    ("moved", "lost"),
    [
        ([], None),
        ([-1000], None),
        ([-1000, 1000], None),
        ([-1000, 400], Money(600, "USD")),
        ([-700, 400], None),
    ],
)
def test_stripe_reinstates_what_was_won_in_part(status: str, moved: list[int], lost: Money | None) -> None:
    transactions = [{"id": f"txn_{minor}", "amount": minor, "currency": "usd"} for minor in moved]
    read = heard(STRIPE, stripe("charge.dispute.closed", status=status, balance_transactions=transactions))
    assert read.lost == lost
    assert (read.phase is DisputePhase.PARTIALLY_WON) == (lost is not None)


def test_what_stripe_moved_in_the_accounts_own_currency_is_not_compared() -> None:
    moved = [{"amount": minor, "currency": "eur"} for minor in (-1000, 400)]
    read = heard(STRIPE, stripe("charge.dispute.closed", status="won", balance_transactions=moved))
    assert (read.phase, read.lost) == (DisputePhase.WON, None)


def test_stripe_may_say_less() -> None:
    read = heard(STRIPE, stripe(evidence_details=None, payment_method_details=None, payment_intent=None))
    assert (read.due, read.network, read.reference) == (None, None, None)
    assert heard(STRIPE, stripe(evidence_details={"due_by": None})).due is None


@pytest.mark.parametrize(
    "body", [stripe(status="prevented"), stripe("charge.dispute.funds_withdrawn"), stripe("charge.dispute.new")]
)
def test_what_stripe_says_beside_that_is_not_handled(body: bytes) -> None:
    assert isinstance(STRIPE.read(body), Unhandled)


# Checkout.com


def test_checkout_tells_of_a_chargeback() -> None:
    assert heard(CHECKOUT, checkout()) == DisputeNotification(
        event_id="evt_1",
        phase=DisputePhase.CHARGEBACK,
        dispute_id="dsp_1",  # type: ignore[arg-type]
        amount=Money(8150, "GBP"),
        reason=DisputeReason.FRAUDULENT,
        provider_reason="fraudulent 10.4",
        network=CardBrand.VISA,
        due=DUE,
        operation_id=None,
        reference="pay_1",
    )


@pytest.mark.parametrize(
    ("kind", "phase"),
    [
        ("dispute_received", DisputePhase.CHARGEBACK),
        ("dispute_evidence_required", DisputePhase.CHARGEBACK),
        ("dispute_evidence_submitted", DisputePhase.UNDER_REVIEW),
        ("dispute_arbitration_evidence_submitted", DisputePhase.UNDER_REVIEW),
        ("dispute_arbitration_sent_to_scheme", DisputePhase.UNDER_REVIEW),
        ("dispute_accepted", DisputePhase.ACCEPTED),
        ("dispute_expired", DisputePhase.EXPIRED),
        ("dispute_won", DisputePhase.WON),
        ("dispute_canceled", DisputePhase.WON),
        ("dispute_resolved", DisputePhase.WON),
        ("dispute_lost", DisputePhase.LOST),
        ("dispute_arbitration_won", DisputePhase.WON),
        ("dispute_arbitration_lost", DisputePhase.LOST),
    ],
)
def test_each_event_of_checkouts_says_where_a_dispute_is(kind: str, phase: DisputePhase) -> None:
    assert heard(CHECKOUT, checkout(kind)).phase is phase


def test_checkouts_previous_platform_says_less() -> None:
    read = heard(CHECKOUT, checkout("dispute_won", amount=None, currency=None, evidence_required_by=None))
    assert (read.amount, read.due) == (None, None)


@pytest.mark.parametrize(
    "body", [checkout(payment_id=None), checkout(currency="ZZZ"), checkout(amount=0), checkout(amount="1")]
)
def test_what_checkout_cannot_mean_is_unreadable(body: bytes) -> None:
    with pytest.raises(NotificationUnreadable):
        CHECKOUT.read(body)


# the simulator, in its own dialect and in Checkout.com's


@pytest.mark.parametrize(
    ("what", "kind", "phase"),
    [
        (Told.OPENED, Kind.CHARGEBACK, DisputePhase.CHARGEBACK),
        (Told.OPENED, Kind.INQUIRY, DisputePhase.INQUIRY),
        (Told.ESCALATED, Kind.CHARGEBACK, DisputePhase.CHARGEBACK),
        (Told.UNDER_REVIEW, Kind.CHARGEBACK, DisputePhase.UNDER_REVIEW),
        (Told.WON, Kind.CHARGEBACK, DisputePhase.WON),
        (Told.LOST, Kind.CHARGEBACK, DisputePhase.LOST),
    ],
)
def test_the_simulator_is_understood(what: Told, kind: Kind, phase: DisputePhase) -> None:
    delivery = worded(told(what, kind=kind), SECRET)
    headers = {name.lower(): value for name, value in delivery.headers.items()}
    SIMULATOR.verify(headers, delivery.body, datetime.now(UTC))
    read = heard(SIMULATOR, delivery.body)
    assert (read.phase, read.dispute_id, read.reference, read.due) == (phase, "dp_1", "ch_1", DUE)
    assert (read.amount, read.reason, read.network) == (Money(400, "EUR"), DisputeReason.NOT_RECEIVED, CardBrand.VISA)


def test_the_simulator_tells_of_a_claim_that_changes_and_of_a_ruling_in_part() -> None:
    assert heard(SIMULATOR, worded(told(Told.AMENDED), SECRET).body).amends
    read = heard(SIMULATOR, worded(told(Told.PARTIALLY_WON, lost=150), SECRET).body)
    assert (read.phase, read.amount, read.lost) == (
        DisputePhase.PARTIALLY_WON,
        Money(400, "EUR"),
        Money(150, "EUR"),
    )


def test_checkout_has_no_word_for_either_so_that_another_amount_is_for_an_operator() -> None:
    read = heard(CHECKOUT, checkout_webhooks.worded(told(Told.PARTIALLY_WON, lost=150), SECRET).body)
    assert (read.phase, read.amount, read.amends) == (DisputePhase.LOST, Money(150, "EUR"), False)


def test_the_simulator_is_understood_in_checkouts_dialect() -> None:
    read = heard(CHECKOUT, checkout_webhooks.worded(told(Told.OPENED), SECRET).body)
    assert (read.phase, read.dispute_id, read.reference) == (DisputePhase.CHARGEBACK, "dsp_1", "pay_1")
    assert read.amount == Money(400, "EUR")
    inquiry = CHECKOUT.read(checkout_webhooks.worded(told(Told.OPENED, kind=Kind.INQUIRY), SECRET).body)
    assert isinstance(inquiry, Unhandled)


def test_a_dispute_of_a_kind_that_nobody_knows_is_unreadable() -> None:
    body = worded(told(Told.OPENED), SECRET).body.replace(b'"chargeback"', b'"quarrel"')
    with pytest.raises(NotificationUnreadable):
        SIMULATOR.read(body)
