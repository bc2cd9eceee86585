"""The views of payouts show what the streams say."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from domain.history import AnyEvent, Positioned
from domain.money.money import Money
from domain.payout.batch import batch
from domain.payout.create import create
from domain.payout.events import PayoutApproved, PayoutCanceled, PayoutEvent, PayoutHeld
from domain.payout.evolve import evolve, fold
from domain.payout.fail import fail
from domain.payout.report import ReportedOutcome, report
from domain.payout.sent import sent
from domain.payout.state import Payout
from domain.payout.status import PayoutStatus, status_of
from domain.payout_batch.events import (
    PayoutBatchCreated,
    PayoutBatchEvent,
    PayoutBatchRefused,
    PayoutBatchSubmitted,
)
from domain.payout_batch.state import BatchStatus
from projections.engine.view import fold as fold_view
from projections.payout.batches import PAYOUT_BATCHES
from projections.payout.payouts import PAYOUTS, PayoutRow
from tests.domain.payout.payouts import ACCOUNT, BATCH, FRIDAY, MERCHANT, PAYOUT, RULE, TEN, asked, heard
from tests.support.store import stored

HELD = PayoutHeld(reason="above 5.00 EUR", payout_rule="weekly:2")
CANCELED = PayoutCanceled(merchant_id=MERCHANT, amount=TEN, reason="changed our mind")


def on_its_way() -> list[PayoutEvent]:
    created = create(asked(description="November"), ACCOUNT, RULE)
    batched = batch(after(created), PAYOUT, BATCH, FRIDAY)
    return [*created, *batched, *sent(after([*created, *batched]), BATCH)]


def after(events: Sequence[PayoutEvent]) -> Payout:
    payout = fold(events)
    assert payout is not None
    return payout


def told(*outcomes: ReportedOutcome) -> list[PayoutEvent]:
    events = on_its_way()
    for outcome in outcomes:
        events.extend(report(after(events), heard(outcome, "AC04")))
    return events


CREATED = on_its_way()[:1]
HISTORIES: dict[str, Sequence[PayoutEvent]] = {
    "created": CREATED,
    "held": (*CREATED, HELD),
    "approved": (*CREATED, HELD, PayoutApproved()),
    "canceled": (*CREATED, HELD, CANCELED),
    "batched": on_its_way()[:2],
    "sent": on_its_way(),
    "paid": told(ReportedOutcome.CONFIRMED),
    "returned": told(ReportedOutcome.CONFIRMED, ReportedOutcome.RETURNED),
    "rejected": told(ReportedOutcome.REJECTED),
    "unfit": (*CREATED, *fail(evolve(None, CREATED[0]), "the account's name cannot be spelt")),
}


def positioned(stream_id: UUID, events: Sequence[AnyEvent]) -> list[Positioned]:
    return [Positioned(number, stored(stream_id, number, event)) for number, event in enumerate(events, start=1)]


def row_of(events: Sequence[PayoutEvent]) -> PayoutRow:
    [row] = fold_view(PAYOUTS, {}, positioned(PAYOUT, events)).values()
    return row


@pytest.mark.parametrize("events", HISTORIES.values(), ids=HISTORIES)
def test_a_row_has_the_status_of_its_payout(events: Sequence[PayoutEvent]) -> None:
    row = row_of(events)
    assert row.status == status_of(after(events))
    assert (row.amount_minor, row.currency, row.description) == (1_000, "EUR", "November")
    assert row.position == len(events)


def test_a_row_says_why_and_forgets_why_it_was_held() -> None:
    assert row_of(HISTORIES["held"]).reason == "above 5.00 EUR"
    assert row_of(HISTORIES["approved"]).reason is None
    rejected = row_of(HISTORIES["rejected"])
    assert (rejected.code, rejected.reason) == ("AC04", "the account is closed")
    assert rejected.batch_id == BATCH
    assert row_of(HISTORIES["unfit"]).status == PayoutStatus.FAILED


def test_a_batch_has_what_the_bank_says_of_its_file() -> None:
    created = PayoutBatchCreated(
        batch_id=BATCH,
        message_id="PB-1",
        currency="EUR",
        execution_date=date(2026, 11, 20),
        payouts=(),
        file_sha256="00",
        total=Money(0, "EUR"),
    )
    answers: dict[BatchStatus, tuple[PayoutBatchEvent, ...]] = {
        BatchStatus.CREATED: (),
        BatchStatus.SUBMITTED: (PayoutBatchSubmitted(reference="BANK-1"),),
        BatchStatus.REFUSED: (PayoutBatchRefused(reason="the control sum is wrong"),),
    }
    for status, answer in answers.items():
        [row] = fold_view(PAYOUT_BATCHES, {}, positioned(BATCH, [created, *answer])).values()
        assert row.status == status
        assert row.reference == ("BANK-1" if status is BatchStatus.SUBMITTED else None)
        assert row.reason == ("the control sum is wrong" if status is BatchStatus.REFUSED else None)
