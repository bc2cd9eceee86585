"""Keys of operators, who may act, and of auditors, who may only read."""

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
    """A key that is in force, with the name of its holder and the holder's role."""

    key_id: str
    name: str
    role: Role


class OperatorKeys(Protocol):
    """The store of operators' keys. Every method raises StoreUnavailable."""

    async def find_operator(self, digest: bytes) -> KnownOperator | None:
        """The holder of the key with that digest; None where there is none, or the key is revoked."""
        ...

    async def add_operator_key(self, key: KnownOperator, digest: bytes) -> None: ...

    async def revoke_operator_key(self, key_id: str) -> None:
        """Raises KeyNotFound."""
        ...


async def create_operator_key(keys: OperatorKeys, name: str, role: Role, new_id: Callable[[str], str]) -> NewKey:
    """Make a key (`opk_…`) for the operator or auditor `name`."""
    key = NewKey(key_id=new_id("opk"), secret=KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES))
    await keys.add_operator_key(KnownOperator(key.key_id, name, role), digest(key.secret))
    return key
