"""The request bodies of payments."""

from typing import Annotated

from msgspec import Meta, Struct

from domain.payment.events import CaptureMethod
from domain.payment.method import CardBrand, MethodType
from interfaces.http.server.fields import (
    CUSTOMER_ID_PATTERN,
    Amount,
    Country,
    Currency,
    IdempotencyKeyField,
    Reason,
    ReturnUrl,
)


class MethodBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`token` is the provider's token for the method; a card number is refused. `brand`, and `country`, the ISO 3166
    code of where the method was issued, help to choose the provider."""

    type: MethodType
    token: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            pattern=r"^[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+$(?!\n)",
            examples=["tok_visa"],
        ),
    ]
    brand: CardBrand | None = None
    country: Country | None = None


class CreateIntentBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    customer_id: Annotated[
        str, Meta(min_length=1, max_length=128, pattern=CUSTOMER_ID_PATTERN, examples=["customer-42"])
    ]
    amount: Amount
    currency: Currency
    payment_method: MethodBody
    capture_method: CaptureMethod = CaptureMethod.AUTOMATIC
    confirm: bool = False
    return_url: ReturnUrl | None = None
    merchant_id: str | None = None
    idempotency_key: IdempotencyKeyField | None = None


class ConfirmIntentBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    idempotency_key: IdempotencyKeyField | None = None


class CancelIntentBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    reason: Reason | None = None
    idempotency_key: IdempotencyKeyField | None = None


class CaptureBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Without `amount` all that is left is captured. `final: false` keeps the rest open for further captures, where the
    provider takes several."""

    amount: Amount | None = None
    final: bool = True
    idempotency_key: IdempotencyKeyField | None = None


class VoidBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    idempotency_key: IdempotencyKeyField | None = None


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Without `amount` all that is left is refunded."""

    amount: Amount | None = None
    reason: Reason = "requested_by_customer"
    idempotency_key: IdempotencyKeyField | None = None
