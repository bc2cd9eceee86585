"""What every connector reads alike: which bytes from outside cannot be read, and which names in them are ours."""

from typing import Final
from uuid import UUID

import msgspec

from domain.identifiers import OperationId

UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises for bytes from outside: broken JSON or another shape, broken UTF-8, endless nesting."""


def our_operation(name: str) -> OperationId | None:
    """The operation of ours that `name` names; None where somebody else worked on the account."""
    try:
        return OperationId(UUID(name))
    except ValueError:
        return None
