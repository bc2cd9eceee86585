"""Derived ids are a promise to providers and banks: these vectors never change."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.derivation import attempt_id_for, batch_id_for, derived_id, is_derived
from domain.identifiers import OperationId, PayoutId, started_at_of

NAMESPACE = UUID("6b1f7c1e-0d9a-4d0c-9f6e-2f1f5a0d3c77")
VECTORS: dict[tuple[str, ...], str] = {
    (): "a812ba81-6acf-8176-8343-920ea25d1021",
    ("",): "a5804648-b818-8ce3-bf6d-44c2b30e1a1e",
    ("mer_1", "order-1", "payment"): "469a66e7-720d-8950-b14a-3e691bb7df52",
    ("mer_1", "order-1", "create"): "ae628e7c-0bd0-8088-b1d6-91c8824a8d17",
    ("mer_1", "order-1", "capture"): "655637d4-8c1b-86e6-a425-6d2b2a4bfe12",
    ("mer_1", "order-1", "payout"): "de2ceb81-4d07-8a4d-8bd0-58b5696960c9",
    ("mer_2", "order-1", "create"): "d5e02bfe-398c-8e70-b566-8e72044ec98d",
    ("mer_1", "Grüße 支払い", "refund"): "241e1e7a-6e9d-82af-9945-5841380d0728",
}
PARTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=5)


@pytest.mark.parametrize(("parts", "uuid"), VECTORS.items())
def test_an_id_is_what_it_always_was(parts: tuple[str, ...], uuid: str) -> None:
    assert derived_id(NAMESPACE, *parts) == UUID(uuid)


def test_the_ids_of_further_attempts_and_batches_are_what_they_always_were() -> None:
    first = OperationId(UUID("0190a1b2-0000-7000-8000-000000000001"))
    assert [attempt_id_for(first, number) for number in (1, 2, 3)] == [
        first,
        UUID("a0f21cca-d883-876a-a458-a24dc5f747be"),
        UUID("53116948-e456-8db2-8833-3523a81e7cb3"),
    ]
    payouts = [PayoutId(UUID(int=number)) for number in (1, 2, 3)]
    assert batch_id_for(payouts) == UUID("d67d57d4-81d8-8686-9c75-aef7f12f2311")
    assert batch_id_for(payouts[:1]) == UUID("4ed9aea5-7629-8446-b0ba-b9d8e9ba6738")


@given(PARTS)
def test_an_id_is_a_uuid_of_version_8_that_tells_no_time(parts: list[str]) -> None:
    named = derived_id(NAMESPACE, *parts)
    assert (named.version, named.variant) == (8, UUID(int=2 << 62).variant)
    assert is_derived(named)
    assert started_at_of(OperationId(named)) is None


@given(PARTS, PARTS)
def test_other_parts_have_another_id(one: list[str], other: list[str]) -> None:
    assert (derived_id(NAMESPACE, *one) == derived_id(NAMESPACE, *other)) == (one == other)


@given(PARTS, st.uuids(), st.uuids())
def test_another_store_has_other_ids(parts: list[str], one: UUID, other: UUID) -> None:
    assert (derived_id(one, *parts) == derived_id(other, *parts)) == (one == other)


def test_where_one_part_ends_and_the_next_begins_counts() -> None:
    assert derived_id(NAMESPACE, "mer_1", "2", "create") != derived_id(NAMESPACE, "mer_12", "", "create")


def test_a_batch_of_the_same_payouts_is_the_same_one() -> None:
    payouts = [PayoutId(UUID(int=number)) for number in (7, 8)]
    assert batch_id_for(payouts) == batch_id_for(list(payouts))
    assert batch_id_for(payouts) != batch_id_for(payouts[:1])
