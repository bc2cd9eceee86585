"""One payment through any sequence of commands, outcomes and passing time: the five rules hold after every step.

Outcomes come late, twice, for operations long settled, and unknown as often as they like.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.authorization_window import AuthorizationWindow
from domain.errors import DomainError
from domain.event import Event
from domain.fees import FlatFee
from domain.identifiers import DisputeId, OperationId, PaymentId
from domain.ledger.balances import fold_balances, trial_balance
from domain.money import Money, zero
from domain.payment.capture import CapturePayment, RecordCaptureOutcome, capture, record_capture_outcome
from domain.payment.confirm import ConfirmPayment, RecordAttemptOutcome, confirm, record_attempt_outcome
from domain.payment.create import CreatePayment, create
from domain.payment.dispute import OpenDispute, close_dispute, open_dispute
from domain.payment.events import (
    AuthorizationExpired,
    CaptureFailed,
    CaptureStarted,
    DisputeLost,
    DisputeOpened,
    DisputeWon,
    OperationOutcomeUnknown,
    PaymentActionRequired,
    PaymentAttemptFailed,
    PaymentAttemptStarted,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentEvent,
    PaymentRefunded,
    PaymentVoided,
    RefundFailed,
    RefundStarted,
    VoidFailed,
    VoidStarted,
)
