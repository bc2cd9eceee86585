"""A merchant's key is shown once, kept as a digest, and can be revoked."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import MerchantId

_KEY_PREFIX = "tsk_"
_KEY_BYTES = 32


class MerchantNotFound(DomainError):
    merchant_id: str


class KeyNotFound(DomainError):
    """There is no such key, or the key was revoked before."""

    key_id: str


class KnownKey(Struct, frozen=True):
    """A key that is in force, with its merchant."""

    key_id: str
    merchant_id: MerchantId


class NewKey(Struct, frozen=True):
    """`secret` is the text that the merchant sends with each request; no other value ever holds the secret."""

    key_id: str
    secret: str


class Keys(Protocol):
    """The look-up of keys that each request makes. Raises StoreUnavailable."""

    async def find_key(self, digest: bytes) -> KnownKey | None:
        """The key with that digest; None where there is none, or the key is revoked."""
        ...


class Directory(Keys, Protocol):
    """The store of merchants and keys. Every method raises StoreUnavailable."""

    async def add_merchant(self, merchant_id: MerchantId, name: str) -> None: ...

    async def require_merchant(self, merchant_id: MerchantId) -> None:
        """Raises MerchantNotFound."""
        ...

    async def add_key(self, key_id: str, merchant_id: MerchantId, digest: bytes) -> None:
        """Raises MerchantNotFound."""
        ...

    async def revoke_key(self, key_id: str) -> None:
        """Raises KeyNotFound."""
        ...


async def create_merchant(directory: Directory, name: str, new_id: Callable[[str], str]) -> MerchantId:
    """Register a merchant under a new id (`mer_…`)."""
    merchant_id = MerchantId(new_id("mer"))
    await directory.add_merchant(merchant_id, name)
    return merchant_id


async def create_key(directory: Directory, merchant_id: MerchantId, new_id: Callable[[str], str]) -> NewKey:
    """Make a key for a merchant. Raises MerchantNotFound."""
    key = NewKey(key_id=new_id("key"), secret=_KEY_PREFIX + secrets.token_urlsafe(_KEY_BYTES))
    await directory.add_key(key.key_id, merchant_id, digest(key.secret))
    return key


def digest(secret: str) -> bytes:
    """The digest under which a key is kept. One round is enough: 256 random bits cannot be guessed, however fast the
    guesses."""
    return hashlib.sha256(secret.encode()).digest()
