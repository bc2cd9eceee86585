"""The read model of providers' health: one row a provider, operation and minute, with outcomes, codes and durations."""

# The rows come from events that name a provider. Unknown outcomes and failed captures, voids and refunds name none: an
# unknown outcome is counted once resolved, and of operations other than authorisations only the successful ones.

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Final, assert_never

import msgspec
import psycopg
from msgspec import Struct
from msgspec.structs import replace

from domain.history import Positioned
from domain.identifiers import ProviderName, started_at_of
from domain.payment.events import (
    FailureKind,
    OperationKind,
    PaymentAttemptFailed,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentRefunded,
    PaymentVoided,
)
from domain.routing.route import Figures
from projections.engine.view import Key, View

LATENCY_BOUNDS_MS: Final = (
    *(10, 20, 50, 100, 150, 200, 300, 400, 500, 750, 1_000, 1_500),
    *(2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000),
)
"""The upper bounds of the buckets of durations. A longer operation waited for a customer or for recovery: its outcome
is counted, its duration is not."""
HEALTH_WINDOW: Final = timedelta(minutes=10)
"""The period before now whose figures routing uses."""
CODES_MAX: Final = 20
OTHER_CODES: Final = "other"

_Outcome = PaymentAuthorized | PaymentAttemptFailed | PaymentCaptured | PaymentVoided | PaymentRefunded


class ConnectorHealthRow(Struct, frozen=True, kw_only=True):
    """`codes` counts failures by their codes. `latencies` counts durations by the first of LATENCY_BOUNDS_MS that is at
    least the duration."""

    minute: datetime
    provider: str
    operation: OperationKind
    approved: int = 0
    declined: int = 0
    rejected: int = 0
    unavailable: int = 0
    abandoned: int = 0
    codes: dict[str, int] = {}
    latencies: tuple[int, ...] = (0,) * len(LATENCY_BOUNDS_MS)
    position: int = 0


def keys_of(positioned: Positioned) -> Iterable[Key]:
    data = positioned.event.data
    if not isinstance(data, _Outcome):
        return ()
    minute = positioned.event.recorded_at.replace(second=0, microsecond=0)
    return ((minute, data.provider, _operation(data)),)


def apply(row: ConnectorHealthRow | None, key: Key, positioned: Positioned) -> ConnectorHealthRow:
    data = positioned.event.data
    assert isinstance(data, _Outcome)
    if row is None:
        minute = positioned.event.recorded_at.replace(second=0, microsecond=0)
        row = ConnectorHealthRow(minute=minute, provider=data.provider, operation=_operation(data))
    changes: dict[str, Any] = {"position": positioned.position, "latencies": _timed(row.latencies, positioned)}
    if isinstance(data, PaymentAttemptFailed):
        changes[data.kind.value] = getattr(row, data.kind.value) + 1
        if data.kind is not FailureKind.ABANDONED:
            changes["codes"] = _counted(row.codes, data.code)
    else:
        changes["approved"] = row.approved + 1
    return replace(row, **changes)


def _operation(data: _Outcome) -> OperationKind:
    match data:
        case PaymentAuthorized() | PaymentAttemptFailed():
            return OperationKind.AUTHORIZE
        case PaymentCaptured():
            return OperationKind.CAPTURE
        case PaymentVoided():
            return OperationKind.VOID
        case PaymentRefunded():
            return OperationKind.REFUND
        case _:
            assert_never(data)


def _timed(latencies: tuple[int, ...], positioned: Positioned) -> tuple[int, ...]:
    """The counts with the operation's duration added; unchanged where the duration is unknown or above all bounds."""
    match positioned.event.data:
        case PaymentAuthorized(attempt_id=operation_id) | PaymentAttemptFailed(attempt_id=operation_id):
            pass
        case PaymentCaptured(capture_id=operation_id) | PaymentRefunded(refund_id=operation_id):
            pass
        case PaymentVoided(void_id=operation_id):
            pass
        case _:
            return latencies
    asked_at = positioned.event.asked_at or started_at_of(operation_id)
    if asked_at is None:
        return latencies
    # A clock that was set back must not make the duration negative.
    took_ms = max(0.0, (positioned.event.recorded_at - asked_at).total_seconds() * 1_000)
    bucket = bisect_left(LATENCY_BOUNDS_MS, took_ms)
    if bucket == len(latencies):
        return latencies
    return (*latencies[:bucket], latencies[bucket] + 1, *latencies[bucket + 1 :])


def _counted(codes: Mapping[str, int], code: str) -> dict[str, int]:
    if code not in codes and len(codes) >= CODES_MAX:
        code = OTHER_CODES
    return {**codes, code: codes.get(code, 0) + 1}


CONNECTOR_HEALTH = View(
    name="connector_health",
    table="connector_health",
    row=ConnectorHealthRow,
    types=(
        *("timestamptz", "text", "text", "bigint", "bigint", "bigint", "bigint", "bigint"),
        *("jsonb", "jsonb", "bigint"),
    ),
    key=("minute", "provider", "operation"),
    takes=_Outcome,
    keys_of=keys_of,
    apply=apply,
    ddl="""
        CREATE TABLE connector_health (
            minute timestamptz NOT NULL,
            provider text NOT NULL,
            operation text NOT NULL,
            approved bigint NOT NULL,
            declined bigint NOT NULL,
            rejected bigint NOT NULL,
            unavailable bigint NOT NULL,
            abandoned bigint NOT NULL,
            codes jsonb NOT NULL,
            latencies jsonb NOT NULL,
            position bigint NOT NULL,
            PRIMARY KEY (minute, provider, operation)
        ) WITH (fillfactor = 50);
    """,
)

_SINCE = """
SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.minute, t.provider, t.operation), '[]')::text
FROM views.connector_health AS t WHERE minute >= date_trunc('minute', %s::timestamptz)
"""


class Health(Struct, frozen=True, kw_only=True):
    """The outcomes and durations of one operation at one provider over a period."""

    approved: int = 0
    declined: int = 0
    rejected: int = 0
    unavailable: int = 0
    abandoned: int = 0
    codes: Mapping[str, int] = {}
    latencies: tuple[int, ...] = (0,) * len(LATENCY_BOUNDS_MS)

    @property
    def samples(self) -> int:
        """The number of the provider's answers. Payments that the customer abandoned are left out."""
        return self.approved + self.declined + self.rejected + self.unavailable

    @property
    def success_bp(self) -> int | None:
        return self.approved * 10_000 // self.samples if self.samples else None

    def latency_ms(self, percent: int) -> int | None:
        """The `percent`th percentile of the durations: the least bound that at least so many per cent of them do not
        exceed; None without a duration."""
        timed = sum(self.latencies)
        for bound, count in zip(LATENCY_BOUNDS_MS, accumulate(self.latencies), strict=True):
            if timed and count * 100 >= timed * percent:
                return bound
        return None

    def plus(self, row: ConnectorHealthRow) -> "Health":
        codes = dict(self.codes)
        for code, count in row.codes.items():
            codes[code] = codes.get(code, 0) + count
        return Health(
            approved=self.approved + row.approved,
            declined=self.declined + row.declined,
            rejected=self.rejected + row.rejected,
            unavailable=self.unavailable + row.unavailable,
            abandoned=self.abandoned + row.abandoned,
            codes=codes,
            latencies=tuple([one + other for one, other in zip(self.latencies, row.latencies, strict=True)]),
        )


HealthByOperation = Mapping[tuple[ProviderName, OperationKind], Health]


async def recent_health(connection: psycopg.AsyncConnection[Any], since: datetime) -> HealthByOperation:
    """The health by provider and operation since the beginning of the minute of `since`."""
    [(text,)] = await (await connection.execute(_SINCE, (since,))).fetchall()
    health: dict[tuple[ProviderName, OperationKind], Health] = {}
    for row in msgspec.json.decode(text, type=list[ConnectorHealthRow]):
        key = ProviderName(row.provider), row.operation
        health[key] = health.get(key, Health()).plus(row)
    return health


def figures_of(health: HealthByOperation) -> dict[ProviderName, Figures]:
    """The figures that routing uses, by provider: those of authorisations."""
    return {
        provider: Figures(success_bp=each.success_bp, latency_ms_p95=each.latency_ms(95), samples=each.samples)
        for (provider, operation), each in health.items()
        if operation is OperationKind.AUTHORIZE
    }
