"""The problems of disputes and their evidence."""

from typing import Final

from application.dispute.commands import AnswerAtProvider
from application.dispute.loaded import DisputeNotFound
from domain.dispute.refusals import (
    DisputeClosed,
    DisputeDeadlinePassed,
    EvidenceEmpty,
    EvidenceMissing,
    EvidenceNotFound,
    EvidenceTooLarge,
    EvidenceTypeDiffers,
    EvidenceTypeRefused,
    InquiryMovedNoMoney,
    NotEscalated,
    RulingContradicts,
    TooMuchEvidence,
)
from domain.payment.dispute import DisputeDiffers, ReversedBefore
from interfaces.resources.problems.problem import problem

PROBLEMS: Final = (
    problem(DisputeNotFound, 404, "dispute_not_found", "No such dispute", "There is no such dispute."),
    problem(
        EvidenceNotFound,
        404,
        "evidence_not_found",
        "No such evidence",
        lambda e: f"The dispute has no evidence named {e.name!r}.",
    ),
    problem(
        DisputeClosed,
        409,
        "dispute_closed",
        "The dispute's status does not allow it",
        lambda e: f"You cannot {e.verb} a dispute that is {e.status}.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        DisputeDeadlinePassed,
        409,
        "dispute_deadline_passed",
        "The time to answer is over",
        lambda e: f"The dispute had to be answered by {e.respond_by.isoformat()}.",
    ),
    problem(
        InquiryMovedNoMoney,
        409,
        "inquiry_moved_no_money",
        "An inquiry has moved no money",
        "There is nothing to accept yet. Refund the payment, if the customer is right.",
    ),
    problem(
        AnswerAtProvider,
        409,
        "answer_at_provider",
        "It has to be answered at the provider",
        lambda e: (
            f"Nothing can be handed in at {e.provider} from here: answer there, and the dispute here will follow."
        ),
    ),
    problem(
        RulingContradicts,
        409,
        "ruling_contradicts",
        "The bank has ruled otherwise",
        lambda e: f"The dispute is {e.status}, and cannot be {e.result} any more.",
        facts=lambda e: {"current_status": e.status},
    ),
    problem(
        DisputeDiffers,
        409,
        "dispute_differs",
        "Another dispute of that name is on record",
        lambda e: f"The dispute {e.dispute_id} is on record with another {e.what}: {e.ours}, not {e.theirs}.",
    ),
    problem(
        ReversedBefore,
        409,
        "reversed_before",
        "Some of the chargeback has come back before",
        lambda e: f"Some of the chargeback {e.dispute_id} has come back before, and only once can be booked by itself.",
    ),
    problem(
        NotEscalated,
        409,
        "not_escalated",
        "An inquiry cannot be lost",
        "The dispute is an inquiry so far, which has moved no money: it has to become a chargeback first.",
    ),
    problem(
        EvidenceTooLarge,
        413,
        "evidence_too_large",
        "The evidence is too large",
        lambda e: f"A piece of evidence can have up to {e.bytes_max} bytes.",
    ),
    problem(
        EvidenceTypeRefused,
        415,
        "evidence_type_refused",
        "Evidence of this type is not taken",
        lambda e: f"{e.media_type or 'A file without a Content-Type'!r} is none of {', '.join(e.types)}.",
    ),
    problem(
        EvidenceTypeDiffers,
        415,
        "evidence_type_differs",
        "The evidence is of another type than declared",
        lambda e: (
            f"The file was sent as {e.declared}, and its bytes are {' and '.join(e.found) or 'of no known type'}."
        ),
    ),
    problem(EvidenceEmpty, 422, "evidence_empty", "The evidence is empty", "The file has not a single byte."),
    problem(
        TooMuchEvidence,
        422,
        "too_much_evidence",
        "There is too much evidence",
        lambda e: f"A dispute takes {e.files_max} pieces of evidence. Take one back first.",
    ),
    problem(
        EvidenceMissing,
        422,
        "evidence_missing",
        "There is nothing to hand in",
        "The dispute has no evidence. Add some, or accept the dispute.",
    ),
)
