"""All read models, by name."""

from typing import Any

from projections.dead_letter.dead_letters import DEAD_LETTERS
from projections.dispute.disputes import DISPUTES
from projections.engine.view import View
from projections.ledger.account_blocks import ACCOUNT_BLOCKS
from projections.ledger.journal_clock import JOURNAL_CLOCK
from projections.ledger.journal_lines import JOURNAL_LINES
from projections.ledger.merchant_balances import MERCHANT_BALANCES
from projections.payment.audit_timeline import AUDIT_TIMELINE
from projections.payment.refunds import REFUNDS
from projections.payment.status import PAYMENT_STATUS
from projections.payout.bank_accounts import BANK_ACCOUNTS
from projections.payout.batches import PAYOUT_BATCHES
from projections.payout.payouts import PAYOUTS
from projections.provider.health import CONNECTOR_HEALTH
from projections.provider.operations import PROVIDER_OPERATIONS
from projections.provider.reconciliation import RECONCILIATION
from projections.provider.settlements import SETTLEMENTS
from projections.provider.unsettled import UNSETTLED

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
FORMER_VIEWS = frozenset({"timers"})
"""The views of earlier versions, whose tables and checkpoints stay in a store that such a version has been at."""
