"""A bank or provider may take more of a payment than its money-back budget; the excess is borne as the terms say."""

from domain.fx.rates import convert_up, quote_of
from domain.money.money import Money
from domain.payment.proceeds import Excess
from domain.payment.state import CapturedFunds
from domain.terms.settlement import SettlementRule


def excess_of(amount: Money, taken: CapturedFunds, rule: SettlementRule) -> Excess | None:
    """The part of `amount`, in the payment's currency, that is more than `taken` has left; None where there is none.
    The excess of a converted payment is converted at the rate of the first capture."""
    beyond = amount - min(amount, taken.refundable)
    return None if beyond.minor == 0 else excess(beyond, taken, rule)


def excess(beyond: Money, taken: CapturedFunds, rule: SettlementRule) -> Excess:
    """The whole of `beyond`, in the payment's currency, as an excess that is borne by `rule`."""
    at = taken.captures[0].proceeds.conversion
    conversion = None if at is None else convert_up(beyond, quote_of(at))
    return Excess(
        amount=beyond,
        settled=beyond if conversion is None else conversion.settled,
        conversion=conversion,
        borne_by=rule.beyond_budget,
        settlement_rule=rule.version,
    )
