"""Only the token decides whether the operations of a charge are refused, and how they are answered."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from infrastructure.simulator.actions import Method


class Operation(StrEnum):
    CHARGE = "charge"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class Manner(StrEnum):
    """The manner of the first answer; the effect is durable before that, and a replay is answered at once."""

    AT_ONCE = "at_once"
    LATE = "late"
    NEVER = "never"
    SERVER_ERROR = "server_error"


class Later(StrEnum):
    """The party that decides an operation with a delayed decision: the customer, or only time."""

    CUSTOMER_APPROVES = "customer_approves"
    CUSTOMER_DECLINES = "customer_declines"
    CUSTOMER_WAITS = "customer_waits"
    """The charge waits until a command acts for the customer: this customer never acts without a command."""
    IN_TIME = "in_time"


class Refusal(Struct, frozen=True):
    """The reason why an operation had no effect, in the words of the API's error object."""

    code: str
    message: str


REFUND_FAILED: Final = Refusal("refund_failed", "The customer's bank sent the refund back.")
"""The reason for the later failure of a refund that had succeeded."""


class ScriptedBehaviour(Struct, frozen=True, kw_only=True):
    """The result of one operation; `later` is None for an immediate decision."""

    refusal: Refusal | None = None
    manner: Manner = Manner.AT_ONCE
    later: Later | None = None


def _declined(code: str, message: str) -> dict[Operation, ScriptedBehaviour]:
    return {Operation.CHARGE: ScriptedBehaviour(refusal=Refusal(code, message))}


def _waiting(later: Later) -> dict[Operation, ScriptedBehaviour]:
    return {Operation.CHARGE: ScriptedBehaviour(later=later)}


SUCCESS: Final = ScriptedBehaviour()
TRY_AGAIN_LATER: Final = Refusal("try_again_later", "The issuer asks to try again later.")
APPROVING: Final = ("tok_visa", "tok_mastercard", "tok_amex")
CARDS: Final[dict[str, dict[Operation, ScriptedBehaviour]]] = {
    **{token: {} for token in APPROVING},
    "tok_declined": _declined("card_declined", "The card was declined."),
    "tok_insufficient_funds": _declined("insufficient_funds", "The card has insufficient funds."),
    "tok_try_again": _declined(TRY_AGAIN_LATER.code, TRY_AGAIN_LATER.message),
    "tok_do_not_honor": _declined("do_not_honor", "The issuer declined without a reason."),
    "tok_issuer_unavailable": _declined("issuer_unavailable", "The issuer could not be reached."),
    "tok_expired_card": _declined("expired_card", "The card has expired."),
    "tok_fraud": _declined("fraud_suspected", "The charge looks fraudulent."),
    "tok_error_5xx": {
        Operation.CHARGE: ScriptedBehaviour(
            refusal=Refusal("processing_error", "The charge could not be processed; no money was taken."),
            manner=Manner.SERVER_ERROR,
        ),
    },
    "tok_slow": {Operation.CHARGE: ScriptedBehaviour(manner=Manner.LATE)},
    "tok_timeout": {Operation.CHARGE: ScriptedBehaviour(manner=Manner.NEVER)},
    "tok_capture_timeout": {Operation.CAPTURE: ScriptedBehaviour(manner=Manner.NEVER)},
    "tok_refund_timeout": {Operation.REFUND: ScriptedBehaviour(manner=Manner.NEVER)},
    "tok_pending_capture": {Operation.CAPTURE: ScriptedBehaviour(later=Later.IN_TIME)},
    "tok_capture_declined": {
        Operation.CAPTURE: ScriptedBehaviour(refusal=Refusal("capture_declined", "The issuer declined the capture.")),
    },
    "tok_refund_declined": {
        Operation.REFUND: ScriptedBehaviour(refusal=Refusal("refund_declined", "The issuer declined the refund.")),
    },
    "tok_dispute": {},
    "tok_inquiry": {},
    "tok_3ds": _waiting(Later.CUSTOMER_WAITS),
    "tok_3ds_approves": _waiting(Later.CUSTOMER_APPROVES),
    "tok_3ds_declines": _waiting(Later.CUSTOMER_DECLINES),
}


def _of_customers(prefix: str) -> dict[str, dict[Operation, ScriptedBehaviour]]:
    return {
        f"{prefix}_approves": _waiting(Later.CUSTOMER_APPROVES),
        f"{prefix}_declines": _waiting(Later.CUSTOMER_DECLINES),
        f"{prefix}_waits": _waiting(Later.CUSTOMER_WAITS),
    }


SCRIPTED_BEHAVIOURS: Final[dict[Method, dict[str, dict[Operation, ScriptedBehaviour]]]] = {
    Method.CARD: CARDS,
    Method.WALLET: _of_customers("wallet"),
    Method.UPI_COLLECT: _of_customers("upi"),
    Method.BANK_TRANSFER: _of_customers("bank"),
}
UNKNOWN_TOKEN: Final = ScriptedBehaviour(refusal=Refusal("invalid_token", "No such token of this method."))


def charge_behaviour(method: Method, token: str) -> ScriptedBehaviour:
    """The result of a charge with `token`; a token that the method does not have is refused."""
    of_token = SCRIPTED_BEHAVIOURS[method].get(token)
    return UNKNOWN_TOKEN if of_token is None else of_token.get(Operation.CHARGE, SUCCESS)


def movement_behaviour(token: str, operation: Operation) -> ScriptedBehaviour:
    """The result of `operation` on a charge with `token`; only operations on cards can fail."""
    return CARDS.get(token, {}).get(operation, SUCCESS)
