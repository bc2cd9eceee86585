"""The problems of payouts, their batches and our bank."""

from typing import Final

from application.payout.bank_port import InstructionInvalid, SchemeNotServed
from application.payout.batch import BatchNotFound
from application.payout.commands import InsufficientAvailable
from application.payout.files import FileDiffers
from application.payout.loaded import PayoutNotFound
from domain.payout.refusals import BankAccountUnusable, PayoutBelowMinimum, PayoutNotCancelable, PayoutNotHeld
from domain.payout.report import ReportContradicts
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(PayoutNotFound, 404, "payout_not_found", "No such payout", "You have no payout with this id."),
    problem(
        BatchNotFound, 404, "payout_batch_not_found", "No such batch", "There is no batch of payouts with this id."
    ),
    problem(
        PayoutNotCancelable,
        409,
        "payout_not_cancelable",
        "The payout cannot be canceled any more",
        lambda e: f"A payout that is {e.status} cannot be canceled.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        PayoutNotHeld,
        409,
        "payout_not_held",
        "The payout is not held",
        lambda e: f"A payout that is {e.status} needs no approval.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        ReportContradicts,
        409,
        "report_contradicts",
        "The bank contradicts itself",
        lambda e: f"The bank says {e.outcome} of a payout that is {e.status}.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        FileDiffers,
        409,
        "payout_file_differs",
        "The file cannot be written as it was",
        lambda e: (
            f"The batch was made for the file with SHA-256 {e.file_sha256}, which is not what would be written now. "
            "Put our own account's settings back to what they were."
        ),
    ),
    problem(
        InsufficientAvailable,
        422,
        "insufficient_available",
        "Not so much is available",
        lambda e: f"Less than {e.requested} is available to be paid out.",
        field="amount",
    ),
    problem(
        PayoutBelowMinimum,
        422,
        "payout_below_minimum",
        "Less than is paid out at a time",
        lambda e: f"{e.requested} is less than {e.minimum}, the least that is paid out at a time.",
        field="amount",
    ),
    problem(
        BankAccountUnusable,
        422,
        "bank_account_unusable",
        "The bank account was removed",
        "Nothing is paid out to a bank account that was removed.",
        field="bank_account_id",
    ),
    problem(
        SchemeNotServed,
        422,
        "scheme_not_served",
        "Our bank cannot pay this account",
        lambda e: f"{e.currency} cannot be paid to an account by {e.scheme}: {e.reason}.",
    ),
    problem(
        InstructionInvalid,
        422,
        "instruction_invalid",
        "Our bank cannot make this payment",
        lambda e: f"The payment cannot be instructed: {e.reason}.",
    ),
)
