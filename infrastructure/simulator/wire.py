"""The dialect of this provider: the bodies it takes and gives, amounts in minor units."""

from typing import Annotated, ClassVar

from msgspec import Meta, Raw, Struct

from infrastructure.simulator.actions import Action, Method
from infrastructure.simulator.tokens import Operation, Refusal

Amount = Annotated[int, Meta(ge=1, le=2**53)]
Text = Annotated[str, Meta(min_length=1, max_length=255)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
ReturnUrl = Annotated[str, Meta(pattern="^https?://[!-~]+$", max_length=2048)]


class ChargeBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Reserve `amount` on the method of `token`; `capture` takes it at once.

    `return_url` is where a page of ours sends the customer afterwards."""

    operation: ClassVar = Operation.CHARGE
    reference: Text
    amount: Amount
    currency: Currency
    token: Text
    capture: bool
    method: Method = Method.CARD
    return_url: ReturnUrl | None = None


class CaptureBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Take `amount` of what a charge reserves; `final` releases the rest."""

    operation: ClassVar = Operation.CAPTURE
    amount: Amount
    final: bool


class VoidBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Give up everything that a charge still reserves, or a charge that still waits for its customer."""

    operation: ClassVar = Operation.VOID


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Give back `amount` of what a charge took."""

    operation: ClassVar = Operation.REFUND
    amount: Amount


MovementBody = CaptureBody | VoidBody | RefundBody
Body = ChargeBody | MovementBody


class CustomerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the customer of a charge decides."""

    approves: bool


class ChargeAnswer(Struct, frozen=True, omit_defaults=True):
    """`action` is what the customer has to do first; `status` is then `requires_action`. `operation_key` is the
    idempotency key of the request that made the charge."""

    id: str
    status: str
    reference: str
    currency: str
    authorized: int
    captured: int
    action: Action | None = None
    operation_key: str = ""


class MovementAnswer(Struct, frozen=True):
    """A capture, void or refund of `amount` under the idempotency key `operation_key`, and the charge's status after
    it; `accepted` is not done yet."""

    id: str
    charge: str
    amount: int
    currency: str
    status: str
    operation_key: str = ""


class ErrorAnswer(Struct, frozen=True):
    error: Refusal


class OperationAnswer(Struct, frozen=True):
    """What became of an operation: its answer as decided, whether or not it ever arrived."""

    operation: str
    http_status: int
    answer: Raw


class BooksLine(Struct, frozen=True):
    """One charge in the books, made under the idempotency key `key`.

    `charges_of_reference` counts those of its reference that took or reserved money: above one, somebody paid twice.
    `charged_back` is what banks have taken back by disputes that were lost.
    """

    id: str
    reference: str
    key: str
    status: str
    currency: str
    token: str
    authorized: int
    captured: int
    refunded: int
    voided: int
    released: int
    charges_of_reference: int
    charged_back: int


class BooksPage(Struct, frozen=True):
    """`next_after` is the cursor of the next page, None on the last."""

    charges: list[BooksLine]
    next_after: int | None
