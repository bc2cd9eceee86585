"""A payment is created with fixed terms, before any provider is asked."""

from msgspec import Struct

from domain.card_data import percent_decoded, require_no_card_number
from domain.countries import require_country
from domain.identifiers import CustomerId, MerchantId
from domain.money.currencies import require_current
from domain.money.money import Money, require_payable
from domain.payment.events import CaptureMethod, PaymentCreated
from domain.payment.method import PaymentMethod


class CreatePayment(Struct, frozen=True, kw_only=True):
    merchant_id: MerchantId
    customer_id: CustomerId
    amount: Money
    method: PaymentMethod
    capture_method: CaptureMethod
    return_url: str | None = None


def create(command: CreatePayment) -> PaymentCreated:
    """The first event of a payment. Raises UnknownCurrency, AmountOutOfRange, UnknownCountry or CardDataRefused."""
    require_current(command.amount.currency)
    require_payable(command.amount)
    require_no_card_number("customer_id", command.customer_id)
    require_no_card_number("payment_method.token", command.method.token)
    if command.method.country is not None:
        require_country("payment_method.country", command.method.country)
    if command.return_url is not None:
        require_no_card_number("return_url", percent_decoded(command.return_url))
    return PaymentCreated(
        merchant_id=command.merchant_id,
        customer_id=command.customer_id,
        amount=command.amount,
        method=command.method,
        capture_method=command.capture_method,
        return_url=command.return_url,
    )
