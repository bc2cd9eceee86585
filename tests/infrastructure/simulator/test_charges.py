"""What a charge may do, through HTTP: nothing is taken, released or given back beyond what was reserved."""

import pytest

from tests.infrastructure.simulator.api import Api, Json


async def test_a_charge_reserves_its_amount(api: Api) -> None:
    answer = await api.charge(amount=2_500)
    assert (answer.status, answer.json["status"]) == (201, "authorized")
    assert (answer.json["authorized"], answer.json["captured"]) == (2_500, 0)


async def test_a_charge_with_capture_takes_its_amount_at_once(api: Api) -> None:
    answer = await api.charge(amount=2_500, capture=True)
    assert (answer.json["status"], answer.json["captured"]) == ("captured", 2_500)


async def test_several_captures_take_what_is_reserved_and_no_more(api: Api) -> None:
    charge_id = await api.charge_id(amount=10_000)
    first = await api.capture(charge_id, 4_000)
    assert (first.status, first.json["status"]) == (201, "partially_captured")
    too_much = await api.capture(charge_id, 6_001)
    assert (too_much.status, too_much.error_code) == (422, "capture_exceeds_authorized")
    assert (await api.capture(charge_id, 6_000)).json["status"] == "captured"
    assert (await api.capture(charge_id, 1)).error_code == "capture_exceeds_authorized"


async def test_a_final_capture_releases_the_rest(api: Api) -> None:
    charge_id = await api.charge_id(amount=10_000)
    assert (await api.capture(charge_id, 4_000, final=True)).json["status"] == "captured"
    assert (await api.capture(charge_id, 1)).error_code == "capture_exceeds_authorized"
    line = await api.books_line(charge_id)
    assert (line["captured"], line["released"], line["voided"]) == (4_000, 6_000, 0)


async def test_a_void_gives_up_what_is_still_reserved(api: Api) -> None:
    charge_id = await api.charge_id(amount=10_000)
    await api.capture(charge_id, 4_000)
    answer = await api.void(charge_id)
    assert (answer.status, answer.json["amount"]) == (201, 6_000)
    again = await api.void(charge_id)
    assert (again.status, again.error_code) == (422, "nothing_to_void")
    line = await api.books_line(charge_id)
    assert (line["captured"], line["released"], line["voided"]) == (4_000, 0, 6_000)


async def test_a_voided_charge_cannot_be_captured(api: Api) -> None:
    charge_id = await api.charge_id()
    assert (await api.void(charge_id)).json["status"] == "voided"
    assert (await api.capture(charge_id, 1)).status == 422


async def test_refunds_give_back_what_was_taken_and_no_more(api: Api) -> None:
    charge_id = await api.charge_id(amount=10_000)
    await api.capture(charge_id, 7_000)
    assert (await api.refund(charge_id, 3_000)).json["status"] == "partially_refunded"
    too_much = await api.refund(charge_id, 4_001)
    assert (too_much.status, too_much.error_code) == (422, "refund_exceeds_captured")
    assert (await api.refund(charge_id, 4_000)).json["status"] == "refunded"


async def test_an_unknown_charge_is_not_found(api: Api) -> None:
    answer = await api.capture("ch_unknown", 1)
    assert (answer.status, answer.error_code) == (404, "charge_not_found")


async def test_the_books_count_the_charges_of_a_reference(api: Api) -> None:
    once, twice = await api.charge_id(reference="once"), await api.charge_id(reference="twice")
    await api.charge_id(reference="twice")
    await api.charge("tok_declined", reference="once")
    assert (await api.books_line(once))["charges_of_reference"] == 1
    assert (await api.books_line(twice))["charges_of_reference"] == 2


async def test_the_books_name_the_key_and_the_status_of_a_charge(api: Api) -> None:
    line = await api.books_line(await api.charge_id(key="in-the-books", capture=True))
    assert (line["key"], line["status"]) == ("in-the-books", "captured")


async def test_the_books_pages_hold_every_charge_once(api: Api) -> None:
    made = [await api.charge_id() for _ in range(45)]
    listed = [line["id"] for line in await api.books()]
    assert len(listed) == len(set(listed))
    assert listed[-45:] == made


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": 1.5},
        {"amount": True},
        {"amount": "100"},
        {"amount": 2**53 + 1},
        {"currency": "EU"},
        {"currency": "EURO"},
        {"currency": "E1R"},
        {"reference": ""},
        {"capture": "yes"},
        {"method": "cash"},
        {"return_url": "javascript:alert(1)"},
        {"surprise": 1},
    ],
    ids=str,
)
async def test_a_malformed_charge_is_a_bad_request_and_leaves_its_key_unused(api: Api, changed: Json) -> None:
    answer = await api.charge(key=(key := f"malformed-{changed}"), **changed)
    assert (answer.status, answer.error_code) == (400, "bad_request")
    assert (await api.charge(key=key)).status == 201


async def test_unknown_fields_are_refused_in_every_body(api: Api) -> None:
    charge_id = await api.charge_id()
    for path in ("captures", "voids", "refunds"):
        answer = await api.post(f"/v1/charges/{charge_id}/{path}", {"surprise": 1}, "unused")
        assert answer.status == 400


@pytest.mark.parametrize("body", [b"", b"{", b'{"reference":"\xff"}', b"[" * 100_000], ids=lambda body: repr(body[:9]))
async def test_a_body_that_is_no_json_is_a_bad_request(api: Api, body: bytes) -> None:
    assert (await api.post_bytes("/v1/charges", body, "no-json")).error_code == "bad_request"
