"""Commands on terms: a version is checked before it is kept, and again before it is put in force."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar, cast

from application.write.stream import StreamStore, append_decided
from domain.history import Cause, Positioned
from domain.identifiers import MerchantId
from domain.terms.documents.read import read_terms
from domain.terms.events import TermsEvent, TermsKind
from domain.terms.terms import Terms, name_of
from domain.terms.versions import TERMS, TermsVersions, activate, add, fold

Result = TypeVar("Result")


class TermsCommands:
    def __init__(self, store: StreamStore, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def check(self, kind: TermsKind, text: str) -> Terms:
        """The terms of the document `text`, without a number yet. Raises TermsInvalid."""
        return read_terms(kind, text)

    async def history(self) -> Sequence[Positioned]:
        """All events of the terms' stream. Raises StoreUnavailable."""
        return await self._store.history_after(TERMS, 0)

    async def versions(self) -> TermsVersions:
        """All versions of the terms. Raises StoreUnavailable."""
        return fold(terms_events(await self.history()))

    async def add(self, kind: TermsKind, text: str, cause: Cause) -> int:
        """The number under which the document `text` is kept; a document that was added before keeps its number.

        Raises TermsInvalid, TooManyConflicts, StoreUnavailable.
        """
        name = name_of(self.check(kind, text))
        return await self._append(lambda versions: add(versions, kind=kind, name=name, document=text), cause)

    async def activate(self, kind: TermsKind, number: int, merchant_id: MerchantId | None, cause: Cause) -> None:
        """Put version `number` in force for a merchant; for None, for all merchants without a version of their own.

        The document is checked by today's rules of writing. Raises TermsNotFound, TermsInvalid, TooManyConflicts,
        StoreUnavailable: the version that was in force then stays in force.
        """

        def decide(versions: TermsVersions) -> tuple[None, Sequence[TermsEvent]]:
            self.check(kind, versions.get(kind, number).document)
            return None, activate(versions, kind=kind, number=number, merchant_id=merchant_id)

        await self._append(decide, cause)

    async def _append(
        self, decide: Callable[[TermsVersions], tuple[Result, Sequence[TermsEvent]]], cause: Cause
    ) -> Result:
        return await append_decided(
            self._store, TERMS, lambda history: decide(fold(terms_events(history))), cause=cause, now=self._now
        )


def terms_events(history: Sequence[Positioned]) -> Sequence[TermsEvent]:
    """The events of the terms' stream."""
    return [cast("TermsEvent", positioned.event.data) for positioned in history]
