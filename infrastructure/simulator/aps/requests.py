"""A request is checked before any effect: its parameters, their formats, the account and the signature."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from infrastructure.simulator.aps.account import Account, is_signed
from infrastructure.simulator.reading import UNDECODABLE

_ACCOUNT: Final = ("access_code", "merchant_identifier", "language", "signature")
_MONEY: Final = ("amount", "currency")
REQUIRED: Final = {
    "AUTHORIZATION": ("merchant_reference", "customer_email", "token_name", *_MONEY),
    "PURCHASE": ("merchant_reference", "customer_email", "token_name", *_MONEY),
    "CAPTURE": ("merchant_reference", *_MONEY),
    "VOID_AUTHORIZATION": ("merchant_reference",),
    "REFUND": ("merchant_reference", *_MONEY),
    "CHECK_STATUS": ("merchant_reference",),
}
"""The required parameters of each command.

APS accepts a fort_id instead of a merchant_reference too; this dialect requires the parameters that APS's tables call
mandatory.
"""
FORMATS: Final = {
    "merchant_reference": re.compile(r"[A-Za-z0-9._-]{1,40}"),
    "maintenance_reference": re.compile(r"[A-Za-z0-9._-]{1,200}"),
    "order_description": re.compile(r"[A-Za-z0-9'/._\-#:$ ]{1,150}"),
    "merchant_extra": re.compile(r"[A-Za-z0-9.;/_\-,'@ ]{1,250}"),
    "fort_id": re.compile(r"[0-9]{1,20}"),
    "language": re.compile(r"en|ar"),
    "customer_email": re.compile(r"[A-Za-z0-9_\-.@+]{1,254}"),
    "return_url": re.compile(r"https?://[!-~]{1,392}"),
    "token_name": re.compile(r"[A-Za-z0-9.@_-]{1,100}"),
}
_AMOUNT: Final = re.compile(r"[0-9]{1,10}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def read(body: bytes) -> dict[str, str] | None:
    """The parameters of a request; None where the body is no flat JSON object."""
    try:
        return {name: str(value) for name, value in msgspec.json.decode(body, type=dict[str, str | int]).items()}
    except UNDECODABLE:
        return None


def command_in(parameters: Mapping[str, str]) -> str:
    """The command of a request; a query has a parameter of its own for the command."""
    return parameters.get("command") or parameters.get("query_command", "")


def fault(parameters: Mapping[str, str], account: Account) -> str | None:
    """The message code of the first fault in a request; None when the request may be carried out."""
    required = REQUIRED.get(command_in(parameters))
    if required is None:
        return "004"
    if any(not parameters.get(name) for name in (*required, *_ACCOUNT)):
        return "001"
    if parameters["merchant_identifier"] != account.merchant_identifier:
        return "009"
    if parameters["access_code"] != account.access_code:
        return "010"
    if not is_signed(parameters, account.request_phrase):
        return "008"
    if any(name in parameters and not format.fullmatch(parameters[name]) for name, format in FORMATS.items()):
        return "002"
    if "amount" in required and (not _AMOUNT.fullmatch(parameters["amount"]) or int(parameters["amount"]) == 0):
        return "005"
    if "currency" in required and not _CURRENCY.fullmatch(parameters["currency"]):
        return "013"
    return None
