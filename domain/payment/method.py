"""A payment method is its kind and the provider's token, never the card itself."""

from enum import StrEnum

from msgspec import Struct


class MethodType(StrEnum):
    """A card answers at once; the others wait for the customer, and the provider tells later what came of it."""

    CARD = "card"
    WALLET = "wallet"
    UPI_COLLECT = "upi_collect"
    BANK_TRANSFER = "bank_transfer"


class CardBrand(StrEnum):
    VISA = "visa"
    MASTERCARD = "mastercard"
    AMEX = "amex"
    DISCOVER = "discover"
    JCB = "jcb"
    DINERS = "diners"
    UNIONPAY = "unionpay"
    RUPAY = "rupay"
    MADA = "mada"


class PaymentMethod(Struct, frozen=True, omit_defaults=True):
    """A tokenized method; `token` is opaque to the core (`tok_visa` at the simulator).

    `country` is the ISO 3166 code of where the method was issued. Both it and `brand` are None where the merchant did
    not say. Both are hints, for routing alone: what a payment costs its merchant never depends on what it says.
    """

    type: MethodType
    token: str
    brand: CardBrand | None = None
    country: str | None = None
