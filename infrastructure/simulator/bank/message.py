"""The bank checks a payment file against the schema first, then against the rules that the schema cannot state."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from msgspec import Struct

SCHEMA: Final = "pain.001.001.09"
_PREFIX: Final = f"{{urn:iso:std:iso:20022:tech:xsd:{SCHEMA}}}"


class FileRefused(Exception):
    """The bank accepts no payment of the file; the text gives the reason."""


class Payment(Struct, frozen=True):
    """One payment of a file; `amount` is the text in the file (`12.30`), `account` an IBAN or another number."""

    end_to_end_id: str
    amount: str
    currency: str
    creditor: str
    account: str


class Message(Struct, frozen=True):
    id: str
    payments: Sequence[Payment]


def read_message(content: bytes) -> Message:
    """The message in a payment file. Raises FileRefused."""
    root = _root_of(content)
    fault = _fault_in()(root)
    if fault is not None:
        raise FileRefused(fault)
    message = Message(
        _text(root, "CstmrCdtTrfInitn", "GrpHdr", "MsgId"),
        [_payment(transfer) for transfer in root.iter(f"{_PREFIX}CdtTrfTxInf")],
    )
    _require_sums(root, message)
    return message


def _root_of(content: bytes) -> Element:
    if b"<!DOCTYPE" in content:
        raise FileRefused("a document type declaration has no place in a payment file")
    try:
        return ElementTree.fromstring(content)  # noqa: S314 - nothing can be declared in it
    except (ElementTree.ParseError, ValueError) as error:
        raise FileRefused(f"not well-formed: {error}") from error


@cache
def _fault_in() -> Callable[[Element], str | None]:
    # Not at the top: the import and the schema take a second, and most simulators never receive a file.
    import xmlschema

    schema = xmlschema.XMLSchema10(str(files("sepaxml") / "schemas" / f"{SCHEMA}.xsd"))

    def fault_in(root: Element) -> str | None:
        fault = next(iter(schema.iter_errors(root)), None)
        return None if fault is None else f"{fault.path}: {fault.reason}"

    return fault_in


def _payment(transfer: Element) -> Payment:
    amount = transfer.find(_path("Amt", "InstdAmt"))
    if amount is None:
        raise FileRefused("this bank takes instructed amounts only")
    if Decimal(amount.text or "0") <= 0:
        raise FileRefused("an amount is not above zero")
    iban = transfer.find(_path("CdtrAcct", "Id", "IBAN"))
    return Payment(
        end_to_end_id=_text(transfer, "PmtId", "EndToEndId"),
        amount=amount.text or "",
        currency=amount.get("Ccy", ""),
        creditor=_text(transfer, "Cdtr", "Nm"),
        account=_text(transfer, "CdtrAcct", "Id", "Othr", "Id") if iban is None else iban.text or "",
    )


def _require_sums(root: Element, message: Message) -> None:
    header = root.find(_path("CstmrCdtTrfInitn", "GrpHdr"))
    assert header is not None
    count, total = len(message.payments), sum(Decimal(payment.amount) for payment in message.payments)
    if int(_text(header, "NbOfTxs")) != count:
        raise FileRefused(f"NbOfTxs is not {count}, the number of payments")
    control = header.find(_path("CtrlSum"))
    if control is not None and Decimal(control.text or "0") != total:
        raise FileRefused(f"CtrlSum is not {total}, the sum of the payments")


def _text(parent: Element, *tags: str) -> str:
    found = parent.find(_path(*tags))
    if found is None or not found.text:
        raise FileRefused(f"{'/'.join(tags)} is missing")
    return found.text


def _path(*tags: str) -> str:
    return "/".join(f"{_PREFIX}{tag}" for tag in tags)
