"""Every connector reads bytes the same way: some are undecodable, and some of the names in them are ours."""

from typing import Final, TypeVar
from uuid import UUID

import msgspec

from domain.document.json_members import repeated_member
from domain.identifiers import OperationId, PaymentId

UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that `decode` raises for bytes from outside: broken JSON or another shape, a member that is there twice, broken
UTF-8, endless nesting. What a connector finds unreadable in what was decoded is a msgspec.ValidationError too."""

T = TypeVar("T")


def decode(body: bytes, kind: type[T]) -> T:
    """The JSON text `body` as that kind of thing. Raises UNDECODABLE."""
    said = msgspec.json.decode(body, type=kind)
    try:
        repeated = repeated_member(body)
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from error
    if repeated is not None:
        raise msgspec.DecodeError(f"the member {repeated!r} is there twice in one object")
    return said


def our_payment(name: str) -> PaymentId | None:
    """Our payment that `name` names; None where another system worked on the account."""
    try:
        return PaymentId(UUID(name))
    except ValueError:
        return None


def our_operation(name: str) -> OperationId | None:
    """Our operation that `name` names; None where another system worked on the account."""
    try:
        return OperationId(UUID(name))
    except ValueError:
        return None
