"""An APS response code of this dialect is a status of two digits and a message of three."""

from typing import Final

from infrastructure.simulator.tokens import Operation, Refusal

INVALID_REQUEST: Final = "00"
QUERY_FAILED: Final = "11"
QUERY_SUCCESS: Final = "12"
SUCCESS: Final = "000"

SUCCEEDED: Final = {
    "AUTHORIZATION": "02",
    "PURCHASE": "14",
    "CAPTURE": "04",
    "VOID_AUTHORIZATION": "08",
    "REFUND": "06",
}
FAILED: Final = {
    "AUTHORIZATION": "03",
    "PURCHASE": "13",
    "CAPTURE": "05",
    "VOID_AUTHORIZATION": "09",
    "REFUND": "07",
}
MESSAGES: Final = {
    "000": "Success",
    "001": "Missing parameter",
    "002": "Invalid parameter format",
    "004": "Invalid command",
    "005": "Invalid amount",
    "006": "Technical problem",
    "008": "Signature mismatch",
    "009": "Invalid merchant identifier",
    "010": "Invalid access code",
    "012": "Card expired",
    "013": "Invalid currency",
    "029": "Insufficient funds",
    "030": "Authentication failed",
    "034": "Operation not allowed",
    "036": "Order not found",
    "042": "Operation amount exceeds the authorized amount",
    "044": "Token name does not exist",
    "048": "Operation amount exceeds captured amount",
    "054": "Transaction cannot be processed at this moment",
    "058": "Transaction amount exceeds the per transaction limit",
    "066": "Merchant reference already exists",
    "071": "Failed to initiate connection",
    "073": "Invalid request format",
    "662": "Operation not allowed. The specified order is not confirmed yet",
    "666": "Transaction declined",
    "785": "Transaction blocked by fraud check",
}
DECLINED: Final = "666"
REFUSALS: Final = {
    "authentication_failed": "030",
    "capture_exceeds_authorized": "042",
    "charge_not_found": "036",
    "expired_card": "012",
    "fraud_suspected": "785",
    "insufficient_funds": "029",
    "invalid_token": "044",
    "issuer_unavailable": "071",
    "limit_exceeded": "058",
    "nothing_to_void": "034",
    "processing_error": "006",
    "refund_exceeds_captured": "048",
    "try_again_later": "054",
}
"""The APS message for each refusal code of the simulator; every other refusal is a decline."""
CHALLENGED: Final = {
    "status": "20",
    "response_code": "20064",
    "response_message": "3-D Secure check requested",
}
PENDING: Final = {"status": "19", "response_code": "19000", "response_message": "Transaction pending"}


def message_of(refusal: Refusal | None) -> str:
    return SUCCESS if refusal is None else REFUSALS.get(refusal.code, DECLINED)


def command_of(operation: Operation, *, taken_at_once: bool) -> str:
    """The APS command of `operation`: a charge with immediate capture is a purchase."""
    match operation:
        case Operation.CHARGE:
            return "PURCHASE" if taken_at_once else "AUTHORIZATION"
        case Operation.CAPTURE:
            return "CAPTURE"
        case Operation.VOID:
            return "VOID_AUTHORIZATION"
        case Operation.REFUND:
            return "REFUND"


def outcome(command: str, message: str) -> dict[str, str]:
    """The parameters that state the result of `command`."""
    return response((SUCCEEDED if message == SUCCESS else FAILED)[command], message)


def response(status: str, message: str) -> dict[str, str]:
    return {"status": status, "response_code": status + message, "response_message": MESSAGES[message]}
