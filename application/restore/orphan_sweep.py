"""Charges found at providers after a restore are brought into the books once the retry of their request has come."""

import logging
from collections.abc import Callable
from uuid import UUID

from application.payment.orphans import OrphanRegister
from application.restore.explanation import Adopted, Explanations, Known
from application.write.worker import worker_cause
from domain.errors import described

log = logging.getLogger(__name__)


class OrphanSweep:
    """Any number of workers may run this at once. Raises StoreUnavailable."""

    def __init__(self, *, orphans: OrphanRegister, explanations: Explanations, new_id: Callable[[], UUID]) -> None:
        self._orphans = orphans
        self._explanations = explanations
        self._new_id = new_id

    async def sweep(self) -> int:
        """Adopt the charges whose payments are here by now; the number of those that remain to be explained."""
        remaining = 0
        for orphan in await self._orphans.with_payment():
            cause = worker_cause("orphans", self._new_id, about=f"orphan:{orphan.provider}:{orphan.name}")
            try:
                verdict = await self._explanations.adopt(orphan.provider, orphan.fact, cause)
            except Exception as error:  # One that fails must not hold the others up.
                log.exception("orphan_failed", extra={"entry": orphan.name, "error": described(error)})
                remaining += 1
                continue
            if isinstance(verdict, Adopted | Known):
                how = verdict.what if isinstance(verdict, Adopted) else verdict.why
                await self._orphans.explained(orphan.provider, [orphan.name], how)
                log.info("orphan_explained", extra={"provider": orphan.provider, "entry": orphan.name, "how": how})
            else:
                remaining += 1
        return remaining
