"""A customer's action before a charge is decided is of one kind for each asynchronous payment method."""

from enum import StrEnum
from typing import assert_never

from msgspec import Struct


class Method(StrEnum):
    """The payment method of a charge.

    A card is decided at once, unless its issuer challenges; every other method waits for its customer.
    """

    CARD = "card"
    WALLET = "wallet"
    UPI_COLLECT = "upi_collect"
    BANK_TRANSFER = "bank_transfer"


class Redirect(Struct, frozen=True, tag="redirect"):
    """The customer opens `url`."""

    url: str


class Collect(Struct, frozen=True, tag="collect"):
    """The customer approves the request in the app that answers for `address`."""

    address: str


class Transfer(Struct, frozen=True, tag="transfer"):
    """The customer sends the amount to `account`, with the reference `remittance`."""

    account: str
    remittance: str


Action = Redirect | Collect | Transfer
ACCOUNT = "GB33BUKB20201555555555"
"""An example account from the IBAN registry, which belongs to nobody."""


def action(method: Method, token: str, charge_id: str, public_url: str) -> Action:
    """The action that the customer of the charge has to take; `public_url` is the address of this provider's pages."""
    match method:
        case Method.CARD | Method.WALLET:
            return Redirect(f"{public_url}/v1/charges/{charge_id}/challenge")
        case Method.UPI_COLLECT:
            return Collect(f"{token}@simulator")
        case Method.BANK_TRANSFER:
            return Transfer(ACCOUNT, charge_id)
        case _:
            assert_never(method)
