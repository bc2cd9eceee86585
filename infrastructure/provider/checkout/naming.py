"""Every operation has a name at Checkout.com, so that its records there are found by the id of the operation."""

# The reference is the operation's id in 26 letters and digits: Checkout.com allows 80 characters, but 30 for American
# Express, and a UUID in its usual form has 36.

import base64
from collections.abc import Mapping
from enum import StrEnum
from typing import Final
from uuid import UUID

from application.provider.port import AuthorizeRequest, CaptureRequest, ProviderRequest, RefundRequest, VoidRequest
from domain.identifiers import OperationId
from domain.payment.events import OperationKind

UUID_PADDING: Final = "======"
"""The padding that base32 adds to 16 bytes; a reference omits the padding."""


class Named(StrEnum):
    """The kind of operation in the metadata; CHARGE is an attempt with immediate capture.

    A notification of a capture may show the metadata of its payment. Without the kind, the id of the attempt could then
    be mistaken for the id of the capture.
    """

    AUTHORIZE = "authorize"
    CHARGE = "charge"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


SPOKEN_OF: Final = {
    OperationKind.AUTHORIZE: (Named.AUTHORIZE, Named.CHARGE),
    OperationKind.CAPTURE: (Named.CAPTURE, Named.CHARGE),
    OperationKind.VOID: (Named.VOID,),
    OperationKind.REFUND: (Named.REFUND,),
}
"""For each kind of notification, the operations that its metadata may name."""


def reference(operation_id: OperationId) -> str:
    return base64.b32encode(operation_id.bytes).decode().removesuffix(UUID_PADDING)


def named(text: str) -> str:
    """The id of the operation that a reference names; `text` itself where the reference is none of ours."""
    try:
        return str(UUID(bytes=base64.b32decode(text + UUID_PADDING)))
    except ValueError:
        return text


def metadata(request: ProviderRequest) -> dict[str, str]:
    return {
        "payment_id": str(request.payment_id),
        "operation_id": str(request.operation_id),
        "operation": _named(request),
    }


def operation_id(about: OperationKind, told: Mapping[str, object], named: str | None) -> OperationId | None:
    """The operation of a notification about `about`, from the metadata `told` or else from the reference `named`.

    None where the notification names no operation, or an operation of another kind.
    """
    kind, its_id = told.get("operation"), told.get("operation_id")
    if kind is not None and kind not in SPOKEN_OF[about]:
        return None
    try:
        if isinstance(its_id, str):
            return OperationId(UUID(its_id))
        if named is not None:
            return OperationId(UUID(bytes=base64.b32decode(named + UUID_PADDING)))
    except ValueError:
        return None
    return None


def _named(request: ProviderRequest) -> Named:
    match request:
        case AuthorizeRequest(capture=capture):
            return Named.CHARGE if capture else Named.AUTHORIZE
        case CaptureRequest():
            return Named.CAPTURE
        case VoidRequest():
            return Named.VOID
        case RefundRequest():
            return Named.REFUND
