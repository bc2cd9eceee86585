"""What a bank claims is booked whole and told in the dispute; the same dispute with another payment or amount is
another one, unless the provider has a word for a claim that changes."""

import pytest
from msgspec.structs import replace

from application.payment.apply_notification import Again, Dead, Done
from application.provider.webhook import DisputePhase
from application.write.recording import record_all
from application.write.store import Append, Appended
from domain.dispute.events import DisputeKind, DisputeReason
from domain.dispute.open import OpenCase, open_case
from domain.dispute.state import Booked, Lost, NeedsResponse, PartlyWon, Won
from domain.money.money import AmountOutOfRange, Money
from domain.payment.dispute import DisputeDiffers
from domain.payment.dispute_events import DisputeLost, DisputeOpened, DisputeRaised
from domain.terms.settlement import BeyondBudget
from tests.application.dispute.test_commands import CASE, CAUSE, Court, court  # noqa: F401 - a fixture
from tests.application.shop import a_caller
from tests.domain.dispute.cases import opening
from tests.support.domain import BASIS, DISPUTE, HUNDRED, MERCHANT, NOW, claimed, eur, usd
from tests.support.routing import SIMULATOR

FORTY, SIXTY = eur("40.00"), eur("60.00")


# whose dispute it is


@pytest.mark.parametrize("phase", [DisputePhase.CHARGEBACK, DisputePhase.INQUIRY, DisputePhase.LOST])
@pytest.mark.parametrize("amount", [SIXTY, eur("100.01"), usd("100.00")], ids=str)
async def test_a_dispute_that_comes_again_with_another_amount_is_a_dead_letter(
    court: Court,  # noqa: F811
    phase: DisputePhase,
    amount: Money,
) -> None:
    payment_id = await court.disputed()
    before = await court.shop.events(payment_id)

    heard = await court.hears(payment_id, phase, amount=amount)

    assert isinstance(heard, Dead)
    assert "100.00 EUR" in heard.reason
    assert str(amount) in heard.reason
    assert await court.shop.events(payment_id) == before


@pytest.mark.parametrize("phase", [DisputePhase.CHARGEBACK, DisputePhase.UNDER_REVIEW, DisputePhase.LOST])
async def test_a_dispute_that_comes_again_with_another_payment_is_a_dead_letter(
    court: Court,  # noqa: F811
    phase: DisputePhase,
) -> None:
    payment_id, other = await court.disputed(), await court.shop.captured()

    heard = await court.hears(other, phase)

    assert isinstance(heard, Dead)
    assert str(payment_id) in heard.reason
    assert str(other) in heard.reason
    assert isinstance((await court.case()).dispute, NeedsResponse)


async def test_an_operators_dispute_that_differs_from_what_is_on_record_is_refused(court: Court) -> None:  # noqa: F811
    payment_id, other = await court.shop.captured(), await court.shop.captured()

    def command(**changes: object) -> OpenCase:
        facts: dict[str, object] = {
            "merchant_id": MERCHANT,
            "payment_id": payment_id,
            "provider": SIMULATOR,
            "dispute_id": DISPUTE,
            "kind": DisputeKind.CHARGEBACK,
            "amount": HUNDRED,
            "network": None,
            "reason": DisputeReason.FRAUDULENT,
            "provider_reason": "10.4",
            "due": None,
        }
        return OpenCase(**(facts | changes))  # type: ignore[arg-type]

    opened = await court.disputes.open(command(), CAUSE)
    assert (await court.disputes.open(command(), CAUSE)).version == opened.version
    for changes in (
        {"payment_id": other},
        {"amount": SIXTY},
        {"amount": usd("100.00")},
        {"kind": DisputeKind.INQUIRY},
        {"reason": DisputeReason.DUPLICATE},
        {"provider_reason": "13.1"},
    ):
        with pytest.raises(DisputeDiffers):
            await court.disputes.open(command(**changes), CAUSE)
    assert (await court.case()).version == opened.version


# a claim beyond the payment


async def test_a_chargeback_of_refunded_money_is_booked_and_told_in_the_dispute(court: Court) -> None:  # noqa: F811
    payment_id = await court.shop.captured()
    await court.shop.payments.refund(payment_id, a_caller("r"), amount_minor=3_000, reason="requested_by_customer")

    assert await court.hears(payment_id, DisputePhase.CHARGEBACK) == Done("dispute.opened.v1, dispute.claim_booked.v1")

    case = (await court.case()).dispute.case
    assert case.amount == HUNDRED
    assert case.booked == Booked(frozen=eur("70.00"), excess=eur("30.00"), borne_by=BeyondBudget.OWED)
    assert (await court.balances())["owed"] == 3_000
    await court.hears(payment_id, DisputePhase.WON)
    assert "owed" not in await court.balances()


async def test_a_chargeback_in_a_currency_without_a_rate_is_heard_again_later(court: Court) -> None:  # noqa: F811
    payment_id = await court.shop.captured()

    heard = await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=Money(100, "XCD"))

    assert heard == Again("there is no rate from XCD to EUR to book it by")


async def test_a_chargeback_that_does_not_say_how_much_is_for_an_operator(court: Court) -> None:  # noqa: F811
    payment_id = await court.shop.captured()
    assert isinstance(await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=None), Dead)


# a claim that changes


@pytest.mark.parametrize("amount", [SIXTY, eur("130.00")], ids=str)
async def test_a_claim_that_the_provider_amends_is_another_one_from_then_on(court: Court, amount: Money) -> None:  # noqa: F811
    payment_id = await court.disputed()

    heard = await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=amount, amends=True)

    assert isinstance(heard, Done)
    assert (await court.case()).dispute.case.amount == amount
    assert (await court.balances())["held"] == amount.minor
    late = await court.hears(payment_id, DisputePhase.CHARGEBACK, amount=HUNDRED, amends=True)
    assert late == Done(f"nothing new: the dispute {DISPUTE} is on record"), "the word from before comes late"


async def test_a_claim_that_is_decided_is_not_amended_but_told(court: Court) -> None:  # noqa: F811
    payment_id = await court.disputed()
    await court.hears(payment_id, DisputePhase.LOST)

    assert isinstance(await court.hears(payment_id, DisputePhase.LOST, amount=SIXTY, amends=True), Dead)


async def test_a_ruling_of_less_than_was_disputed_loses_that_much(court: Court) -> None:  # noqa: F811
    payment_id = await court.disputed()

    assert isinstance(await court.hears(payment_id, DisputePhase.LOST, amount=SIXTY, amends=True), Done)

    assert isinstance((await court.case()).dispute, Lost)
    assert (await court.shop.events(payment_id))[-2:] == ["payment.dispute_reduced.v1", "payment.dispute_lost.v3"]


@pytest.mark.parametrize("lost_first", [False, True])
async def test_a_dispute_is_won_in_part(court: Court, lost_first: bool) -> None:  # noqa: F811
    payment_id = await court.disputed()
    if lost_first:
        await court.hears(payment_id, DisputePhase.LOST)

    heard = await court.hears(payment_id, DisputePhase.PARTIALLY_WON, lost=FORTY)

    assert heard == Done("dispute.partly_won.v1")
    dispute = (await court.case()).dispute
    assert isinstance(dispute, PartlyWon)
    assert dispute.lost == FORTY
    assert "held" not in await court.balances()
    assert isinstance(await court.hears(payment_id, DisputePhase.LOST), Dead)


async def test_what_was_won_in_part_may_be_won_after_all(court: Court) -> None:  # noqa: F811
    payment_id = await court.disputed()
    await court.disputes.rule_in_part(CASE, FORTY.minor, CAUSE)

    await court.hears(payment_id, DisputePhase.WON)

    assert isinstance((await court.case()).dispute, Won)
    assert (await court.shop.events(payment_id))[-1] == "payment.dispute_reversed.v2"


@pytest.mark.parametrize("lost_minor", [0, 10_000, 10_001])
async def test_a_part_is_more_than_nothing_and_less_than_all(court: Court, lost_minor: int) -> None:  # noqa: F811
    await court.disputed()
    with pytest.raises(AmountOutOfRange):
        await court.disputes.rule_in_part(CASE, lost_minor, CAUSE)


async def test_an_operator_amends_a_claim(court: Court) -> None:  # noqa: F811
    await court.disputed()

    amended = await court.disputes.amend(CASE, 2_500, CAUSE)

    assert amended.dispute.case.amount == eur("25.00")
    assert (await court.balances())["held"] == 2_500


async def test_a_dispute_of_which_an_earlier_version_froze_less_is_lost_whole(court: Court) -> None:  # noqa: F811
    """So that the provider's settlement of the whole fits."""
    payment_id = await court.shop.captured()
    await court.shop.captured()
    at_first = DisputeOpened(merchant_id=MERCHANT, dispute_id=DISPUTE, reason="fraudulent", claim=claimed(SIXTY))
    case = open_case(None, replace(opening(), payment_id=payment_id, provider=SIMULATOR), BASIS.terms.disputes, NOW)
    version = len(await court.shop.store.history(payment_id))
    recorded = [
        *record_all(CASE, 0, case, merchant_id=MERCHANT, cause=CAUSE, now=NOW),
        *record_all(payment_id, version, (at_first,), merchant_id=MERCHANT, cause=CAUSE, now=NOW, updated_at=NOW),
    ]
    assert isinstance(await court.shop.store.append(Append(events=tuple(recorded))), Appended)

    assert isinstance(await court.hears(payment_id, DisputePhase.LOST), Done)

    raised, lost = [each.event.data for each in await court.shop.store.history(payment_id)][-2:]
    assert isinstance(raised, DisputeRaised)
    assert isinstance(lost, DisputeLost)
    assert (lost.disputed, lost.amount) == (HUNDRED, HUNDRED)
