"""The dialect of this provider has these request and answer bodies, with amounts in minor units."""

from typing import Annotated, ClassVar

from msgspec import Meta, Raw, Struct

from infrastructure.simulator.actions import Action, Method
from infrastructure.simulator.tokens import Operation, Refusal

Amount = Annotated[int, Meta(ge=1, le=2**53)]
Text = Annotated[str, Meta(min_length=1, max_length=255)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
ReturnUrl = Annotated[str, Meta(pattern="^https?://[!-~]+$", max_length=2048)]


class ChargeBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Reserve `amount` on the method of `token`; `capture` takes the amount at once.

    `return_url` is the address to which our page sends the customer afterwards.
    """

    operation: ClassVar = Operation.CHARGE
    reference: Text
    amount: Amount
    currency: Currency
    token: Text
    capture: bool
    method: Method = Method.CARD
    return_url: ReturnUrl | None = None


class CaptureBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Capture `amount` of the reserved amount; `final` releases the rest."""

    operation: ClassVar = Operation.CAPTURE
    amount: Amount
    final: bool


class VoidBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Release everything that a charge still reserves, or cancel a charge that still waits for its customer."""

    operation: ClassVar = Operation.VOID


class RefundBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Refund `amount` of the captured amount."""

    operation: ClassVar = Operation.REFUND
    amount: Amount


MovementBody = CaptureBody | VoidBody | RefundBody
Body = ChargeBody | MovementBody


class CustomerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The decision of a charge's customer."""

    approves: bool


class ChargeAnswer(Struct, frozen=True, omit_defaults=True):
    """A charge; `operation_key` is the idempotency key of the request that created it.

    `action` is the action that the customer has to take first; `status` is then `requires_action`.
    """

    id: str
    status: str
    reference: str
    currency: str
    authorized: int
    captured: int
    action: Action | None = None
    operation_key: str = ""


class MovementAnswer(Struct, frozen=True):
    """A capture, void or refund of `amount`, and the charge's status after it; `accepted` means not done yet.

    `operation_key` is the idempotency key of the request.
    """

    id: str
    charge: str
    amount: int
    currency: str
    status: str
    operation_key: str = ""


class ErrorAnswer(Struct, frozen=True):
    error: Refusal


class OperationAnswer(Struct, frozen=True):
    """The result of an operation: its answer as decided, even if the answer never arrived."""

    operation: str
    http_status: int
    answer: Raw


class BooksLine(Struct, frozen=True):
    """One charge in the books, created under the idempotency key `key`.

    `charges_of_reference` counts the charges with the same reference that took or reserved money: above one, a customer
    paid twice. `charged_back` is the amount that banks have taken back in lost disputes.
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
    """A page of the books; `next_after` is the cursor of the next page, None on the last."""

    charges: list[BooksLine]
    next_after: int | None
