"""How a customer pays: a method's kind and the provider's token for it, never the card itself."""

from enum import StrEnum

from msgspec import Struct


class MethodType(StrEnum):
    CARD = "card"


class PaymentMethod(Struct, frozen=True):
    """A tokenized method; `token` is opaque to the core (`tok_visa` at the simulator)."""

    type: MethodType
    token: str
