"""A customer is waited for with fewer and fewer looks, and never past their time."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.payment.timer import FIRST_LOOK, LOOKS_APART_MAX, next_look
from tests.support.domain import NOW

spans = st.timedeltas(timedelta(0), timedelta(days=30))


@given(window=spans, waited=spans)
def test_the_next_look_is_no_later_than_the_end_and_no_further_than_the_bound(
    window: timedelta, waited: timedelta
) -> None:
    now = NOW + min(waited, window)
    at = next_look(asked_at=NOW, expires_at=NOW + window, now=now)
    assert now <= at <= NOW + window
    assert at - now <= LOOKS_APART_MAX


def test_the_pauses_double_from_the_first() -> None:
    at, looks_s = NOW, []
    for _ in range(5):
        at = next_look(asked_at=NOW, expires_at=NOW + timedelta(days=1), now=at)
        looks_s.append((at - NOW) / FIRST_LOOK)
    assert looks_s == [1, 2, 4, 8, 16]
