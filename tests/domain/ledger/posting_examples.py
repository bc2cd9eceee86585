"""The worked examples of docs/POSTING_RULES.md, as the rules post them: a test holds the page to be the same.

`python -m tests.domain.ledger.posting_examples` prints them for it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from msgspec.structs import replace

from domain.event import Event
from domain.fx.conversion import Conversion
from domain.identifiers import BankAccountId, DisputeId, MerchantId, OperationId, ProviderName
from domain.ledger.accounts import Side
from domain.ledger.rules import entry_for
from domain.money.money import Money, parse_decimal, zero
from domain.payment.dispute_events import (
    DisputeLost,
    DisputeOpened,
    DisputeRaised,
    DisputeReduced,
    DisputeReversed,
    DisputeWon,
)
from domain.payment.events import (
    AuthorizationExpired,
    FailureKind,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
    RefundReversed,
    RefundStarted,
)
from domain.payment.proceeds import (
    Claim,
    Drawn,
    Excess,
    LotShare,
    MerchantDebit,
    Proceeds,
    from_available,
    from_lots,
    from_owed,
)
from domain.payment.settlement_events import MovementKind, MovementSettled, ProviderCost
from domain.payout.events import (
    PayoutCanceled,
    PayoutCreated,
    PayoutFailed,
    PayoutPaid,
    PayoutReturned,
    PayoutTrigger,
)
from domain.release.events import Bucket, FundsReleased
from domain.settlement.events import ItemKind, SettlementItemBooked
from domain.terms.conversion import RefundRate
from domain.terms.fee import Fee, FeeKind
from domain.terms.settlement import BeyondBudget

MERCHANT, PROVIDER = MerchantId("mer_1"), ProviderName("acquirer")
OPERATION, DISPUTE = OperationId(UUID(int=1)), DisputeId("dp_1")
DUE, RESERVE_DUE = datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2027, 2, 17, 23, tzinfo=UTC)
EXPIRES = datetime(2026, 11, 27, 12, tzinfo=UTC)
ACCOUNT = BankAccountId(UUID(int=2))


class Example(NamedTuple):
    """`title` is the heading of its section on the page; each event has a table there."""

    title: str
    events: Sequence[Event]


def eur(text: str) -> Money:
    return parse_decimal(text, "EUR")


def usd(text: str) -> Money:
    return parse_decimal(text, "USD")


def fee(kind: FeeKind, amount: Money, rule: str = "default") -> Fee:
    return Fee(kind=kind, amount=amount, plan="standard:3", rule=rule)


def captured(amount: Money, proceeds: Proceeds, *, released: Money | None = None) -> PaymentCaptured:
    return PaymentCaptured(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        capture_id=OPERATION,
        reference="ch_1",
        amount=amount,
        released=released or zero(amount.currency),
        final=True,
        proceeds=proceeds,
    )


def proceeds(
    gross: Money,
    charged: Money,
    *,
    reserve: Money | None = None,
    conversion: Conversion | None = None,
) -> Proceeds:
    return Proceeds(
        gross=gross,
        conversion=conversion,
        fees=(fee(FeeKind.PROCESSING, charged),) if charged.minor else (),
        reserve=reserve or zero(gross.currency),
        due=DUE,
        reserve_due=RESERVE_DUE if reserve else None,
        settlement_rule="standard:2",
    )


CONVERSION = Conversion(
    amount=usd("100.00"),
    rate="0.922339051",
    rates="ecb:14",
    as_of=datetime(2026, 11, 19, 15, tzinfo=UTC),
    value=eur("92.23"),
    mark_up=eur("0.92"),
    settled=eur("91.31"),
)
CONVERTED_HALF = Conversion(
    amount=usd("50.00"),
    rate="0.922339051",
    rates="ecb:14",
    as_of=datetime(2026, 11, 19, 15, tzinfo=UTC),
    value=eur("46.12"),
    mark_up=eur("0.46"),
    settled=eur("45.66"),
)


def debit(
    settled: Money, drawn: Drawn, *, charged: Fee | None = None, conversion: Conversion | None = None
) -> MerchantDebit:
    rate = None if conversion is None else RefundRate.ORIGINAL
    return MerchantDebit(settled=settled, conversion=conversion, rate=rate, fee=charged, drawn=drawn)


PENDING_15 = debit(eur("15.00"), from_lots([LotShare(DUE, eur("15.00"))], "EUR"))
AVAILABLE_15 = debit(eur("15.00"), from_available(eur("15.25")), charged=fee(FeeKind.REFUND, eur("0.25"), "refund"))
HALF_BACK = debit(eur("45.66"), from_available(eur("45.66")), conversion=CONVERTED_HALF)
DISPUTED_40 = debit(eur("40.00"), from_available(eur("55.00")), charged=fee(FeeKind.DISPUTE, eur("15.00"), "dispute"))


def refund_started(amount: Money, taken: MerchantDebit) -> RefundStarted:
    return RefundStarted(merchant_id=MERCHANT, refund_id=OPERATION, amount=amount, reason="returned", debit=taken)


def refunded(amount: Money, taken: MerchantDebit) -> PaymentRefunded:
    return PaymentRefunded(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        refund_id=OPERATION,
        reference="re_1",
        amount=amount,
        debit=taken,
        excess=None,
        unreserved=False,
    )


def refund_reversed(amount: Money, taken: MerchantDebit, returned: Drawn) -> RefundReversed:
    return RefundReversed(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        refund_id=OPERATION,
        reference="re_1",
        amount=amount,
        code="refund_declined",
        message="",
        debit=taken,
        excess=None,
        returned=returned,
    )


def refunded_without_us(amount: Money, within: Money, borne_by: BeyondBudget) -> PaymentRefunded:
    """Of which `within` was left of the budget."""
    beyond = amount - within
    excess = Excess(amount=beyond, settled=beyond, conversion=None, borne_by=borne_by, settlement_rule="standard:2")
    return replace(
        refunded(amount, debit(within, from_available(within))),
        excess=excess if beyond.minor else None,
        unreserved=True,
    )


def refund_failed(returned: Drawn) -> RefundFailed:
    return RefundFailed(
        merchant_id=MERCHANT,
        refund_id=OPERATION,
        kind=FailureKind.DECLINED,
        code="refund_declined",
        message="",
        returned=returned,
    )


def claim(amount: Money, taken: MerchantDebit, *, excess: Excess | None = None) -> Claim:
    disputed = amount if excess is None else amount + excess.amount
    return Claim(disputed=disputed, exchange=None, amount=amount, debit=taken, excess=excess)


def opened(of: Claim) -> DisputeOpened:
    return DisputeOpened(merchant_id=MERCHANT, dispute_id=DISPUTE, reason="fraudulent", claim=of)


def lost(of: Claim) -> DisputeLost:
    return DisputeLost(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        dispute_id=DISPUTE,
        disputed=of.disputed,
        exchange=of.exchange,
        amount=of.amount,
        settled=of.debit.settled,
        conversion=of.debit.conversion,
        excess=of.excess,
    )


def won(of: Claim, returned: Drawn, *, recovered: Money | None = None) -> DisputeWon:
    return DisputeWon(
        merchant_id=MERCHANT,
        dispute_id=DISPUTE,
        amount=of.amount,
        returned=returned,
        recovered=recovered or eur("0.00"),
    )


def beyond(amount: Money, borne_by: BeyondBudget) -> Excess:
    return Excess(amount=amount, settled=amount, conversion=None, borne_by=borne_by, settlement_rule="standard:2")


def settled(
    movement: MovementKind, gross: Money, cost: ProviderCost, *, true_up: Money | None = None
) -> MovementSettled:
    changed = true_up or zero(gross.currency)
    return MovementSettled(
        merchant_id=MERCHANT,
        provider=PROVIDER,
        settlement_id="set_7",
        bank="main",
        movement=movement,
        movement_id="1",
        gross=gross,
        cost=cost,
        true_up=changed,
        drawn=from_available(abs_of(changed)) if changed.minor else None,
        fee_plan="standard:3",
    )


def item(kind: ItemKind, gross: Money, cost: ProviderCost | None = None) -> SettlementItemBooked:
    return SettlementItemBooked(
        provider=PROVIDER,
        settlement_id="set_7",
        bank="main",
        kind=kind,
        reference=None,
        gross=gross,
        cost=cost or ProviderCost(),
    )


def abs_of(amount: Money) -> Money:
    return amount if amount.minor >= 0 else -amount


def released(amount: Money, *, bucket: Bucket = Bucket.PENDING, collected: Money | None = None) -> FundsReleased:
    return FundsReleased(
        merchant_id=MERCHANT,
        bucket=bucket,
        due=DUE if bucket is Bucket.PENDING else RESERVE_DUE,
        amount=amount,
        collected=collected or zero(amount.currency),
    )


CLAIM_40 = claim(eur("40.00"), DISPUTED_40)
REFUNDED_BEFORE = claim(
    eur("45.00"),
    debit(eur("45.00"), from_available(eur("45.00"))),
    excess=beyond(eur("15.00"), BeyondBudget.OWED),
)
AT_OUR_LOSS = replace(REFUNDED_BEFORE, excess=beyond(eur("15.00"), BeyondBudget.LOSSES))
IN_DOLLARS = Claim(
    disputed=usd("60.00"),
    exchange=Conversion(
        amount=usd("60.00"),
        rate="0.922339051",
        rates="ecb:14",
        as_of=datetime(2026, 11, 19, 15, tzinfo=UTC),
        value=eur("55.35"),
        mark_up=eur("0.00"),
        settled=eur("55.35"),
    ),
    amount=eur("55.35"),
    debit=debit(eur("55.35"), from_available(eur("55.35"))),
    excess=None,
)

EXAMPLES: Final[Sequence[Example]] = (
    Example(
        "Authorised",
        (
            PaymentAuthorized(
                merchant_id=MERCHANT,
                provider=PROVIDER,
                attempt_id=OPERATION,
                reference="ch_1",
                amount=eur("100.00"),
                expires_at=EXPIRES,
                window_policy="seven-days:1",
            ),
        ),
    ),
    Example(
        "Voided, or expired",
        (
            PaymentVoided(merchant_id=MERCHANT, provider=PROVIDER, void_id=OPERATION, released=eur("100.00")),
            AuthorizationExpired(merchant_id=MERCHANT, provider=PROVIDER, released=eur("100.00")),
        ),
    ),
    Example(
        "Captured",
        (captured(eur("60.00"), proceeds(eur("60.00"), eur("2.04")), released=eur("40.00")),),
    ),
    Example(
        "Captured, with a rolling reserve",
        (captured(eur("60.00"), proceeds(eur("60.00"), eur("2.04"), reserve=eur("2.90"))),),
    ),
    Example(
        "Captured in one currency, settled in another",
        (captured(usd("100.00"), proceeds(eur("91.31"), eur("2.95"), conversion=CONVERSION)),),
    ),
    Example("Released", (released(eur("57.96")),)),
    Example("Reserve released", (released(eur("2.90"), bucket=Bucket.RESERVE),)),
    Example("Released to a merchant who owes us", (released(eur("57.96"), collected=eur("20.00")),)),
    Example(
        "Refunded before the capture was released",
        (refund_started(eur("15.00"), PENDING_15), refunded(eur("15.00"), PENDING_15)),
    ),
    Example(
        "Refunded after it was released, for a fee",
        (refund_started(eur("15.00"), AVAILABLE_15), refunded(eur("15.00"), AVAILABLE_15)),
    ),
    Example("A refund that failed", (refund_started(eur("15.00"), PENDING_15), refund_failed(PENDING_15.drawn))),
    Example(
        "A refund that failed after it had succeeded",
        (
            refund_started(eur("15.00"), AVAILABLE_15),
            refunded(eur("15.00"), AVAILABLE_15),
            refund_reversed(eur("15.00"), AVAILABLE_15, from_available(eur("15.25"))),
        ),
    ),
    Example(
        "Refunded at the provider, without us",
        (refunded_without_us(eur("15.00"), eur("15.00"), BeyondBudget.OWED),),
    ),
    Example(
        "Refunded at the provider beyond what is left",
        (
            refunded_without_us(eur("60.00"), eur("45.00"), BeyondBudget.OWED),
            refunded_without_us(eur("60.00"), eur("45.00"), BeyondBudget.LOSSES),
        ),
    ),
    Example(
        "Captured at the provider, without us",
        (
            captured(eur("110.00"), proceeds(eur("110.00"), eur("3.49")), released=eur("-10.00")),
            captured(eur("60.00"), proceeds(eur("60.00"), eur("2.04")), released=eur("-60.00")),
        ),
    ),
    Example(
        "A converted payment refunded by half, at the capture's rate",
        (refund_started(usd("50.00"), HALF_BACK), refunded(usd("50.00"), HALF_BACK)),
    ),
    Example("Disputed", (opened(CLAIM_40),)),
    Example("Dispute won", (won(CLAIM_40, from_available(eur("40.00"))),)),
    Example("Dispute lost", (lost(CLAIM_40),)),
    Example(
        "Dispute won after it had been lost",
        (
            DisputeReversed(
                merchant_id=MERCHANT,
                provider=PROVIDER,
                dispute_id=DISPUTE,
                disputed=eur("40.00"),
                exchange=None,
                amount=eur("40.00"),
                settled=eur("40.00"),
                conversion=None,
                excess=None,
                returned=from_available(eur("40.00")),
                recovered=eur("0.00"),
                left=None,
            ),
        ),
    ),
    Example(
        "Disputed beyond the merchant's limit",
        (opened(claim(eur("40.00"), debit(eur("40.00"), from_owed(eur("40.00"))))),),
    ),
    Example("Charged back after it was refunded", (opened(REFUNDED_BEFORE), lost(REFUNDED_BEFORE))),
    Example(
        "The same, at our loss",
        (opened(AT_OUR_LOSS), won(AT_OUR_LOSS, from_available(eur("45.00")), recovered=eur("15.00"))),
    ),
    Example("Disputed in another currency", (opened(IN_DOLLARS), lost(IN_DOLLARS))),
    Example(
        "Less is disputed than before, or more",
        (
            DisputeReduced(
                merchant_id=MERCHANT,
                dispute_id=DISPUTE,
                claim=claim(eur("25.00"), debit(eur("25.00"), from_available(eur("25.00")))),
                returned=from_available(eur("15.00")),
                recovered=eur("0.00"),
            ),
            DisputeRaised(
                merchant_id=MERCHANT,
                dispute_id=DISPUTE,
                claim=claim(
                    eur("45.00"),
                    debit(eur("45.00"), from_available(eur("45.00"))),
                    excess=beyond(eur("5.00"), BeyondBudget.OWED),
                ),
                drawn=from_available(eur("20.00")),
                excess=eur("5.00"),
            ),
        ),
    ),
    Example(
        "The provider settled what is no movement",
        (
            item(ItemKind.FEE, eur("-25.00")),
            item(ItemKind.RESERVE, eur("-100.00")),
            item(ItemKind.ADJUSTMENT, eur("3.10"), ProviderCost(other_minor=10)),
        ),
    ),
    Example(
        "The provider settled a capture, a refund",
        (
            settled(
                MovementKind.CAPTURE,
                eur("60.00"),
                ProviderCost(interchange_minor=12, scheme_minor=2, markup_minor=6),
            ),
            settled(MovementKind.REFUND, eur("-15.00"), ProviderCost(other_minor=5)),
        ),
    ),
    Example(
        "The provider's cost was not what was estimated",
        (
            settled(
                MovementKind.CAPTURE,
                eur("60.00"),
                ProviderCost(interchange_minor=60, scheme_minor=2, markup_minor=6),
                true_up=eur("0.48"),
            ),
            settled(
                MovementKind.CAPTURE,
                eur("60.00"),
                ProviderCost(interchange_minor=2, scheme_minor=2, markup_minor=6),
                true_up=eur("-0.10"),
            ),
        ),
    ),
    Example(
        "Paid out",
        (
            PayoutCreated(
                merchant_id=MERCHANT,
                amount=eur("50.00"),
                bank_account_id=ACCOUNT,
                trigger=PayoutTrigger.REQUESTED,
                payout_rule="standard:1",
            ),
            PayoutPaid(merchant_id=MERCHANT, amount=eur("50.00"), bank="main", report_id="r1"),
        ),
    ),
    Example(
        "A payout that was canceled, or that the bank did not execute",
        (
            PayoutCanceled(merchant_id=MERCHANT, amount=eur("50.00"), reason="by the merchant"),
            PayoutFailed(merchant_id=MERCHANT, amount=eur("50.00"), code="AC04", reason="closed account"),
        ),
    ),
    Example(
        "A payout that came back",
        (
            PayoutReturned(
                merchant_id=MERCHANT, amount=eur("50.00"), bank="main", code="MS03", reason="", report_id="r2"
            ),
        ),
    ),
)


def tables(example: Example) -> Iterable[str]:
    """Each event's entry, as the page shows it."""
    for event in example.events:
        entry = entry_for(UUID(int=3), 1, event)
        assert entry is not None, f"{event} moves no money"
        lines = [f"| `{entry.cause}` | debit | credit |", "|---|---:|---:|"]
        for posting in entry.postings:
            amount = str(posting.amount)
            sides = (amount, "") if posting.side is Side.DEBIT else ("", amount)
            lot = "" if posting.due is None else f", due {_day(posting.due)}"
            lines.append(f"| `{posting.account}`{lot} | {sides[0]} | {sides[1]} |")
        yield "\n".join(lines)


def _day(due: datetime) -> date:
    """As the merchant's calendar has it: the lots of this page end at midnight, an hour before UTC's."""
    return date.fromordinal(due.date().toordinal() + 1)


if __name__ == "__main__":
    for each in EXAMPLES:
        print(f"## {each.title}\n")
        for table in tables(each):
            print(f"{table}\n")
