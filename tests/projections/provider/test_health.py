"""How providers did: counted by minute as events tell it, added up over a window, and what routing makes of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.history import AnyEvent, Positioned
from domain.identifiers import OperationId, ProviderName, started_at_of
from domain.money.money import Money
from domain.payment.events import (
    FailureKind,
    OperationKind,
    OperationOutcomeUnknown,
    PaymentAttemptFailed,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentRefunded,
    PaymentVoided,
)
from domain.routing.events import RoutingPolicyActivated
from domain.routing.route import Figures
from interfaces.ids import new_uuid
from projections.engine.tables import all_rows
from projections.engine.view import Key, fold
from projections.provider.health import (
    CODES_MAX,
    CONNECTOR_HEALTH,
    LATENCY_BOUNDS_MS,
    ConnectorHealthRow,
    Health,
    figures_of,
    recent_health,
)
from projections.views import VIEWS
from tests.support.domain import MERCHANT, brought, debited
from tests.support.routing import NORTH, SOUTH
from tests.support.store import advanced, stored

MINUTE = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEN = Money(1_000, "EUR")


def operation_at(moment: datetime) -> OperationId:
    """A UUIDv7 of that millisecond."""
    milliseconds = int(moment.timestamp() * 1_000)
    return OperationId(UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62))


def authorized(provider: ProviderName = NORTH, *, operation: OperationId | None = None) -> PaymentAuthorized:
    return PaymentAuthorized(
        merchant_id=MERCHANT,
        provider=provider,
        attempt_id=operation or operation_at(MINUTE),
        reference="ch_1",
        amount=TEN,
        expires_at=MINUTE,
        window_policy="w",
    )


def failed(
    kind: FailureKind = FailureKind.DECLINED, code: str = "do_not_honor", provider: ProviderName = NORTH
) -> PaymentAttemptFailed:
    return PaymentAttemptFailed(attempt_id=operation_at(MINUTE), provider=provider, kind=kind, code=code, message="No.")


def at(*events: tuple[AnyEvent, float]) -> list[Positioned]:
    """Events that were recorded so many seconds after the minute began."""
    return [
        Positioned(position, stored(uuid4(), 1, event, recorded_at=MINUTE + timedelta(seconds=seconds)))
        for position, (event, seconds) in enumerate(events, start=1)
    ]


def rows(events: Sequence[Positioned]) -> dict[Key, ConnectorHealthRow]:
    return fold(CONNECTOR_HEALTH, {}, events)


def row(*events: tuple[AnyEvent, float]) -> ConnectorHealthRow:
    """The only row that the events make."""
    [made] = rows(at(*events)).values()
    return made


def test_outcomes_are_counted_by_provider_operation_and_minute() -> None:
    captured = PaymentCaptured(
        merchant_id=MERCHANT,
        provider=NORTH,
        capture_id=operation_at(MINUTE),
        reference="ch_1",
        amount=TEN,
        released=TEN,
        final=True,
        proceeds=brought(TEN),
    )
    voided = PaymentVoided(merchant_id=MERCHANT, provider=NORTH, void_id=operation_at(MINUTE), released=TEN)
    refunded = PaymentRefunded(
        merchant_id=MERCHANT,
        provider=NORTH,
        refund_id=operation_at(MINUTE),
        reference="re_1",
        amount=TEN,
        debit=debited(TEN),
        excess=None,
        unreserved=False,
    )
    made = rows(
        at(
            (authorized(), 1.0),
            (authorized(SOUTH), 2.0),
            (authorized(), 59.999),
            (authorized(), 60.0),
            (captured, 1.0),
            (voided, 1.0),
            (refunded, 1.0),
        )
    )
    assert {key: each.approved for key, each in made.items()} == {
        (MINUTE, NORTH, OperationKind.AUTHORIZE): 2,
        (MINUTE, SOUTH, OperationKind.AUTHORIZE): 1,
        (MINUTE + timedelta(minutes=1), NORTH, OperationKind.AUTHORIZE): 1,
        (MINUTE, NORTH, OperationKind.CAPTURE): 1,
        (MINUTE, NORTH, OperationKind.VOID): 1,
        (MINUTE, NORTH, OperationKind.REFUND): 1,
    }


def test_failures_are_told_apart_by_kind_and_code() -> None:
    made = row(
        (authorized(), 1),
        (failed(), 1),
        (failed(code="expired_card"), 1),
        (failed(), 1),
        (failed(FailureKind.REJECTED, "unknown_token"), 1),
        (failed(FailureKind.UNAVAILABLE, "provider_unavailable"), 1),
        (failed(FailureKind.ABANDONED, "abandoned"), 1),
    )
    assert (made.approved, made.declined, made.rejected, made.unavailable, made.abandoned) == (1, 3, 1, 1, 1)
    assert made.codes == {"do_not_honor": 2, "expired_card": 1, "unknown_token": 1, "provider_unavailable": 1}


def test_a_provider_that_invents_codes_does_not_make_a_row_grow() -> None:
    made = row(*((failed(code=f"code-{number}"), 1) for number in range(CODES_MAX + 5)), (failed(code="code-0"), 1))
    assert len(made.codes) == CODES_MAX + 1
    assert (made.codes["other"], made.codes["code-0"]) == (5, 2)


def test_events_that_name_no_provider_or_are_no_payments_touch_no_row() -> None:
    unknown = OperationOutcomeUnknown(
        operation_id=operation_at(MINUTE), operation=OperationKind.AUTHORIZE, reason="no answer"
    )
    assert rows(at((unknown, 1), (RoutingPolicyActivated(number=1), 1))) == {}


def test_what_happens_to_policies_is_in_no_view_of_payments() -> None:
    for view in VIEWS.values():
        assert fold(view, {}, at((RoutingPolicyActivated(number=1), 1))) == {}, view.name


@pytest.mark.parametrize(
    ("took_s", "bound_ms"), [(0.0, 10), (0.010, 10), (0.011, 20), (0.3, 300), (29.9, 30_000), (30.0, 30_000)]
)
def test_a_duration_is_counted_under_the_first_bound_it_is_not_above(took_s: float, bound_ms: int) -> None:
    made = row((authorized(), took_s))
    assert made.latencies[LATENCY_BOUNDS_MS.index(bound_ms)] == 1
    assert sum(made.latencies) == 1


def test_what_waited_for_a_customer_or_began_nobody_knows_when_has_no_duration() -> None:
    assert sum(row((authorized(), 30.5)).latencies) == 0
    assert sum(row((authorized(operation=OperationId(uuid4())), 0.1)).latencies) == 0


def test_a_clock_that_was_put_back_makes_no_duration_negative() -> None:
    late = authorized(operation=operation_at(MINUTE + timedelta(seconds=5)))
    assert row((late, 1)).latencies[0] == 1


def test_an_operations_id_tells_when_it_started() -> None:
    before = datetime.now(UTC)
    started_at = started_at_of(OperationId(new_uuid()))
    assert started_at is not None
    assert abs(started_at - before) < timedelta(seconds=5)
    assert started_at_of(operation_at(MINUTE)) == MINUTE
    assert started_at_of(OperationId(uuid4())) is None
    assert started_at_of(OperationId(UUID("ffffffff-ffff-7000-8000-000000000000"))) is None


@given(st.lists(st.integers(0, 30_000), min_size=1, max_size=200), st.integers(1, 100))
def test_a_percentile_is_the_bound_of_the_duration_at_its_place(took_ms: list[int], percent: int) -> None:
    made = row(*((authorized(), milliseconds / 1_000) for milliseconds in took_ms if milliseconds < 60_000))
    place = -(-len(took_ms) * percent // 100)
    exact = sorted(took_ms)[place - 1]
    told = Health().plus(made).latency_ms(percent)
    assert told == next(bound for bound in LATENCY_BOUNDS_MS if exact <= bound)


def test_nothing_is_known_of_who_answered_nothing() -> None:
    assert (Health().success_bp, Health().latency_ms(95), Health().samples) == (None, None, 0)
    abandoned = Health().plus(row((failed(FailureKind.ABANDONED, "abandoned"), 600)))
    assert (abandoned.success_bp, abandoned.samples) == (None, 0)


async def test_health_is_added_up_over_the_window(views: psycopg.AsyncConnection[Any]) -> None:
    events = at(
        *((authorized(), seconds) for seconds in (0.1, 0.2, 70, 130)),
        (failed(), 131),
        (failed(FailureKind.UNAVAILABLE, "provider_unavailable", SOUTH), 131),
    )
    await advanced(views, CONNECTOR_HEALTH, events)
    assert await all_rows(views, CONNECTOR_HEALTH) == rows(events)
    everything = await recent_health(views, MINUTE + timedelta(seconds=30))
    north = everything[NORTH, OperationKind.AUTHORIZE]
    assert (north.approved, north.declined, north.samples, north.success_bp) == (4, 1, 5, 8_000)
    assert [north.latency_ms(percent) for percent in (50, 100)] == [100, 200]
    assert north.codes == {"do_not_honor": 1}
    assert figures_of(everything) == {
        NORTH: Figures(success_bp=8_000, latency_ms_p95=200, samples=5),
        SOUTH: Figures(success_bp=0, latency_ms_p95=None, samples=1),
    }
    later = await recent_health(views, MINUTE + timedelta(seconds=125))
    assert later[NORTH, OperationKind.AUTHORIZE].samples == 2
    assert await recent_health(views, MINUTE + timedelta(minutes=3)) == {}


def test_an_operation_whose_id_tells_no_time_took_as_long_as_its_event_says() -> None:
    named = OperationId(UUID("9d1f0c5e-0b7a-8c3f-8a51-2f2d3c4b5a69"))
    [told] = at((authorized(operation=named), 1.0))
    asked = Positioned(told.position, msgspec.structs.replace(told.event, asked_at=MINUTE + timedelta(seconds=0.9)))
    assert [sum(each.latencies) for each in rows([told]).values()] == [0]
    [timed] = rows([asked]).values()
    assert timed.latencies[LATENCY_BOUNDS_MS.index(100)] == 1
