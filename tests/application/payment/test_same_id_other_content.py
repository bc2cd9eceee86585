"""The same id with the same content is a repeat; the same id with other content is an error, never “nothing new”.

Every command and notice that has an id of its own is here, each with the decision that is asked. What is named by its
content cannot conflict: terms and routing policies have the number of their text, evidence the hash of its file. A
provider's event that comes again is in tests/interfaces/webhooks/test_semantics.py, with the inbox that remembers it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import pytest
from msgspec.structs import replace

from application.write.caller import Caller
from application.write.idempotency import IdempotencyKeyReused, answer_again
from application.write.store import Answer, StoredClaim, Verb
from domain.dispute.open import open_case
from domain.errors import DomainError
from domain.fx.ecb import read_ecb
from domain.fx.events import FxRatesEvent
from domain.fx.publish import RatesDiffer, publish
from domain.fx.rates import Rates
from domain.fx.rates import fold as fold_rates
from domain.history import Cause
from domain.identifiers import OperationId, PaymentId
from domain.money.money import Money
from domain.payment.adopt import AdoptOperation, OperationDiffers, adopt
from domain.payment.dispute import DisputeDiffers, OpenDispute, open_dispute
from domain.payment.events import OperationKind
from domain.payment.movements import movements_of
from domain.payment.progress import operations_of
from domain.payment.settlement_events import MovementKind, ProviderCost
from domain.payout.report import ReportContradicts, ReportedOutcome, ReportPayout, report
from domain.settlement.events import ItemKind
from domain.settlement.settle_movement import MovementDiffers, SettleMovement, settle_movement
from domain.settlement.settlement import (
    BookItem,
    ItemDiffers,
    ReceiveSettlement,
    SettlementDiffers,
    book_item,
    receive,
)
from domain.settlement.settlement import fold as fold_settlement
from tests.domain.dispute.cases import RULE, case_of, opened, opening
from tests.domain.payout.payouts import PAID
from tests.support.domain import ACQUIRER, BASIS, CAPTURE, DISPUTE, HUNDRED, MERCHANT, NOW, captured, eur, payment_of
from tests.support.rates import FRIDAY, FRIDAY_RATES, LATER, ecb_xml

Decide = Callable[[object], Sequence[object]]
"""What is decided on a command with the given content, once the first one is on record."""


class Named(NamedTuple):
    """`same` is what was asked first, `others` differ from it under the same id."""

    decide: Decide
    same: object
    others: Sequence[object]
    error: type[DomainError]


# disputes


def a_case(command: object) -> Sequence[object]:
    return open_case(case_of(opened()), command, RULE, NOW)  # type: ignore[arg-type]


def a_dispute_of_a_payment(command: object) -> Sequence[object]:
    payment = payment_of(captured(HUNDRED))
    history = captured(HUNDRED) + open_dispute(payment, DISPUTED, BASIS, NOW)
    return open_dispute(payment_of(history), command, BASIS, NOW)  # type: ignore[arg-type]


DISPUTED = OpenDispute(dispute_id=DISPUTE, amount=HUNDRED, reason="fraudulent")

# settlements

RECEIVED = ReceiveSettlement(
    provider=ACQUIRER, settlement_id="st_1", bank="house", currency="EUR", paid_at=NOW, total=HUNDRED
)
FEE = BookItem(kind=ItemKind.FEE, reference="rent", gross=eur("-5.00"), cost=ProviderCost())
MOVED = SettleMovement(
    provider=ACQUIRER,
    settlement_id="st_1",
    bank="house",
    movement=MovementKind.CAPTURE,
    movement_id=str(CAPTURE),
    gross=HUNDRED,
    cost=ProviderCost(),
)


def a_settlement(command: object) -> Sequence[object]:
    return receive(fold_settlement(receive(None, RECEIVED)), command)  # type: ignore[arg-type]


def a_row_of_a_settlement(command: object) -> Sequence[object]:
    received = receive(None, RECEIVED)
    settlement = fold_settlement(received)
    assert settlement is not None
    settlement = fold_settlement((*received, *book_item(settlement, FEE)))
    assert settlement is not None
    return book_item(settlement, command)  # type: ignore[arg-type]


def a_movement_settled(command: object) -> Sequence[object]:
    history = captured(HUNDRED)
    history += settle_movement(payment_of(history), movements_of(history), MOVED, lambda _: None)
    return settle_movement(payment_of(history), movements_of(history), command, lambda _: None)  # type: ignore[arg-type]


# what was done in the provider's dashboard

REFUNDED = AdoptOperation(
    kind=OperationKind.REFUND, provider=ACQUIRER, reference="re_77", amount=eur("30.00"), reason="in the dashboard"
)


def an_operation_of_the_providers(command: object) -> Sequence[object]:
    history = captured(HUNDRED)
    history += adopt(payment_of(history), operations_of(history), REFUNDED, BASIS, NOW)
    return adopt(payment_of(history), operations_of(history), command, BASIS, NOW)  # type: ignore[arg-type]


# rates, payouts


def rates_of_a_day(text: object) -> Sequence[FxRatesEvent]:
    known = fold_rates(publish(Rates(), read_ecb(ecb_xml({FRIDAY: FRIDAY_RATES})).publications, now=LATER))
    return publish(known, read_ecb(str(text)).publications, now=LATER)


def a_banks_word_of_a_payout(heard: object) -> Sequence[object]:
    return report(PAID, heard)  # type: ignore[arg-type]


CONFIRMED = ReportPayout(bank="northbank", report_id="7", outcome=ReportedOutcome.CONFIRMED, code=None)

NAMED = {
    "a dispute": Named(
        a_case,
        opening(),
        [
            opening(amount=eur("99.99")),
            opening(amount=Money(10_000, "USD")),
            replace(opening(), payment_id=PaymentId(UUID(int=99))),
            replace(opening(), provider_reason="13.1"),
        ],
        DisputeDiffers,
    ),
    "a dispute of a payment": Named(
        a_dispute_of_a_payment,
        DISPUTED,
        [replace(DISPUTED, amount=eur("99.99")), replace(DISPUTED, amount=Money(10_000, "USD"))],
        DisputeDiffers,
    ),
    "a settlement": Named(
        a_settlement,
        RECEIVED,
        [
            replace(RECEIVED, bank="other"),
            replace(RECEIVED, currency="USD"),
            replace(RECEIVED, paid_at=LATER),
        ],
        SettlementDiffers,
    ),
    "a row of a settlement": Named(
        a_row_of_a_settlement,
        FEE,
        [replace(FEE, gross=eur("-6.00")), replace(FEE, cost=ProviderCost(other_minor=1))],
        ItemDiffers,
    ),
    "a movement in a settlement": Named(
        a_movement_settled,
        MOVED,
        [
            replace(MOVED, gross=eur("99.00")),
            replace(MOVED, settlement_id="st_2"),
            replace(MOVED, bank="other"),
            replace(MOVED, cost=ProviderCost(other_minor=1)),
        ],
        MovementDiffers,
    ),
    "an operation in the provider's dashboard": Named(
        an_operation_of_the_providers,
        REFUNDED,
        [replace(REFUNDED, amount=eur("31.00")), replace(REFUNDED, failed="it did not go through")],
        OperationDiffers,
    ),
    "a day of the ECB's rates": Named(
        rates_of_a_day,
        ecb_xml({FRIDAY: FRIDAY_RATES}),
        [ecb_xml({FRIDAY: {**FRIDAY_RATES, "USD": "1.0851"}})],
        RatesDiffer,
    ),
    "a bank's word of a payout": Named(
        a_banks_word_of_a_payout, CONFIRMED, [replace(CONFIRMED, outcome=ReportedOutcome.REJECTED)], ReportContradicts
    ),
}


@pytest.mark.parametrize("named", NAMED.values(), ids=NAMED)
def test_the_same_id_with_the_same_content_is_a_repeat(named: Named) -> None:
    assert named.decide(named.same) == ()


@pytest.mark.parametrize(
    ("named", "other"),
    [
        pytest.param(named, other, id=f"{name} {n}")
        for name, named in NAMED.items()
        for n, other in enumerate(named.others)
    ],
)
def test_the_same_id_with_other_content_is_an_error(named: Named, other: object) -> None:
    with pytest.raises(named.error):
        named.decide(other)


# a merchant's commands, each under its idempotency key


def claimed(verb: Verb) -> StoredClaim:
    return StoredClaim(
        operation_id=OperationId(UUID(int=1)),
        subject_id=PaymentId(UUID(int=2)),
        verb=verb,
        fingerprint=b"the first request",
        answer=Answer(201, b"{}"),
        position=7,
    )


def asking(fingerprint: bytes) -> Caller:
    cause = Cause(actor="key:test", request_id="req_1", trace_id="0" * 32)
    return Caller(merchant_id=MERCHANT, cause=cause, key="key-1", fingerprint=fingerprint)


@pytest.mark.parametrize("verb", Verb)
def test_a_key_with_the_same_request_is_answered_again_and_with_another_one_refused(verb: Verb) -> None:
    store: object = None  # It is not asked: the claim has its answer.
    again = asyncio.run(answer_again(store, claimed(verb), asking(b"the first request")))  # type: ignore[arg-type]
    assert (again.status, again.body) == (201, b"{}")
    with pytest.raises(IdempotencyKeyReused):
        asyncio.run(answer_again(store, claimed(verb), asking(b"another request")))  # type: ignore[arg-type]
