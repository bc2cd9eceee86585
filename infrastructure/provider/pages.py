"""A provider's list is read to its end, page by page, or is no list."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from msgspec import Raw, Struct

from application.provider.listing import ListingFailed
from domain.payment.outcome import Unknown
from infrastructure.provider.http import Answer
from infrastructure.provider.reading import UNDECODABLE
from infrastructure.provider.text import readable

PAGES_MAX: Final = 100_000
TRIES_MAX: Final = 6
FIRST_PAUSE_S: Final = 0.2
PAUSE_S_MAX: Final = 30.0
"""The longest pause before a page is asked for again; providers' rate limits reset within a minute or so."""


class _Named(Struct, frozen=True):
    id: str


class Page(Struct, frozen=True):
    """The raw entries of a page, and the cursor behind which the next page begins; None on the last."""

    entries: Sequence[Raw]
    next: str | None


Look = Callable[[str | None], Awaitable[Answer | Unknown]]
"""Asks for the page behind a cursor, the first one where that is None."""
Read = Callable[[bytes], Page]
"""Reads a page. Raises what `decode` raises."""


async def entries(look: Look, read: Read) -> AsyncIterator[Raw]:
    """Every entry of the list. A page that does not come, or cannot be read, is asked for again, ever more slowly.

    Raises ListingFailed.
    """
    cursor: str | None = None
    seen: set[str] = set()
    for _ in range(PAGES_MAX):
        page = await _page(look, read, cursor)
        for entry in page.entries:
            yield entry
        if page.next is None:
            return
        if page.next in seen:
            raise ListingFailed(f"its pages go round in a circle, at {page.next}")
        seen.add(page.next)
        cursor = page.next
    raise ListingFailed(f"it has more than {PAGES_MAX:,} pages")


async def _page(look: Look, read: Read, cursor: str | None) -> Page:
    """Raises ListingFailed."""
    pause_s, reason = FIRST_PAUSE_S, ""
    for tried in range(TRIES_MAX):
        if tried:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 3, PAUSE_S_MAX)
        answer = await look(cursor)
        if isinstance(answer, Unknown):
            reason = answer.reason
            continue
        if answer.http_status != HTTPStatus.OK:
            reason = f"HTTP status {answer.http_status}"
            if answer.http_status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.http_status not in _PASSES:
                break
            continue
        try:
            return read(answer.body)
        except (*UNDECODABLE, msgspec.MsgspecError):
            reason = "a page that cannot be read"
    raise ListingFailed(reason)


_PASSES: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""The statuses of failures that pass."""


def name_of_entry(entry: bytes) -> str:
    """The name of an entry that cannot be read, made of its id and its contents: the id may be another entry's."""
    digest = hashlib.sha256(entry).hexdigest()[:12]
    try:
        return f"{readable(msgspec.json.decode(entry, type=_Named).id)} ({digest})"
    except UNDECODABLE:
        return f"an entry without a name ({digest})"
