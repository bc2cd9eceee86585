"""Every read model there is, by name."""

from typing import Any

from projections.account_blocks import ACCOUNT_BLOCKS
from projections.audit_timeline import AUDIT_TIMELINE
from projections.bank_accounts import BANK_ACCOUNTS
from projections.connector_health import CONNECTOR_HEALTH
from projections.dead_letters import DEAD_LETTERS
from projections.disputes import DISPUTES
from projections.journal_clock import JOURNAL_CLOCK
from projections.journal_lines import JOURNAL_LINES
from projections.merchant_balances import MERCHANT_BALANCES
from projections.payment_status import PAYMENT_STATUS
from projections.payout_batches import PAYOUT_BATCHES
from projections.payouts import PAYOUTS
from projections.provider_operations import PROVIDER_OPERATIONS
from projections.reconciliation import RECONCILIATION
from projections.refunds import REFUNDS
from projections.settlements import SETTLEMENTS
from projections.timers import TIMERS
from projections.unsettled import UNSETTLED
from projections.view import View

VIEWS: dict[str, View[Any]] = {
    view.name: view
    for view in (
        PAYMENT_STATUS,
        MERCHANT_BALANCES,
        AUDIT_TIMELINE,
        RECONCILIATION,
        UNSETTLED,
        SETTLEMENTS,
        CONNECTOR_HEALTH,
        TIMERS,
        PROVIDER_OPERATIONS,
        DEAD_LETTERS,
        DISPUTES,
        JOURNAL_LINES,
        ACCOUNT_BLOCKS,
        JOURNAL_CLOCK,
        BANK_ACCOUNTS,
        PAYOUTS,
        PAYOUT_BATCHES,
        REFUNDS,
    )
}
