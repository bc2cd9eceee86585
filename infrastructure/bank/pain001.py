"""A batch as a pain.001 file: valid by its schema, with right sums, and the same bytes at every writing."""

import re
from datetime import UTC
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from sepaxml import SepaTransfer  # type: ignore[import-untyped]

from application.payout.bank_port import ID_PATTERN, INSTRUCTIONS_MAX, Batch, Instruction, InstructionInvalid
from domain.bank_account.details import Iban
from domain.bank_account.sepa_text import HOLDER_NAME_MAX, sepa_remittance, sepa_text
from infrastructure.bank.credit_transfer import credit_transfers
from infrastructure.bank.debtor import Debtor
from infrastructure.bank.schema import NAMESPACE, SCHEMA, fault_of
from infrastructure.bank.served import SEPA_CURRENCY, no_account, payment_fault

NO_REMITTANCE: Final = "Payout"
"""Said where nothing that was said can be spelt: the schema wants something there."""
_ID: Final = re.compile(ID_PATTERN)
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

Spelt = dict[str, tuple[str, str]]
"""An instruction's holder name and remittance in the characters of a file, by its end-to-end id."""


def payment_file(batch: Batch, debtor: Debtor) -> bytes:
    """The file that has `batch` paid from the account of `debtor`. Raises SchemeNotServed, InstructionInvalid."""
    spelt = _spelt(batch)
    debtor = _paying(batch, debtor)
    if batch.currency == SEPA_CURRENCY:
        document = _sepa_document(batch, debtor, spelt)
    else:
        document = credit_transfers(batch, debtor, spelt)
    document.set("xmlns", NAMESPACE)
    _name(document, batch)
    content = (_DECLARATION + ElementTree.tostring(document, encoding="unicode") + "\n").encode()
    fault = fault_of(content)
    if fault is not None:
        raise InstructionInvalid(end_to_end_id="", reason=f"the file would not be valid: {fault}")
    return content


def _paying(batch: Batch, debtor: Debtor) -> Debtor:
    """With our account in the batch's currency. Raises SchemeNotServed."""
    paying = debtor.paying_in(batch.currency)
    if paying is None:
        raise no_account(batch.currency, batch.instructions[0].details)
    return paying


def _sepa_document(batch: Batch, debtor: Debtor, spelt: Spelt) -> Element:
    """The document that sepaxml writes, without its own namespaces: the batch names the namespace once more."""
    account = {"name": debtor.name, "IBAN": debtor.iban, "BIC": debtor.bic, "batch": True, "currency": batch.currency}
    transfer = SepaTransfer(account, schema=SCHEMA, clean=False)
    for instruction in batch.instructions:
        assert isinstance(instruction.details, Iban), "payment_fault lets nothing else through"
        holder_name, remittance = spelt[instruction.end_to_end_id]
        payment = {
            "name": holder_name,
            "IBAN": instruction.details.iban,
            "amount": instruction.amount.minor,
            "execution_date": batch.execution_date,
            "description": remittance,
            "endtoend_id": instruction.end_to_end_id,
        }
        if instruction.details.bic is not None:
            payment["BIC"] = instruction.details.bic
        transfer.add_payment(payment)
    document = ElementTree.fromstring(transfer.export(validate=False))  # noqa: S314 - we wrote it ourselves
    for element in document.iter():
        element.tag = element.tag.rpartition("}")[2]
    return document


def _name(document: Element, batch: Batch) -> None:
    """Put the batch's ids and time in the place of those that sepaxml draws: a file is the same at every writing."""
    created_at = batch.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # A file has one block of payments, which may well bear the name of the file.
    for path, text in (
        ("CstmrCdtTrfInitn/GrpHdr/MsgId", batch.message_id),
        ("CstmrCdtTrfInitn/GrpHdr/CreDtTm", created_at),
        ("CstmrCdtTrfInitn/PmtInf/PmtInfId", batch.message_id),
    ):
        element = document.find(path)
        assert element is not None, path
        element.text = text


def _spelt(batch: Batch) -> Spelt:
    """Raises SchemeNotServed, InstructionInvalid."""
    if not 1 <= len(batch.instructions) <= INSTRUCTIONS_MAX:
        raise InstructionInvalid(end_to_end_id="", reason=f"a batch has 1 to {INSTRUCTIONS_MAX} instructions")
    if not _ID.fullmatch(batch.message_id):
        raise InstructionInvalid(end_to_end_id="", reason=f"{batch.message_id!r} cannot name a message")
    spelt: Spelt = {}
    for instruction in batch.instructions:
        if instruction.end_to_end_id in spelt:
            raise InstructionInvalid(end_to_end_id=instruction.end_to_end_id, reason="its end-to-end id comes twice")
        spelt[instruction.end_to_end_id] = _spelt_one(batch, instruction)
    return spelt


def _spelt_one(batch: Batch, instruction: Instruction) -> tuple[str, str]:
    name = instruction.end_to_end_id
    if not _ID.fullmatch(name):
        raise InstructionInvalid(end_to_end_id=name, reason=f"{name!r} cannot name an instruction")
    if instruction.amount.currency != batch.currency:
        raise InstructionInvalid(end_to_end_id=name, reason=f"it is not in {batch.currency}")
    match payment_fault(instruction.amount, instruction.details):
        case InstructionInvalid(reason=reason):
            raise InstructionInvalid(end_to_end_id=name, reason=reason)
        case None:
            pass
        case not_served:
            raise not_served
    holder_name = sepa_text(instruction.holder_name)
    if not holder_name or len(holder_name) > HOLDER_NAME_MAX:
        raise InstructionInvalid(end_to_end_id=name, reason="the holder's name cannot be spelt in a file")
    return holder_name, sepa_remittance(instruction.remittance) or NO_REMITTANCE
