"""What is taken of a payment beyond its money-back budget: a bank or provider does not ask what was refunded before."""

from domain.fx.rates import convert_up, quote_of
from domain.money.money import Money
from domain.payment.proceeds import Excess
from domain.payment.state import CapturedFunds
from domain.terms.settlement import SettlementRule


def excess_of(amount: Money, taken: CapturedFunds, rule: SettlementRule) -> Excess | None:
    """The part of `amount`, in the payment's currency, that is more than `taken` has left; None where there is none.
    Where the payment was converted, so is the excess, at the rate of its first capture."""
    beyond = amount - min(amount, taken.refundable)
    return None if beyond.minor == 0 else excess(beyond, taken, rule)


def excess(beyond: Money, taken: CapturedFunds, rule: SettlementRule) -> Excess:
    """All of `beyond`, in the payment's currency, as the terms have it borne."""
    at = taken.captures[0].proceeds.conversion
    conversion = None if at is None else convert_up(beyond, quote_of(at))
    return Excess(
        amount=beyond,
        settled=beyond if conversion is None else conversion.settled,
        conversion=conversion,
        borne_by=rule.beyond_budget,
        settlement_rule=rule.version,
    )
