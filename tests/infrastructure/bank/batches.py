"""Batches of payments as tests send them, and a file read back without anything of ours that wrote it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID, uuid4
from xml.etree import ElementTree

from msgspec import Struct

from application.payout.bank_port import Batch, Instruction
from domain.bank_account.details import BankDetails
from domain.money.money import Money
from infrastructure.bank.debtor import debtor
from tests.domain.bank_account.accounts import GERMAN

OURS: Final = debtor("Tallystick Demo GmbH", "NL91ABNA0417164300", "ABNANL2A")
_NAMESPACE: Final = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


@cache
def _schema() -> Any:
    """Read at its first use: 0.7 s, which not every worker of the suite has to spend."""
    import xmlschema

    return xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / "pain.001.001.09.xsd"))


def instruction(**changed: Any) -> Instruction:
    """12.34 EUR to the German example, under an id of its own, with the fields in `changed` instead."""
    payout_id = uuid4()
    fields: dict[str, Any] = {
        "payout_id": payout_id,
        "end_to_end_id": payout_id.hex,
        "amount": Money(1234, "EUR"),
        "holder_name": "Müller & Söhne GmbH",
        "details": GERMAN,
        "remittance": "Payout",
    }
    return Instruction(**fields | changed)


def batch(*instructions: Instruction, **changed: Any) -> Batch:
    """A batch of them, under a message id of its own."""
    batch_id = uuid4()
    fields: dict[str, Any] = {
        "batch_id": batch_id,
        "message_id": batch_id.hex,
        "currency": instructions[0].amount.currency if instructions else "EUR",
        "execution_date": date(2026, 11, 23),
        "created_at": datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC),
        "instructions": instructions,
    }
    return Batch(**fields | changed)


def paying(amount: Money, details: BankDetails, **changed: Any) -> Batch:
    return batch(instruction(amount=amount, details=details, **changed))


FIXED: Final = Batch(
    batch_id=UUID(int=7),
    message_id="batch-7",
    currency="EUR",
    execution_date=date(2026, 11, 23),
    created_at=datetime(2026, 11, 21, 12, 0, tzinfo=UTC),
    instructions=(instruction(payout_id=UUID(int=1), end_to_end_id="payout-1"),),
)


class Transfer(Struct, frozen=True):
    end_to_end_id: str
    amount: Decimal
    currency: str
    creditor: str
    account: str
    remittance: str


class ReadFile(Struct, frozen=True):
    message_id: str
    created_at: str
    counts: Sequence[int]
    sums: Sequence[Decimal]
    execution_date: str
    debtor: tuple[str, str]
    transfers: Sequence[Transfer]


def read(content: bytes) -> ReadFile:
    """What a bank would read. Raises xmlschema.XMLSchemaValidationError where the schema admits it not."""
    root = ElementTree.fromstring(content)
    _schema().validate(root)

    def text(path: str, parent: ElementTree.Element = root) -> str:
        [found] = parent.findall(path, _NAMESPACE)
        return found.text or ""

    def transfer(node: ElementTree.Element) -> Transfer:
        [amount] = node.findall("p:Amt/p:InstdAmt", _NAMESPACE)
        [account] = [
            *node.findall("p:CdtrAcct/p:Id/p:IBAN", _NAMESPACE),
            *node.findall("p:CdtrAcct/p:Id/p:Othr/p:Id", _NAMESPACE),
        ]
        return Transfer(
            end_to_end_id=text("p:PmtId/p:EndToEndId", node),
            amount=Decimal(amount.text or ""),
            currency=amount.attrib["Ccy"],
            creditor=text("p:Cdtr/p:Nm", node),
            account=account.text or "",
            remittance=text("p:RmtInf/p:Ustrd", node),
        )

    return ReadFile(
        message_id=text(".//p:GrpHdr/p:MsgId"),
        created_at=text(".//p:GrpHdr/p:CreDtTm"),
        counts=[int(node.text or "") for node in root.findall(".//p:NbOfTxs", _NAMESPACE)],
        sums=[Decimal(node.text or "") for node in root.findall(".//p:CtrlSum", _NAMESPACE)],
        execution_date=text(".//p:ReqdExctnDt/p:Dt"),
        debtor=(text(".//p:Dbtr/p:Nm"), text(".//p:DbtrAcct/p:Id/p:IBAN")),
        transfers=[transfer(node) for node in root.findall(".//p:CdtTrfTxInf", _NAMESPACE)],
    )
