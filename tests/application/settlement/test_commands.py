"""A settlement is applied once, row by row, and what is left unsettled is what the provider still owes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from application.settlement.commands import MovementAmbiguous, RowKindUnknown, RowOutcome, RowResult, Settlements
from application.write.store import StoreUnavailable
from domain.identifiers import OperationId, PaymentId, ProviderName
from domain.ledger.accounts import available, bank, owed, psp_clearing, psp_fees, psp_reserve, suspense
from domain.ledger.balances import BalanceKey, fold_balances
from domain.ledger.entry import JournalEntryPosted
from domain.money.money import Money, zero
from domain.payment.movements import Movement, movements_of
from domain.payment.settlement_events import MovementKind, MovementSettled, ProviderCost
from domain.settlement.events import ItemKind
from domain.settlement.rows import ItemRow, Row, SettlementFile, SettlementRow, UnknownRow
from domain.settlement.settle_movement import MovementDiffers, MovementUnknown
from domain.settlement.settlement import ItemDiffers, SettlementDiffers
from domain.terms.fee_plan import FeePlan, InterchangePlus
from infrastructure.postgres.connection.pool import ReadPool
from infrastructure.postgres.funds.movements import ViewMovements
from interfaces.books.settlement_csv import settlement_csv
from interfaces.resources.settlement import settlement_report_resource
from projections.engine.tables import all_rows
from projections.engine.view import View
from projections.provider.reconciliation import RECONCILIATION
from projections.provider.settlement_report import provider_settlements
from projections.provider.settlements import SETTLEMENTS
from projections.provider.unsettled import UNSETTLED, unsettled, unsettled_of_provider
from tests.application.shop import Shop, a_caller
from tests.support.domain import MERCHANT, NOW, eur
from tests.support.routing import SIMULATOR
from tests.support.store import advanced, everything, open_views

COST = ProviderCost(interchange_minor=20, scheme_minor=3, markup_minor=10)
PLUS = FeePlan(
    version="plus:1",
    default=InterchangePlus(interchange_basis_points=30, scheme_basis_points=10, markup_basis_points=20),
)
CAUSE = a_caller().cause


class Desk:
    """Who takes settlements in."""

    def __init__(self, shop: Shop, pool: ReadPool, database_url: str) -> None:
        self.shop = shop
        self.pool = pool
        self.database_url = database_url
        self.settlements = Settlements(
            store=shop.flaky,  # type: ignore[arg-type]
            finder=ViewMovements(pool),
            pricing_contexts=shop.pricing_contexts,
            plans=lambda version: PLUS if version == PLUS.version else None,
            now=shop.clock,
        )

    async def movements(self, payment_id: PaymentId) -> list[Movement]:
        history = await self.shop.store.history(payment_id)
        return list(movements_of(each.event.data for each in history).values())  # type: ignore[misc]

    async def file(self, *payments: PaymentId, settlement: str = "st_1", cost: ProviderCost = COST) -> SettlementFile:
        """All that moved of `payments`."""
        moved = [movement for payment_id in payments for movement in await self.movements(payment_id)]
        rows = tuple(row_of(line, movement, cost) for line, movement in enumerate(moved, start=8))
        return file_of(rows, settlement)

    async def apply(self, file: SettlementFile) -> list[RowResult]:
        await self.catch_up()
        return [result async for result in self.settlements.apply(file, CAUSE)]

    async def catch_up(self) -> None:
        stored = await everything(self.shop.store)
        async with open_views(self.database_url) as connection:
            views: tuple[View[Any], ...] = (RECONCILIATION, UNSETTLED, SETTLEMENTS)
            for view in views:
                await advanced(connection, view, stored)

    async def settled(self) -> list[MovementSettled]:
        stored = await everything(self.shop.store)
        return [each.event.data for each in stored if isinstance(each.event.data, MovementSettled)]

    async def balances(self) -> dict[BalanceKey, int]:
        stored = await everything(self.shop.store)
        return fold_balances([each.event.data for each in stored if isinstance(each.event.data, JournalEntryPosted)])


def row_of(line: int, movement: Movement, cost: ProviderCost) -> SettlementRow:
    return SettlementRow(
        line=line,
        movement=movement.kind,
        operation_id=OperationId(uuid_of(movement)),
        reference=None,
        gross=movement.gross,
        cost=cost,
        net=movement.gross - eur("0.33"),
    )


def uuid_of(movement: Movement) -> OperationId:
    return OperationId(UUID(movement.movement_id))


def file_of(rows: tuple[Row, ...], settlement: str = "st_1") -> SettlementFile:
    return SettlementFile(
        settlement_id=settlement,
        provider=SIMULATOR,
        bank="house",
        currency="EUR",
        paid_at=NOW,
        total=sum((row.net for row in rows), start=zero("EUR")),
        rows=rows,
    )


def outcomes(results: list[RowResult]) -> list[RowOutcome]:
    return [result.outcome for result in results]


@pytest.fixture
async def desk(shop: Shop, database_url: str) -> AsyncIterator[Desk]:
    pool = ReadPool(database_url)
    await pool.open()
    yield Desk(shop, pool, database_url)
    await pool.aclose()


async def test_every_movement_is_settled_and_nothing_is_left(shop: Shop, desk: Desk) -> None:
    first, second = await shop.captured(), await shop.captured()
    await shop.payments.refund(first, a_caller(), amount_minor=1_000, reason="")
    file = await desk.file(first, second)
    assert outcomes(await desk.apply(file)) == [RowOutcome.APPLIED] * 3
    balances = await desk.balances()
    assert balances[BalanceKey(psp_clearing(SIMULATOR), "EUR")] == 0
    assert balances[BalanceKey(bank("house"), "EUR")] == file.total.minor
    await desk.catch_up()
    async with desk.pool.connection() as connection:
        [left] = await unsettled_of_provider(connection, SIMULATOR)
        [row] = await unsettled(connection, MERCHANT)
    assert (left.net_minor, left.movements) == (0, 0)
    assert (row.captured_minor, row.refunded_minor, row.movements) == (0, 0, 0)


async def test_a_file_applied_a_second_time_changes_nothing(shop: Shop, desk: Desk) -> None:
    file = await desk.file(await shop.captured(), await shop.captured())
    await desk.apply(file)
    before = await everything(shop.store)
    assert outcomes(await desk.apply(file)) == [RowOutcome.APPLIED_BEFORE] * 2
    assert await everything(shop.store) == before


async def test_an_import_that_broke_off_goes_on_where_it_was(shop: Shop, desk: Desk) -> None:
    file = await desk.file(*[await shop.captured() for _ in range(3)])
    await desk.catch_up()
    shop.flaky.fail_after = 1
    with pytest.raises(StoreUnavailable):
        await desk.apply(file)
    results = await desk.apply(file)
    assert RowOutcome.REFUSED not in outcomes(results)
    assert len(await desk.settled()) == 3


async def test_rows_of_one_payment_do_not_get_in_each_others_way(shop: Shop, desk: Desk) -> None:
    payment_id = await shop.captured()
    for _ in range(20):
        await shop.payments.refund(payment_id, a_caller(), amount_minor=100, reason="")
    file = await desk.file(payment_id)
    assert outcomes(await desk.apply(file)) == [RowOutcome.APPLIED] * 21


async def test_a_row_that_does_not_fit_is_refused_and_the_others_are_applied(shop: Shop, desk: Desk) -> None:
    file = await desk.file(await shop.captured(), await shop.captured())
    wrong = replace(file.rows[0], gross=eur("90.00"), net=eur("89.67"))
    unknown = replace(file.rows[0], operation_id=OperationId(uuid4()))
    results = await desk.apply(file_of((wrong, file.rows[1], unknown)))
    assert outcomes(results) == [RowOutcome.REFUSED, RowOutcome.APPLIED, RowOutcome.REFUSED]
    assert isinstance(results[0].refusal, MovementDiffers)
    assert isinstance(results[2].refusal, MovementUnknown)


async def test_a_movement_that_another_settlement_has_is_refused(shop: Shop, desk: Desk) -> None:
    payment_id = await shop.captured()
    await desk.apply(await desk.file(payment_id))
    [again] = await desk.apply(await desk.file(payment_id, settlement="st_2"))
    assert isinstance(again.refusal, MovementDiffers)
    assert again.refusal.what == "settlement"


async def test_another_providers_file_settles_nothing_of_ours(shop: Shop, desk: Desk) -> None:
    file = await desk.file(await shop.captured())
    [result] = await desk.apply(replace(file, provider=ProviderName("southbank")))
    assert isinstance(result.refusal, MovementDiffers)
    assert result.refusal.what == "provider"


async def test_a_movement_is_found_by_the_providers_reference(shop: Shop, desk: Desk) -> None:
    payment_id = await shop.captured()
    [row] = (await desk.file(payment_id)).rows
    await desk.catch_up()
    async with open_views(desk.database_url) as connection:
        [kept] = (await all_rows(connection, RECONCILIATION)).values()
    named = replace(row, operation_id=None, reference=kept.reference)
    assert outcomes(await desk.apply(file_of((named,)))) == [RowOutcome.APPLIED]
    as_refund = replace(named, movement=MovementKind.REFUND)
    [result] = await desk.apply(file_of((as_refund,)))
    assert isinstance(result.refusal, MovementUnknown)


async def test_a_reference_of_two_movements_names_neither(shop: Shop, desk: Desk) -> None:
    payments = [await shop.captured(), await shop.captured()]
    [row, _] = (await desk.file(*payments)).rows
    await desk.catch_up()
    async with open_views(desk.database_url) as connection:
        await connection.execute("UPDATE views.reconciliation SET reference = 'used_twice'")
    [result] = await desk.apply(file_of((replace(row, operation_id=None, reference="used_twice"),)))
    assert isinstance(result.refusal, MovementAmbiguous)
    assert await desk.settled() == []


async def test_what_a_card_cost_more_is_taken_down_to_the_limit_and_then_owed(shop: Shop, desk: Desk) -> None:
    terms = shop.pricing.terms
    settlement = replace(terms.settlement, negative_limit_minor={"EUR": 100})
    shop.pricing = replace(shop.pricing, terms=replace(terms, fees=PLUS, settlement=settlement))
    payments = [await shop.captured(), await shop.captured()]
    dear = ProviderCost(interchange_minor=110)  # the estimate was 0.40
    for payment_id, name in zip(payments, ("st_1", "st_2"), strict=True):
        [row] = (await desk.file(payment_id, cost=dear)).rows
        assert isinstance(row, SettlementRow)
        net = row.gross - eur("1.10")
        assert outcomes(await desk.apply(file_of((replace(row, net=net),), name))) == [RowOutcome.APPLIED]
    balances = await desk.balances()
    assert balances[BalanceKey(available(MERCHANT), "EUR")] == -70
    assert balances[BalanceKey(owed(MERCHANT), "EUR")] == 70


async def test_the_report_adds_up_what_was_settled_by_kind_and_says_what_is_left(shop: Shop, desk: Desk) -> None:
    first, second, _third = [await shop.captured() for _ in range(3)]
    await shop.payments.refund(first, a_caller(), amount_minor=1_000, reason="")
    await desk.apply(await desk.file(first, second))
    await desk.catch_up()
    report = settlement_report_resource(
        await provider_settlements(desk.pool.connection, SIMULATOR, begin=NOW, end=NOW + timedelta(seconds=1))
    )
    assert [(each.movement, each.movements, each.gross, each.cost, each.net) for each in report.settled] == [
        ("capture", 2, 20_000, 66, 20_000 - 66),
        ("refund", 1, -1_000, 33, -1_033),
    ]
    assert [(left.movements, left.net) for left in report.unsettled] == [(1, 10_000)]
    assert (await provider_settlements(desk.pool.connection, SIMULATOR, begin=None, end=NOW)).settled == []
    assert settlement_csv(report).splitlines()[1:] == [
        "EUR,capture,2,200.00,0.40,0.06,0.20,0.00,0.66,199.34",
        "EUR,refund,1,-10.00,0.20,0.03,0.10,0.00,0.33,-10.33",
        "EUR,unsettled,1,100.00,,,,,,100.00",
    ]


async def test_reconciliation_knows_in_which_settlement_a_movement_was(shop: Shop, desk: Desk) -> None:
    first, _ = await shop.captured(), await shop.captured()
    await desk.apply(await desk.file(first))
    await desk.catch_up()
    async with open_views(desk.database_url) as connection:
        rows = (await all_rows(connection, RECONCILIATION)).values()
    assert {row.payment_id == first: row.settlement_id for row in rows} == {True: "st_1", False: None}


# what is no movement


def item(line: int, kind: ItemKind, minor: int, reference: str | None = None) -> ItemRow:
    gross = Money(minor, "EUR")
    return ItemRow(line=line, kind=kind, reference=reference, gross=gross, cost=ProviderCost(), net=gross)


async def test_what_is_no_movement_is_booked_once_and_never_to_a_merchant(desk: Desk) -> None:
    fee, rent = item(8, ItemKind.DISPUTE_FEE, -1_500, "dp_1"), item(9, ItemKind.FEE, -2_500)
    file = file_of((fee, rent, item(10, ItemKind.ADJUSTMENT, 310), item(11, ItemKind.RESERVE, -4_000)))

    assert [each.outcome for each in await desk.apply(file)] == [RowOutcome.APPLIED] * 4
    assert [each.outcome for each in await desk.apply(file)] == [RowOutcome.APPLIED_BEFORE] * 4

    balances = await desk.balances()
    assert {key.account: minor for key, minor in balances.items()} == {
        bank("house"): -7_690,
        psp_fees(SIMULATOR): 4_000,
        psp_reserve(SIMULATOR): 4_000,
        suspense(SIMULATOR): -310,
    }
    await desk.catch_up()
    assert await desk.settlements.applied_before(file) == 4


async def test_an_unknown_row_is_told_and_the_others_are_applied(desk: Desk) -> None:
    payment_id = await desk.shop.captured()
    [capture] = (await desk.file(payment_id)).rows
    unknown = UnknownRow(line=9, movement="topup", named="tu_1", net=eur("-5.00"))

    results = await desk.apply(file_of((unknown, capture, item(10, ItemKind.FEE, -100))))

    by_line = {each.row.line: each for each in results}
    assert by_line[9].outcome is RowOutcome.REFUSED
    assert isinstance(by_line[9].refusal, RowKindUnknown)
    assert {by_line[line].outcome for line in (8, 10)} == {RowOutcome.APPLIED}


async def test_a_corrected_file_is_applied(desk: Desk) -> None:
    unknown = UnknownRow(line=8, movement="monthly", named="rent", net=eur("-5.00"))
    wrong = file_of((unknown, item(9, ItemKind.FEE, -100)))
    await desk.apply(wrong)

    right = file_of((item(8, ItemKind.FEE, -550, "rent"), item(9, ItemKind.FEE, -100)))
    results = await desk.apply(replace(right, total=wrong.total + eur("-0.50")))

    assert [each.outcome for each in results] == [RowOutcome.APPLIED, RowOutcome.APPLIED_BEFORE]
    assert (await desk.balances())[BalanceKey(psp_fees(SIMULATOR), "EUR")] == 650


@pytest.mark.parametrize(
    ("what", "changes"),
    [("bank", {"bank": "other"}), ("time of payment", {"paid_at": NOW - timedelta(days=1)})],
)
async def test_a_settlement_that_comes_again_and_is_another_one_is_refused(
    desk: Desk, what: str, changes: dict[str, Any]
) -> None:
    file = file_of((item(8, ItemKind.FEE, -100),))
    await desk.apply(file)

    with pytest.raises(SettlementDiffers) as refusal:
        await desk.apply(replace(file, **changes))
    assert refusal.value.what == what


async def test_a_row_that_comes_again_with_another_amount_is_refused(desk: Desk) -> None:
    await desk.apply(file_of((item(8, ItemKind.FEE, -100),)))

    [result] = await desk.apply(file_of((item(8, ItemKind.FEE, -200),)))

    assert isinstance(result.refusal, ItemDiffers)
    assert (result.refusal.ours, result.refusal.theirs) == ("-1.00 EUR", "-2.00 EUR")
