"""What each card token does, seen from outside."""

import time

import pytest

from tests.infrastructure.simulator.api import Api
from tests.infrastructure.simulator.conftest import SLOW_S

GIVES_UP_S = 0.2


@pytest.mark.parametrize("token", ["tok_visa", "tok_mastercard", "tok_amex"])
async def test_a_good_card_is_approved(api: Api, token: str) -> None:
    assert (await api.charge(token)).status == 201


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_try_again", "try_again_later"),
        ("tok_do_not_honor", "do_not_honor"),
        ("tok_issuer_unavailable", "issuer_unavailable"),
        ("tok_expired_card", "expired_card"),
        ("tok_fraud", "fraud_suspected"),
        ("tok_nobody_knows", "invalid_token"),
    ],
)
async def test_a_bad_card_is_declined_and_charges_nothing(api: Api, token: str, code: str) -> None:
    answer = await api.charge(token, reference=token)
    assert (answer.status, answer.error_code) == (402, code)
    assert token not in [line["reference"] for line in await api.books()]


async def test_a_timed_out_charge_took_effect(api: Api) -> None:
    with pytest.raises(TimeoutError):
        await api.charge("tok_timeout", key="timed-out", reference="timed-out", timeout_s=GIVES_UP_S)
    found = (await api.operation("timed-out")).json
    assert (found["operation"], found["http_status"]) == ("charge", 201)
    replay = await api.charge("tok_timeout", key="timed-out", reference="timed-out")
    assert (replay.replayed, replay.json) == (True, found["answer"])
    assert (await api.books_line(replay.json["id"]))["charges_of_reference"] == 1


async def test_a_timed_out_capture_took_effect(api: Api) -> None:
    charge_id = await api.charge_id("tok_capture_timeout")
    with pytest.raises(TimeoutError):
        await api.capture(charge_id, 4_000, key="slow-capture", timeout_s=GIVES_UP_S)
    assert (await api.books_line(charge_id))["captured"] == 4_000
    assert (await api.capture(charge_id, 4_000, key="slow-capture")).replayed
    assert (await api.operation("slow-capture")).json["operation"] == "capture"


async def test_a_timed_out_refund_took_effect(api: Api) -> None:
    charge_id = await api.charge_id("tok_refund_timeout", capture=True)
    with pytest.raises(TimeoutError):
        await api.refund(charge_id, 4_000, key="slow-refund", timeout_s=GIVES_UP_S)
    assert (await api.books_line(charge_id))["refunded"] == 4_000
    assert (await api.refund(charge_id, 4_000, key="slow-refund")).replayed


async def test_a_declined_capture_takes_nothing(api: Api) -> None:
    charge_id = await api.charge_id("tok_capture_declined")
    answer = await api.capture(charge_id, 1)
    assert (answer.status, answer.error_code) == (402, "capture_declined")
    assert (await api.books_line(charge_id))["captured"] == 0


async def test_a_declined_refund_gives_nothing_back(api: Api) -> None:
    charge_id = await api.charge_id("tok_refund_declined", capture=True)
    answer = await api.refund(charge_id, 1)
    assert (answer.status, answer.error_code) == (402, "refund_declined")
    assert (await api.books_line(charge_id))["refunded"] == 0


async def test_a_server_error_is_recorded_as_a_refusal(api: Api) -> None:
    first = await api.charge("tok_error_5xx", key="error", reference="error")
    assert first.status == 500
    found = (await api.operation("error")).json
    assert (found["http_status"], found["answer"]["error"]["code"]) == (402, "processing_error")
    replay = await api.charge("tok_error_5xx", key="error", reference="error")
    assert (replay.status, replay.error_code) == (402, "processing_error")
    assert "error" not in [line["reference"] for line in await api.books()]


async def test_a_slow_charge_is_answered_late_and_its_replay_at_once(api: Api) -> None:
    started = time.monotonic()
    first = await api.charge("tok_slow", key="slow", reference="slow")
    assert time.monotonic() - started >= SLOW_S
    assert (first.status, first.replayed) == (201, False)
    assert (await api.charge("tok_slow", key="slow", reference="slow")).replayed
