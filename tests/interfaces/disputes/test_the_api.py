"""What the API of disputes takes, refuses, and shows to whom."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from application.access.merchant import Directory
from interfaces.runtime.supervisor import Stack
from tests.crash.system import descendants
from tests.interfaces.disputes.conftest import Bank, Desk
from tests.interfaces.http.expect import then_refused
from tests.support.running import merchant_in

MIB = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def stranger(stack: Stack, directory: Directory) -> AsyncIterator[Desk]:
    async with merchant_in(directory, stack.url, "A stranger") as made, aiohttp.ClientSession() as http:
        yield Desk(http, stack.url, made.merchant_id, made.key_id, made.secret)


async def disputed(desk: Desk, bank: Bank, amount: int = 10_000, **fields: Any) -> dict[str, Any]:
    paid = await desk.pay(amount)
    payment = await desk.payment(paid.json["payment_id"])
    await bank.disputes(payment, **fields)
    return await desk.dispute_of(payment["payment_id"])


async def test_a_dispute_is_shown_to_its_merchant_alone(desk: Desk, bank: Bank, stranger: Desk) -> None:
    dispute = await disputed(desk, bank, reason="duplicate", amount=300)
    dispute_id = dispute["dispute_id"]
    assert dispute_id.startswith("dp_")
    assert await desk.dispute(dispute_id) == dispute
    assert (dispute["reason"], dispute["currency"], dispute["evidence"]) == ("duplicate", "EUR", [])
    assert dispute["evidence_limits"]["files_max"] == 10

    assert (await stranger.get("/v1/disputes")).json == {"disputes": [], "next_cursor": None}
    then_refused(await stranger.get(f"/v1/disputes/{dispute_id}"), 404, "dispute_not_found")
    then_refused(await stranger.adds(dispute_id, "x.txt", b"x"), 404, "dispute_not_found")
    for verb in ("submit", "accept"):
        then_refused(await stranger.asks(dispute_id, verb), 404, "dispute_not_found")
    deleted = await stranger.send("DELETE", f"/v1/disputes/{dispute_id}/evidence?name=x.txt")
    then_refused(deleted, 404, "dispute_not_found")
    assert await desk.dispute(dispute_id) == dispute


async def test_disputes_are_listed_page_by_page_and_by_status(desk: Desk, bank: Bank) -> None:
    opened = [(await disputed(desk, bank, amount=100))["dispute_id"] for _ in range(3)]
    await desk.asks(opened[0], "accept")
    await desk.comes_to(opened[0], "accepted")
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await desk.get(f"/v1/disputes?limit=2{cursor}")).json
        listed += [each["dispute_id"] for each in page["disputes"]]
        cursor = None if page["next_cursor"] is None else f"&cursor={page['next_cursor']}"
    assert listed == opened[::-1]

    accepted = await desk.asks(opened[0], "accept")
    seen = {"Tallystick-Position": accepted.headers["Tallystick-Position"]}
    waiting = await desk.get("/v1/disputes?status=needs_response", headers=seen)
    assert {each["dispute_id"] for each in waiting.json["disputes"]} == set(opened[1:])
    then_refused(await desk.get("/v1/disputes?status=weird"), 400, "parameter_invalid", field="status")
    then_refused(await desk.get("/v1/disputes?cursor=dp_no"), 400, "parameter_invalid", field="cursor")


async def test_evidence_is_put_replaced_and_taken_back(desk: Desk, bank: Bank) -> None:
    dispute_id = (await disputed(desk, bank))["dispute_id"]
    first = await desk.adds(dispute_id, "receipt.pdf", b"%PDF-1", media_type="application/pdf", kind="receipt")
    again = await desk.adds(dispute_id, "receipt.pdf", b"%PDF-1", media_type="application/pdf", kind="receipt")
    assert again.json == first.json
    other = await desk.adds(dispute_id, "receipt.pdf", b"%PDF-22", media_type="application/pdf", kind="service")
    [evidence] = other.json["evidence"]
    assert (evidence["kind"], evidence["bytes"], evidence["media_type"]) == ("service", 7, "application/pdf")
    for name, content, found in (
        ("a", b"%PDF-1", "application/pdf"),
        ("b", PNG, "image/png"),
        ("c", b"a", "text/plain"),
    ):
        added = await desk.adds(dispute_id, name, content, media_type="application/octet-stream")
        assert added.json["evidence"][-1]["media_type"] == found
        await desk.send("DELETE", f"/v1/disputes/{dispute_id}/evidence?name={name}")
    gone = await desk.send("DELETE", f"/v1/disputes/{dispute_id}/evidence?name=receipt.pdf")
    assert (gone.status, gone.json["evidence"]) == (200, [])
    missing = await desk.send("DELETE", f"/v1/disputes/{dispute_id}/evidence?name=receipt.pdf")
    then_refused(missing, 404, "evidence_not_found")


async def test_evidence_of_five_mebibytes_is_taken_and_no_more(desk: Desk, bank: Bank) -> None:
    dispute_id = (await disputed(desk, bank))["dispute_id"]
    whole = await desk.adds(dispute_id, "scan.png", PNG + os.urandom(5 * MIB - len(PNG)), media_type="image/png")
    assert (whole.status, whole.json["evidence"][0]["bytes"]) == (200, 5 * MIB)
    over = await desk.adds(dispute_id, "more.png", bytes(5 * MIB + 1), media_type="image/png")
    then_refused(over, 413, "evidence_too_large")


async def test_evidence_that_does_not_fit_is_refused(desk: Desk, bank: Bank) -> None:
    dispute_id = (await disputed(desk, bank))["dispute_id"]
    then_refused(await desk.adds(dispute_id, "a.txt", PNG), 415, "evidence_type_differs")
    then_refused(await desk.adds(dispute_id, "a.png", b"%PDF-1", media_type="image/png"), 415, "evidence_type_differs")
    as_octets = await desk.adds(dispute_id, "a.gif", b"GIF89a", media_type="application/octet-stream")
    then_refused(as_octets, 415, "evidence_type_refused")
    then_refused(await desk.adds(dispute_id, "a.gif", b"GIF", media_type="image/gif"), 415, "evidence_type_refused")
    then_refused(await desk.adds(dispute_id, "a.txt", b""), 422, "evidence_empty")
    then_refused(await desk.adds(dispute_id, "a.txt", b"a", kind="rumour"), 400, "parameter_invalid", field="kind")
    then_refused(await desk.adds(dispute_id, "%2E%2Eetc", b"a"), 400, "parameter_invalid", field="name")
    then_refused(await desk.adds(dispute_id, "a.txt", b"4242424242424242"), 400, "card_data_refused", field="evidence")
    then_refused(await desk.asks(dispute_id, "submit"), 422, "evidence_missing")
    for number in range(10):
        assert (await desk.adds(dispute_id, f"{number}.txt", b"a")).status == 200
    then_refused(await desk.adds(dispute_id, "a.txt", b"a"), 422, "too_much_evidence")


async def test_what_was_answered_is_answered(desk: Desk, bank: Bank) -> None:
    dispute_id = (await disputed(desk, bank))["dispute_id"]
    await desk.adds(dispute_id, "note.txt", b"See for yourself.")
    submitted = await asyncio.gather(*(desk.asks(dispute_id, "submit") for _ in range(4)))
    assert {reply.status for reply in submitted} == {200}
    await desk.comes_to(dispute_id, "under_review")
    late = await desk.adds(dispute_id, "more.txt", b"And this.")
    then_refused(late, 409, "dispute_closed", current_status="under_review")
    then_refused(await desk.asks(dispute_id, "accept"), 409, "dispute_closed", current_status="under_review")


async def test_a_submission_survives_a_provider_that_hangs(stack: Stack, desk: Desk, bank: Bank) -> None:
    dispute_id = (await disputed(desk, bank))["dispute_id"]
    await desk.adds(dispute_id, "note.txt", b"This is winning_evidence.")
    pids = [stack.simulator.pid, *descendants(stack.simulator.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        hanging = await desk.asks(dispute_id, "submit")
        assert (hanging.status, hanging.json["status"]) == (200, "submitting")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    await desk.comes_to(dispute_id, "won")
