"""An APS response code has two digits for the status of the operation and three for the reason."""

# Source: APS's documentation, "Error Codes" (statuses and messages). The connector relies on these statuses:
#
# | status | means | | status | means |
# |---|---|---|---|---|
# | 00 | invalid request | | 08 | authorisation voided |
# | 02 | authorised | | 09 | void failed |
# | 03 | authorisation failed | | 11 | status query failed |
# | 04 | captured | | 12 | status query answered |
# | 05 | capture failed | | 13 | purchase failed |
# | 06 | refunded | | 14 | purchased |
# | 07 | refund failed | | 20 | on hold; 20064 waits for 3-D Secure |
#
# Every other status (10 incomplete, 15 uncertain, 19 pending, 40 in review, …) is not final: the outcome is Unknown.

from enum import StrEnum
from typing import Final

from domain.payment.outcome import DECLINE_CODE_OTHER


class Status(StrEnum):
    INVALID_REQUEST = "00"
    AUTHORIZED = "02"
    AUTHORIZATION_FAILED = "03"
    CAPTURED = "04"
    CAPTURE_FAILED = "05"
    REFUNDED = "06"
    REFUND_FAILED = "07"
    VOIDED = "08"
    VOID_FAILED = "09"
    QUERY_FAILED = "11"
    QUERY_ANSWERED = "12"
    PURCHASE_FAILED = "13"
    PURCHASED = "14"


SUCCESS: Final = "000"
ORDER_NOT_FOUND: Final = "036"
REDIRECTED: Final = "20064"
"""On hold: a 3-D Secure check was requested, at the address in `3ds_url`."""

FAILED: Final = frozenset(
    {
        Status.AUTHORIZATION_FAILED,
        Status.CAPTURE_FAILED,
        Status.REFUND_FAILED,
        Status.VOID_FAILED,
        Status.PURCHASE_FAILED,
    }
)

DUPLICATE: Final = frozenset(
    {
        "007",  # duplicate order number
        "047",  # order already processed
        "066",  # merchant reference already exists
    }
)
"""APS already has a request with our reference; this is our own request, because references are ids of operations."""

UNDECIDED: Final = frozenset(
    {
        "064",  # 3-D Secure check requested
        "065",  # transaction waiting for customer's action
        "090",  # transaction in review
        "777",  # processed, but failed to receive confirmation
        "784",  # transaction still processing
    }
)
"""Messages that may accompany a failed status although the operation has not failed."""

TECHNICAL: Final = frozenset(
    {
        "006",  # technical problem
        "051",  # technical error
        "054",  # cannot be processed at this moment
        "071",  # failed to initiate connection
        "074",  # transaction failed
        "075",  # transaction failed
        "099",  # failed to execute service
        "778",  # session timed out
    }
)
"""Messages that mean a failure if the status is a failed one.

An invalid request with such a message may have been processed further.
"""

OURS: Final = frozenset(
    {
        "001",  # missing parameter
        "002",  # invalid parameter format
        "003",  # payment option not available for this merchant's account
        "004",  # invalid command
        "005",  # invalid amount
        "008",  # signature mismatch
        "009",  # invalid merchant identifier
        "010",  # invalid access code
        "013",  # invalid currency
        "014",  # inactive payment option
        "015",  # inactive merchant account
        "023",  # currency not accepted by acquirer
        "024",  # currency not accepted by processor
        "027",  # invalid extra parameters
        "032",  # invalid parameter length
        "033",  # parameter value not allowed
        "034",  # operation not allowed
        ORDER_NOT_FOUND,
        "037",  # missing return URL
        "042",  # operation amount exceeds the authorized amount
        "043",  # inactive operation
        "048",  # operation amount exceeds captured amount
        "049",  # operation not valid for this payment option
        "097",  # operation not allowed for service
        "110",  # contradicting parameters
        "662",  # operation not allowed: the order is not confirmed yet
    }
)
"""Messages that refuse the request itself, whatever the status: the fault is ours, and no issuer was asked."""

REASONS: Final = {
    "006": "processing_error",
    "012": "expired_card",
    "016": "card_declined",  # invalid card number
    "017": "not_permitted",  # operation not allowed by the acquirer
    "018": "not_permitted",  # operation not allowed by processor
    "019": "issuer_unavailable",  # inactive acquirer
    "020": "issuer_unavailable",  # processor is inactive
    "029": "insufficient_funds",
    "030": "authentication_failed",
    "044": "invalid_token",  # token name does not exist
    "050": "limit_exceeded",  # merchant per transaction limit
    "051": "processing_error",
    "054": "try_again_later",
    "057": "limit_exceeded",  # daily transaction limit
    "058": "limit_exceeded",  # per transaction limit
    "071": "issuer_unavailable",  # failed to initiate connection
    "074": "processing_error",
    "075": "processing_error",
    "079": "fraud_suspected",  # challenged by fraud rules
    "099": "processing_error",
    "100": "expired_card",  # invalid expiry date
    "123": "blocked",  # maximum number of attempts
    "666": "card_declined",  # transaction declined
    "778": "try_again_later",
    "785": "fraud_suspected",  # blocked by fraud check
    "787": "authentication_failed",
}
"""The normalised reasons by message; a message that is missing here is a decline without a more precise reason."""

_DECLINED: Final = "666"
_DECLINED_AT: Final = {Status.CAPTURE_FAILED: "capture_declined", Status.REFUND_FAILED: "refund_declined"}


def reason(status: str, message: str) -> str:
    """The normalised reason of a failure: one of DECLINE_CODES."""
    if message == _DECLINED:
        for failed, code in _DECLINED_AT.items():
            if failed == status:
                return code
    return REASONS.get(message, DECLINE_CODE_OTHER)
