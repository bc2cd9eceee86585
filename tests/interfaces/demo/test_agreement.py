"""What the demonstration agrees can be agreed, and holds at any hour of any day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fx.ecb import read_ecb
from domain.terms.conversion import ConversionRule
from domain.terms.documents.read import read_terms
from domain.terms.events import TermsKind
from domain.terms.settlement import SettlementRule, available_at
from infrastructure.calendars import is_holiday
from interfaces.demo.agreement import AGREED, IN_ORDER, RATES, dated
from interfaces.demo.conversion import MARK_UP_BASIS_POINTS, SETTLED_IN, TAKEN_IN

moments = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def text_of(kind: TermsKind) -> str:
    return (AGREED / f"{kind.value}.json").read_text(encoding="utf-8")


def conversion() -> ConversionRule:
    rule = read_terms(TermsKind.CONVERSION, text_of(TermsKind.CONVERSION))
    assert isinstance(rule, ConversionRule)
    return rule


def settlement() -> SettlementRule:
    rule = read_terms(TermsKind.SETTLEMENT, text_of(TermsKind.SETTLEMENT))
    assert isinstance(rule, SettlementRule)
    return rule


@pytest.mark.parametrize("kind", IN_ORDER)
def test_every_document_can_be_agreed(kind: TermsKind) -> None:
    assert read_terms(kind, text_of(kind))


def test_there_is_a_document_of_each_kind_that_is_agreed_and_no_other() -> None:
    assert {path.stem for path in AGREED.iterdir()} == {kind.value for kind in IN_ORDER}


def test_dollars_are_settled_in_euros_for_what_the_checks_expect() -> None:
    assert conversion().target_of(TAKEN_IN) == SETTLED_IN
    assert conversion().mark_up_basis_points == MARK_UP_BASIS_POINTS


@given(moments)
def test_money_is_available_within_a_minute_whatever_the_hour_or_the_day(captured_at: datetime) -> None:
    assert available_at(settlement(), captured_at, is_holiday) - captured_at <= timedelta(minutes=1)


@given(moments)
def test_rates_dated_yesterday_are_published_and_fresh(now: datetime) -> None:
    [rates] = read_ecb(dated(RATES.read_text(encoding="utf-8"), now.date() - timedelta(days=1))).publications
    assert timedelta(0) <= now - rates.as_of <= timedelta(hours=conversion().stale_after_hours)


def test_dating_rates_leaves_their_values_alone() -> None:
    file = RATES.read_text(encoding="utf-8")
    [as_written] = read_ecb(file).publications
    [dated_anew] = read_ecb(dated(file, date(2027, 3, 1))).publications
    assert dated_anew.rates == as_written.rates
    assert dated_anew.as_of.date() == date(2027, 3, 1)
