"""The read model of payments' timers: one row a payment, without a time once the payment waits for no time."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from domain.history import Positioned
from domain.payment.events import (
    AuthorizationExpired,
    PaymentActionRequired,
    PaymentAuthorized,
    PaymentCanceled,
    PaymentCaptured,
    PaymentFailed,
    PaymentVoided,
)
from domain.payment.timer import TimerKind, next_look
from projections.engine.view import Key, View


class TimerRow(Struct, frozen=True, kw_only=True):
    """`due_at` is the end of an authorisation, or the first time at which the provider is asked about a customer
    action; None once the payment waits for neither."""

    payment_id: UUID
    kind: TimerKind | None
    due_at: datetime | None


def keys_of(positioned: Positioned) -> Iterable[Key]:
    match positioned.event.data:
        case PaymentCaptured(final=False):
            return ()
        case (
            PaymentActionRequired()
            | PaymentAuthorized()
            | PaymentCaptured()
            | PaymentVoided()
            | AuthorizationExpired()
            | PaymentFailed()
            | PaymentCanceled()
        ):
            return ((positioned.event.originator_id,),)
        case _:
            return ()


def apply(row: TimerRow | None, key: Key, positioned: Positioned) -> TimerRow:
    payment_id, asked_at = positioned.event.originator_id, positioned.event.recorded_at
    match positioned.event.data:
        case PaymentAuthorized(expires_at=expires_at):
            return TimerRow(payment_id=payment_id, kind=TimerKind.AUTHORIZATION, due_at=expires_at)
        case PaymentActionRequired(expires_at=expires_at):
            due_at = next_look(asked_at=asked_at, expires_at=expires_at, now=asked_at)
            return TimerRow(payment_id=payment_id, kind=TimerKind.CUSTOMER_ACTION, due_at=due_at)
        case _:
            return TimerRow(payment_id=payment_id, kind=None, due_at=None)


TIMERS = View(
    name="timers",
    table="timers",
    row=TimerRow,
    types=("uuid", "text", "timestamptz"),
    key=("payment_id",),
    takes=(
        PaymentActionRequired
        | PaymentAuthorized
        | PaymentCaptured
        | PaymentVoided
        | AuthorizationExpired
        | PaymentFailed
        | PaymentCanceled
    ),
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE timers (
            payment_id uuid PRIMARY KEY,
            kind text,
            due_at timestamptz
        );
    """,
    indexes="""
        CREATE INDEX timers_by_time ON timers (due_at) WHERE due_at IS NOT NULL;
    """,
)
