"""A payout that the bank does not have, has twice, or has otherwise is found; so is one that is not ours."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.identifiers import PayoutId
from domain.money.money import Money
from domain.payout.batch import end_to_end_id_for
from domain.payout.events import PayoutTrigger
from domain.payout.status import PayoutStatus
from interfaces.demo.bank_books import AT_THE_BANK, BankPayment, bank_differences
from projections.payout.payouts import PayoutRow

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def payout(minor: int = 200_00, currency: str = "EUR", status: PayoutStatus = PayoutStatus.PAID) -> PayoutRow:
    return PayoutRow(
        payout_id=uuid4(),
        merchant_id="mer_1",
        status=status,
        amount_minor=minor,
        currency=currency,
        bank_account_id=UUID(int=1),
        trigger=PayoutTrigger.REQUESTED,
        description=None,
        batch_id=UUID(int=2),
        execution_date=NOW.date(),
        code=None,
        reason=None,
        created_at=NOW,
        updated_at=NOW,
        position=7,
    )


def at_the_bank(row: PayoutRow) -> BankPayment:
    return BankPayment(
        end_to_end_id=end_to_end_id_for(PayoutId(row.payout_id)),
        amount=str(Money(row.amount_minor, row.currency)).split()[0],
        currency=row.currency,
        status=AT_THE_BANK[row.status],
    )


rows = st.builds(
    payout, st.integers(1, 10**9), st.sampled_from(("EUR", "JPY", "KWD")), st.sampled_from(sorted(AT_THE_BANK))
)


@given(st.lists(rows), st.randoms())
def test_books_that_say_the_same_have_no_differences(payouts: list[PayoutRow], shuffled: object) -> None:
    theirs = [at_the_bank(row) for row in reversed(payouts)]
    assert bank_differences(payouts, theirs) == []


@given(st.lists(rows, min_size=1))
def test_a_payment_that_the_bank_has_once_more_or_once_less_is_found(payouts: list[PayoutRow]) -> None:
    theirs = [at_the_bank(row) for row in payouts]
    [more] = bank_differences(payouts, [*theirs, theirs[0]])
    assert "we do not" in more
    [less] = bank_differences(payouts, theirs[1:])
    assert "the bank does not have" in less


def test_another_amount_or_another_end_is_found_on_both_sides() -> None:
    row = payout()
    for other in (replace(at_the_bank(row), amount="200.01"), replace(at_the_bank(row), status="pending")):
        assert len(bank_differences([row], [other])) == 2


def test_of_a_payout_that_was_in_no_file_the_bank_knows_nothing() -> None:
    assert bank_differences([replace(payout(status=PayoutStatus.CANCELED), batch_id=None)], []) == []
    assert bank_differences([replace(payout(status=PayoutStatus.FAILED), batch_id=None)], []) == []


def test_one_that_is_on_its_way_is_not_taken_for_paid() -> None:
    row = payout(status=PayoutStatus.IN_TRANSIT)
    assert bank_differences([row], [at_the_bank(replace(row, status=PayoutStatus.PAID))]) != []
