"""A batch outside SEPA as a pain.001 document: an account without an IBAN goes under `Othr`, its bank by clearing code.

ISO 20022's external code lists name each clearing system: USABA, INFSC, GBDSC.
"""

from typing import assert_never
from xml.etree.ElementTree import Element, SubElement

from application.payout.bank_port import Batch, Instruction
from domain.bank_account.details import BankDetails, GbSortCode, Iban, InIfsc, UsAch, number_of
from domain.money.money import Money
from infrastructure.bank.debtor import Debtor


def credit_transfers(batch: Batch, debtor: Debtor, spelt: dict[str, tuple[str, str]]) -> Element:
    """The document, elements in the order that the schema wants; `spelt` has each instruction's name and remittance by
    its end-to-end id."""
    document = Element("Document")
    initiation = SubElement(document, "CstmrCdtTrfInitn")
    count, total = str(len(batch.instructions)), decimal_text(Money(_total_minor(batch), batch.currency))
    header = SubElement(initiation, "GrpHdr")
    for tag, text in (("MsgId", ""), ("CreDtTm", ""), ("NbOfTxs", count), ("CtrlSum", total)):
        _text(header, tag, text)
    _text(header, "InitgPty/Nm", debtor.name)
    payment = SubElement(initiation, "PmtInf")
    for tag, text in (("PmtInfId", ""), ("PmtMtd", "TRF"), ("BtchBookg", "true"), ("NbOfTxs", count)):
        _text(payment, tag, text)
    _text(payment, "CtrlSum", total)
    _text(payment, "PmtTpInf/SvcLvl/Cd", "NURG")
    _text(payment, "ReqdExctnDt/Dt", batch.execution_date.isoformat())
    _text(payment, "Dbtr/Nm", debtor.name)
    account = SubElement(payment, "DbtrAcct")
    _text(account, "Id/IBAN", debtor.iban)
    _text(account, "Ccy", batch.currency)
    _text(payment, "DbtrAgt/FinInstnId/BICFI", debtor.bic)
    _text(payment, "ChrgBr", "SHAR")
    for instruction in batch.instructions:
        _add_transfer(payment, instruction, *spelt[instruction.end_to_end_id])
    return document


def decimal_text(amount: Money) -> str:
    """`2500.00`"""
    return str(amount).partition(" ")[0]


def _add_transfer(payment: Element, instruction: Instruction, holder_name: str, remittance: str) -> None:
    transfer = SubElement(payment, "CdtTrfTxInf")
    _text(transfer, "PmtId/EndToEndId", instruction.end_to_end_id)
    amount = _text(transfer, "Amt/InstdAmt", decimal_text(instruction.amount))
    amount.set("Ccy", instruction.amount.currency)
    _add_agent(transfer, instruction.details)
    _text(transfer, "Cdtr/Nm", holder_name)
    _add_account(transfer, instruction.details)
    _text(transfer, "RmtInf/Ustrd", remittance)


def _add_agent(transfer: Element, details: BankDetails) -> None:
    match details:
        case Iban(bic=None):
            pass  # the bank finds the other by the IBAN
        case Iban(bic=bic):
            _text(transfer, "CdtrAgt/FinInstnId/BICFI", str(bic))
        case UsAch(routing_number=routing_number):
            _add_member(transfer, "USABA", routing_number)
        case InIfsc(ifsc=ifsc):
            _add_member(transfer, "INFSC", ifsc)
        case GbSortCode(sort_code=sort_code):
            _add_member(transfer, "GBDSC", sort_code)
        case _:
            assert_never(details)


def _add_member(transfer: Element, system: str, member: str) -> None:
    clearing = SubElement(SubElement(SubElement(transfer, "CdtrAgt"), "FinInstnId"), "ClrSysMmbId")
    _text(clearing, "ClrSysId/Cd", system)
    _text(clearing, "MmbId", member)


def _add_account(transfer: Element, details: BankDetails) -> None:
    account = SubElement(transfer, "CdtrAcct")
    if isinstance(details, Iban):
        _text(account, "Id/IBAN", details.iban)
        return
    other = SubElement(SubElement(account, "Id"), "Othr")
    _text(other, "Id", number_of(details))
    _text(other, "SchmeNm/Cd", "BBAN")
    if isinstance(details, UsAch):
        # An ACH credit says which kind of account it goes to: a merchant's is a checking account.
        _text(account, "Tp/Cd", "CACC")


def _text(parent: Element, path: str, text: str) -> Element:
    """A new element at the end of each step of `path`, the last with `text`."""
    element = parent
    for tag in path.split("/"):
        element = SubElement(element, tag)
    element.text = text
    return element


def _total_minor(batch: Batch) -> int:
    return sum(instruction.amount.minor for instruction in batch.instructions)
