"""Examples of refusals that the routes of operators document."""

from collections.abc import Mapping
from typing import Final

from application.dead_letter.commands import DeadLetterNotFound
from application.payout.loaded import PayoutNotFound
from application.write.store import StoreUnavailable
from domain.dead_letter.refusals import CloseReasonMissing, DeadLetterEnded
from domain.dead_letter.state import DeadLetterState
from domain.ledger.accounts import UnknownAccount
from domain.payout.refusals import PayoutNotCancelable, PayoutNotHeld
from domain.payout.status import PayoutStatus
from interfaces.resources.refusals import (
    BodyInvalid,
    BodyTooLarge,
    MediaTypeRefused,
    MissingKey,
    NotFound,
    OperatorRoleNeeded,
    ParameterInvalid,
    UnknownKey,
)
from projections.engine.checkpoint import ViewRebuilding
from projections.engine.waiting import ViewBehind

OPERATORS: tuple[Exception, ...] = (
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    OperatorRoleNeeded(),
    NotFound(),
    DeadLetterNotFound(),
    DeadLetterEnded(verb="close", state=DeadLetterState.RESOLVED),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    CloseReasonMissing(),
    StoreUnavailable(),
    ViewBehind(view="dead_letters", position=1042),
    ViewRebuilding(view="dead_letters"),
)
LEDGER: tuple[Exception, ...] = (
    ParameterInvalid(field="to", reason="it is in the future"),
    MissingKey(),
    UnknownKey(),
    NotFound(),
    UnknownAccount(code="mattress"),
    StoreUnavailable(),
    ViewBehind(view="journal_lines", position=1042),
    ViewRebuilding(view="journal_lines"),
)
ALL_PAYOUTS: tuple[Exception, ...] = (
    BodyInvalid(field="reason", reason="Expected 'str' of length >= 1"),
    ParameterInvalid(field="limit", reason="Expected 'int' >= 1"),
    MissingKey(),
    UnknownKey(),
    OperatorRoleNeeded(),
    NotFound(),
    PayoutNotFound(),
    PayoutNotHeld(status=PayoutStatus.PAID),
    PayoutNotCancelable(status=PayoutStatus.IN_TRANSIT),
    BodyTooLarge(bytes_max=65536),
    MediaTypeRefused(media_type="text/plain"),
    StoreUnavailable(),
    ViewBehind(view="payouts", position=1042),
    ViewRebuilding(view="payouts"),
)

EXAMPLES: Final[Mapping[str, tuple[Exception, ...]]] = {
    **dict.fromkeys(
        (
            "list_dead_letters",
            "get_dead_letter",
            "retry_dead_letter",
            "close_dead_letter",
            "list_webhook_deliveries",
        ),
        OPERATORS,
    ),
    **dict.fromkeys(("get_trial_balance", "list_accounts", "get_account_balances", "get_account_journal"), LEDGER),
    **dict.fromkeys(("list_all_payouts", "get_any_payout", "approve_payout", "cancel_any_payout"), ALL_PAYOUTS),
}
