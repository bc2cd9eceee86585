"""Accounting: the days that were handed over to an accounting system."""

from application.accounting.synced_days import SyncedDays
from infrastructure.postgres.funds.accounting_days import PostgresSyncedDays
from interfaces.composition.capability import Capability
from interfaces.composition.shared import Shared


class AccountingParts(Capability, frozen=True, kw_only=True):
    synced_days: SyncedDays


def wire(shared: Shared) -> AccountingParts:
    return AccountingParts(synced_days=PostgresSyncedDays(shared.pool))
