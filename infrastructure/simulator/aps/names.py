"""What names an order and an operation of it: APS's order number, and the keys they have in the simulator's books."""

import hashlib
import itertools
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

from infrastructure.simulator.books import Books, StoredOperation

FORT_ID_FIRST: Final = 10**17
_OF_ORDER: Final = "\n"
"""Stands in no parameter, so that an order's key never looks like an operation's."""


def fort_id(merchant_reference: str) -> str:
    """APS's own number for an order, 18 digits. It needs no keeping: it follows from the merchant's."""
    digest = hashlib.sha256(merchant_reference.encode()).digest()
    return str(FORT_ID_FIRST + int.from_bytes(digest[:8]) % (9 * FORT_ID_FIRST))


def new_key(books: Books, merchant_reference: str, name: str) -> str:
    """A key of its own for one more operation of an order: what the merchant calls it keeps it from no repetition."""
    name = name or uuid4().hex
    return _key(merchant_reference, name, sum(1 for _ in performed(books, merchant_reference, name)))


def performed(books: Books, merchant_reference: str, name: str) -> Iterator[StoredOperation]:
    """The order's operations that the merchant called `name`, from the first on."""
    for repetition in itertools.count():
        stored = books.operation(_key(merchant_reference, name, repetition))
        if stored is None:
            return
        yield stored


def names_in(key: str) -> tuple[str, str]:
    """The order's merchant_reference, and what the merchant calls the operation: nothing for the order itself."""
    merchant_reference, *rest = key.split(_OF_ORDER)
    return merchant_reference, rest[0] if rest else ""


def _key(merchant_reference: str, name: str, repetition: int) -> str:
    return _OF_ORDER.join((merchant_reference, name, str(repetition)))
