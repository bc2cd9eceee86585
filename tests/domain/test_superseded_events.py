"""What an earlier version wrote is read as today's event that says the same: from the same bytes, however often."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from domain.event import name_of
from domain.history import AnyEvent, Recorded
from domain.identifiers import CustomerId, MerchantId, OperationId
from domain.money import Money
from domain.payment.events import CaptureMethod, PaymentActionRequired, PaymentCreated
from domain.payment.method import MethodType, PaymentMethod
from domain.payment.outcome import Redirect
from domain.payment.superseded import SupersededEvent
from infrastructure.postgres.mapper import MsgspecTranscoder

GOLDEN = Path(__file__).parents[1] / "golden"
RECORDED_AT = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)

TODAY: dict[str, AnyEvent] = {
    "payment.created.v1": PaymentCreated(
        merchant_id=MerchantId("mer_01jd4x8c2qfyv9zkm3s7w5t6ha"),
        customer_id=CustomerId("cus_7"),
        amount=Money(10_000, "KWD"),
        method=PaymentMethod(MethodType.CARD, "tok_visa"),
        capture_method=CaptureMethod.MANUAL,
        return_url=None,
    ),
    "payment.action_required.v1": PaymentActionRequired(
        attempt_id=OperationId(msgspec.convert("01934a2e-6c00-7a10-8000-000000000100", type=OperationId)),
        reference="ch_31",
        action=Redirect("https://acs.example/c/31?step=1"),
        expires_at=RECORDED_AT + timedelta(hours=1),
        window_policy="none",
    ),
}


def stored(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def read(state: bytes) -> Recorded:
    return MsgspecTranscoder().decode(state)


def test_every_superseded_event_has_its_row() -> None:
    assert set(TODAY) == set(map(name_of, get_args(SupersededEvent)))


@pytest.mark.parametrize("name", TODAY)
def test_an_earlier_version_is_read_as_the_event_of_today_that_says_the_same(name: str) -> None:
    assert read(stored(name)).data == TODAY[name]


@pytest.mark.parametrize("name", TODAY)
def test_nothing_else_of_what_was_recorded_changes(name: str) -> None:
    written = msgspec.json.decode(stored(name))
    read_again = msgspec.to_builtins(read(stored(name)))
    assert {**read_again, "data": None} == {**written, "data": None}


@pytest.mark.parametrize("name", TODAY)
def test_it_is_read_the_same_however_often_and_after_being_written_in_the_words_of_today(name: str) -> None:
    transcoder = MsgspecTranscoder()
    once = transcoder.decode(stored(name))
    assert transcoder.decode(stored(name)) == once
    assert transcoder.decode(transcoder.encode(once)) == once


def test_a_name_that_nobody_ever_released_is_still_not_read() -> None:
    with pytest.raises(msgspec.ValidationError):
        read(stored("payment.created.v1").replace(b"payment.created.v1", b"payment.created.v0"))
