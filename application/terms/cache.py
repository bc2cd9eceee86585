"""The terms in force for each merchant, kept in memory and read again in the background."""

import logging
from typing import Final

from msgspec.structs import replace

from application.terms.commands import terms_events
from application.work.background_cache import Refreshing
from application.work.wakeups import Wakeups
from application.write.stream import StreamStore
from domain.identifiers import MerchantId
from domain.terms.documents.document import TermsInvalid
from domain.terms.documents.read import terms_as_added
from domain.terms.events import TermsActivated, TermsKind
from domain.terms.fee_plan import FeePlan
from domain.terms.terms import DEFAULT_TERMS, MerchantTerms, Terms
from domain.terms.versions import TERMS, TermsVersions, fold

REFRESH_EVERY_S: Final = 1.0
MERCHANTS_KEPT_MAX: Final = 10_000

log = logging.getLogger(__name__)


class TermsBook:
    """The terms of one process. While the store cannot be read, the last terms read stay in use."""

    def __init__(self, store: StreamStore, wakeups: Wakeups | None = None) -> None:
        """`wakeups` tell that the store has grown."""
        self._store = store
        self._versions = TermsVersions()
        self._in_force: dict[tuple[TermsKind, MerchantId | None], Terms] = {}
        self._read: dict[tuple[TermsKind, int], Terms | None] = {}
        self._of_merchant: dict[MerchantId, MerchantTerms] = {}
        """Put together already, of at most MERCHANTS_KEPT_MAX merchants: a payment asks four times."""
        self._seen = 0
        self._refreshing = Refreshing(self.refresh, name="terms", every_s=REFRESH_EVERY_S, wakeups=wakeups)

    async def start(self) -> None:
        """Read the terms once before the first payment, and within a second of each change from then on.

        While the store is away at the start, the default terms are followed.
        """
        await self._refreshing.start()

    async def aclose(self) -> None:
        await self._refreshing.aclose()

    def of(self, merchant_id: MerchantId) -> MerchantTerms:
        """The terms in force for a merchant: of each kind the merchant's own, else everybody's, else the default."""
        known = self._of_merchant.get(merchant_id)
        if known is None:
            agreed = {kind: self._agreed(kind, merchant_id) for kind in TermsKind}
            known = replace(DEFAULT_TERMS, **{kind.value: terms for kind, terms in agreed.items() if terms is not None})
            if len(self._of_merchant) >= MERCHANTS_KEPT_MAX:
                self._of_merchant.clear()
            self._of_merchant[merchant_id] = known
        return known

    def fee_plan(self, version: str) -> FeePlan | None:
        """The fee plan of that version; None where there is none, or none that can be read."""
        if version == DEFAULT_TERMS.fees.version:
            return DEFAULT_TERMS.fees
        number = version.rpartition(":")[2]
        added = self._versions.added.get(TermsKind.FEES, ())
        if not number.isdecimal() or not 1 <= int(number) <= len(added):
            return None
        plan = self._terms(TermsKind.FEES, int(number))
        return plan if isinstance(plan, FeePlan) and plan.version == version else None

    async def refresh(self) -> None:
        """Read the new events. Raises StoreUnavailable."""
        news = await self._store.history_after(TERMS, self._seen)
        if not news:
            return
        events = terms_events(news)
        self._versions = fold(events, onto=self._versions)
        self._seen += len(news)
        for event in events:
            if isinstance(event, TermsActivated):
                self._follow(event)

    def _agreed(self, kind: TermsKind, merchant_id: MerchantId) -> Terms | None:
        return self._in_force.get((kind, merchant_id), self._in_force.get((kind, None)))

    def _follow(self, activated: TermsActivated) -> None:
        """Put activated terms in force. Every activation is followed in order, so that an unreadable document leaves
        the same terms in force in every process."""
        terms = self._terms(activated.kind, activated.number)
        if terms is not None:
            self._in_force[activated.kind, activated.merchant_id] = terms
            self._of_merchant.clear()

    def _terms(self, kind: TermsKind, number: int) -> Terms | None:
        if (kind, number) not in self._read:
            try:
                self._read[kind, number] = terms_as_added(kind, self._versions.get(kind, number).document, number)
            except TermsInvalid as error:
                # Only a release that reads documents otherwise gets here.
                log.error("terms_unreadable", extra={"kind": kind.value, "number": number, "error": str(error)})
                self._read[kind, number] = None
        return self._read[kind, number]
