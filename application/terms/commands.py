"""Commands on terms: a version is checked before it is kept, and again before it is in force for anybody."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import cast

from application.write.stream import StreamStore, append_decided
from domain.history import Cause, Positioned
from domain.identifiers import MerchantId
from domain.terms.documents.read import read_terms
from domain.terms.events import TermsEvent, TermsKind
from domain.terms.terms import Terms, name_of
from domain.terms.versions import TERMS, TermsVersions, activate, add, fold


class TermsCommands:
    def __init__(self, store: StreamStore, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    def check(self, kind: TermsKind, text: str) -> Terms:
        """What `text` says, without a number yet. Raises TermsInvalid."""
        return read_terms(kind, text)

    async def history(self) -> Sequence[Positioned]:
        """Everything that ever happened to the terms. Raises StoreUnavailable."""
        return await self._store.history_after(TERMS, 0)

    async def versions(self) -> TermsVersions:
        """Every version there is. Raises StoreUnavailable."""
        return fold(terms_events(await self.history()))

    async def add(self, kind: TermsKind, text: str, cause: Cause) -> int:
        """Keep `text` under a number of its kind; the one it has when it was added before.

        Raises TermsInvalid, TooManyConflicts, StoreUnavailable.
        """
        name = name_of(self.check(kind, text))
        number = 0

        def decide(versions: TermsVersions) -> Sequence[TermsEvent]:
            nonlocal number
            number, events = add(versions, kind=kind, name=name, document=text)
            return events

        await self._append(decide, cause)
        return number

    async def activate(self, kind: TermsKind, number: int, merchant_id: MerchantId | None, cause: Cause) -> None:
        """From now on version `number` is in force for a merchant; for None, for all who have none of their own.

        It is checked by today's rules of writing. Whatever it raises, what was in force stays: TermsNotFound,
        TermsInvalid, TooManyConflicts, StoreUnavailable.
        """

        def decide(versions: TermsVersions) -> Sequence[TermsEvent]:
            self.check(kind, versions.get(kind, number).document)
            return activate(versions, kind=kind, number=number, merchant_id=merchant_id)

        await self._append(decide, cause)

    async def _append(self, decide: Callable[[TermsVersions], Sequence[TermsEvent]], cause: Cause) -> None:
        def decide_on(history: Sequence[Positioned]) -> Sequence[TermsEvent]:
            return decide(fold(terms_events(history)))

        await append_decided(self._store, TERMS, decide_on, cause=cause, now=self._now)


def terms_events(history: Sequence[Positioned]) -> Sequence[TermsEvent]:
    """The facts of the terms' stream."""
    return [cast("TermsEvent", positioned.event.data) for positioned in history]
