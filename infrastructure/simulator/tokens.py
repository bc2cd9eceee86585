"""What each card token makes happen: a token alone decides whether its operations are refused, and how they answer."""

from enum import StrEnum
from typing import Final

from msgspec import Struct


class Operation(StrEnum):
    CHARGE = "charge"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Manner(StrEnum):
    """How the first answer leaves the provider; its effect is durable by then, and a replay answers at once."""

    AT_ONCE = "at_once"
    LATE = "late"
    NEVER = "never"
    SERVER_ERROR = "server_error"


class Refusal(Struct, frozen=True):
    """Why an operation took no effect, in the words of the API's error object."""

    code: str
    message: str


class Fate(Struct, frozen=True, kw_only=True):
    """What becomes of one operation."""

    refusal: Refusal | None = None
    manner: Manner = Manner.AT_ONCE


SUCCESS: Final = Fate()
APPROVING: Final = ("tok_visa", "tok_mastercard", "tok_amex")
FATES: Final[dict[str, dict[Operation, Fate]]] = {
    **{token: {} for token in APPROVING},
    "tok_declined": {
        Operation.CHARGE: Fate(refusal=Refusal("card_declined", "The card was declined.")),
    },
    "tok_insufficient_funds": {
        Operation.CHARGE: Fate(refusal=Refusal("insufficient_funds", "The card has insufficient funds.")),
    },
    "tok_error_5xx": {
        Operation.CHARGE: Fate(
            refusal=Refusal("processing_error", "The charge could not be processed; no money was taken."),
            manner=Manner.SERVER_ERROR,
        ),
    },
    "tok_slow": {Operation.CHARGE: Fate(manner=Manner.LATE)},
    "tok_timeout": {Operation.CHARGE: Fate(manner=Manner.NEVER)},
    "tok_capture_timeout": {Operation.CAPTURE: Fate(manner=Manner.NEVER)},
    "tok_refund_timeout": {Operation.REFUND: Fate(manner=Manner.NEVER)},
    "tok_capture_declined": {
        Operation.CAPTURE: Fate(refusal=Refusal("capture_declined", "The issuer declined the capture.")),
    },
    "tok_refund_declined": {
        Operation.REFUND: Fate(refusal=Refusal("refund_declined", "The issuer declined the refund.")),
    },
}
UNKNOWN_TOKEN: Final = Fate(refusal=Refusal("invalid_token", "No such card token."))


def fate(token: str, operation: Operation) -> Fate:
    """What `operation` on a charge of `token` comes to; an unknown token refuses every charge."""
    of_token = FATES.get(token)
    return UNKNOWN_TOKEN if of_token is None else of_token.get(operation, SUCCESS)
