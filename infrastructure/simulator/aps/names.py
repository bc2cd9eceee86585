"""An order and its operations have names: APS's order number, and the keys in the simulator's books."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

from infrastructure.simulator.books import Books, StoredOperation

FORT_ID_FIRST: Final = 10**17
_OF_ORDER: Final = "\n"
"""A separator that no parameter contains, so that the key of an order never equals the key of an operation."""


def fort_id(merchant_reference: str) -> str:
    """APS's own number of an order, 18 digits, derived from the merchant's reference and therefore not stored."""
    digest = hashlib.sha256(merchant_reference.encode()).digest()
    return str(FORT_ID_FIRST + int.from_bytes(digest[:8]) % (9 * FORT_ID_FIRST))


def new_key(books: Books, merchant_reference: str, name: str) -> str:
    """A new key for one more operation of an order, whatever name the merchant gives.

    The merchant's name does not prevent a repetition.
    """
    name = name or uuid4().hex
    return _key(merchant_reference, name, sum(1 for _ in performed(books, merchant_reference, name)))


def performed(books: Books, merchant_reference: str, name: str) -> Iterator[StoredOperation]:
    """The order's operations that the merchant called `name`, in order."""
    for repetition in itertools.count():
        stored = books.operation(_key(merchant_reference, name, repetition))
        if stored is None:
            return
        yield stored


def names_in(key: str) -> tuple[str, str]:
    """The order's merchant_reference, and the merchant's name for the operation, empty for the order itself."""
    merchant_reference, *rest = key.split(_OF_ORDER)
    return merchant_reference, rest[0] if rest else ""


def _key(merchant_reference: str, name: str, repetition: int) -> str:
    return _OF_ORDER.join((merchant_reference, name, str(repetition)))
