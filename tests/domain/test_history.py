"""What is stored is read back: every event, with any facts, through JSON and to the same bytes."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event, name_of
from domain.history import Cause, Recorded, record
from domain.payment.events import PaymentReviewApproved
from tests.domain.recorded import EVENT_TYPES, recorded
from tests.support.domain import MERCHANT

STREAM = UUID(int=1)
WHEN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CAUSE = Cause(actor="operator:anna", request_id="req_1", trace_id="4bf92f35", causation_id=f"{STREAM}:3")


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=name_of)
@settings(max_examples=settings().max_examples // 4)
@given(data=st.data())
def test_every_event_survives_the_store(event_type: type[Event], data: st.DataObject) -> None:
    written = data.draw(recorded(event_type))
    stored = msgspec.json.encode(written)
    read = msgspec.json.decode(stored, type=Recorded)
    assert read == written
    assert type(read.data) is event_type
    assert msgspec.json.encode(read) == stored


@given(st.sampled_from(EVENT_TYPES).flatmap(recorded))
def test_a_stored_event_says_its_name(written: Recorded) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(written))
    assert stored["data"]["type"] == name_of(written.data)


def test_an_event_of_an_unknown_name_is_not_read() -> None:
    stored = msgspec.json.encode(
        record(STREAM, 4, PaymentReviewApproved(), merchant_id=MERCHANT, cause=CAUSE, recorded_at=WHEN)
    )
    with pytest.raises(msgspec.ValidationError, match=r"payment\.review_approved\.v9"):
        msgspec.json.decode(stored.replace(b"approved.v1", b"approved.v9"), type=Recorded)


def test_an_event_is_recorded_with_its_place_its_time_and_who_caused_it() -> None:
    assert record(STREAM, 4, PaymentReviewApproved(), merchant_id=MERCHANT, cause=CAUSE, recorded_at=WHEN) == Recorded(
        originator_id=STREAM,
        originator_version=4,
        merchant_id=MERCHANT,
        recorded_at=WHEN,
        actor="operator:anna",
        request_id="req_1",
        trace_id="4bf92f35",
        causation_id=f"{STREAM}:3",
        data=PaymentReviewApproved(),
    )


def test_a_request_from_outside_was_caused_by_no_event() -> None:
    cause = Cause(actor="key:1", request_id="req_1", trace_id="4bf92f35")
    assert (
        record(STREAM, 1, PaymentReviewApproved(), merchant_id=MERCHANT, cause=cause, recorded_at=WHEN).causation_id
        is None
    )


def test_an_instant_is_the_same_wherever_it_was_read_from_the_clock() -> None:
    in_kolkata = WHEN.astimezone(timezone(timedelta(hours=5, minutes=30)))
    written = record(STREAM, 1, PaymentReviewApproved(), merchant_id=MERCHANT, cause=CAUSE, recorded_at=in_kolkata)
    assert msgspec.json.decode(msgspec.json.encode(written), type=Recorded).recorded_at == WHEN
