"""Operators and auditors, and the keys by which they are known: an operator may act, an auditor may only look."""

import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct

from application.access.merchant import NewKey, digest

KEY_PREFIX: Final = "tso_"
_KEY_BYTES: Final = 32


class Role(StrEnum):
    OPERATOR = "operator"
    AUDITOR = "auditor"


class KnownOperator(Struct, frozen=True):
    """A key that is in force, whose it is, and what it may do."""

    key_id: str
    name: str
    role: Role


class OperatorKeys(Protocol):
    """Where they are kept. Every method raises StoreUnavailable when that does not answer."""

    async def find_operator(self, digest: bytes) -> KnownOperator | None:
        """Whose key has that digest, unless it is revoked."""
        ...

    async def add_operator_key(self, key: KnownOperator, digest: bytes) -> None: ...

    async def revoke_operator_key(self, key_id: str) -> None:
        """Raises KeyNotFound."""
        ...


async def create_operator_key(keys: OperatorKeys, name: str, role: Role, new_id: Callable[[str], str]) -> NewKey:
    """Make a key (`opk_…`) for whoever is called `name`."""
    key = NewKey(key_id=new_id("opk"), secret=KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES))
    await keys.add_operator_key(KnownOperator(key.key_id, name, role), digest(key.secret))
    return key
