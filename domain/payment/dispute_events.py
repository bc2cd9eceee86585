"""The events of a payment's disputes. A released name is never edited: a change is a new version."""

from domain.event import Event
from domain.fx.conversion import Conversion
from domain.identifiers import DisputeId, MerchantId, ProviderName
from domain.money.money import Money
from domain.payment.proceeds import Claim, Drawn, Excess


class DisputeOpened(Event, frozen=True, kw_only=True, tag="payment.dispute_opened.v3"):
    """The bank's whole claim: what the payment's budget carries of it is frozen, what is beyond it is borne at once."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    reason: str
    claim: Claim


class DisputeRaised(Event, frozen=True, kw_only=True, tag="payment.dispute_raised.v1"):
    """The bank disputes more than before: `claim` is all of it from now on. Of the merchant `drawn` was taken more, and
    `excess`, in the same currency, is more beyond the budget."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    claim: Claim
    drawn: Drawn
    excess: Money


class DisputeReduced(Event, frozen=True, kw_only=True, tag="payment.dispute_reduced.v1"):
    """The bank disputes less than before: `claim` is what is left. `returned` went back to the merchant, `recovered` is
    what was to be our loss and is none."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    claim: Claim
    returned: Drawn
    recovered: Money


class DisputeWon(Event, frozen=True, kw_only=True, tag="payment.dispute_won.v3"):
    """`returned` went back to the merchant, `recovered` is what was to be our loss and is none."""

    merchant_id: MerchantId
    dispute_id: DisputeId
    amount: Money
    returned: Drawn
    recovered: Money


class DisputeLost(Event, frozen=True, kw_only=True, tag="payment.dispute_lost.v3"):
    """The provider keeps `disputed`. `amount` of the payment's budget is gone, `settled` what the merchant was debited
    for it."""

    merchant_id: MerchantId
    provider: ProviderName
    dispute_id: DisputeId
    disputed: Money
    exchange: Conversion | None
    amount: Money
    settled: Money
    conversion: Conversion | None
    excess: Excess | None


class DisputeReversed(Event, frozen=True, kw_only=True, tag="payment.dispute_reversed.v2"):
    """Won after it had been lost: the provider gives `disputed` back. `left` is what stays lost; None where that is
    nothing. `amount`, `settled` and `excess` are those of what comes back."""

    merchant_id: MerchantId
    provider: ProviderName
    dispute_id: DisputeId
    disputed: Money
    exchange: Conversion | None
    amount: Money
    settled: Money
    conversion: Conversion | None
    excess: Excess | None
    returned: Drawn
    recovered: Money
    left: Claim | None
