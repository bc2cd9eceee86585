"""The sequence of the demonstration: orders, incidents, one merchant's money from card to bank, then the checks."""

import asyncio
import time
from collections.abc import Sequence

import aiohttp
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress

from application.access.merchant import create_key, create_merchant
from application.access.operator import Role, create_operator_key
from interfaces import ids
from interfaces.cli.progress import all_events
from interfaces.cli.shared import operator
from interfaces.composition import Core, utc_now, view_connection
from interfaces.demo.agreement import publish_rates
from interfaces.demo.bank_books import bank_differences, bank_payments
from interfaces.demo.book_checkers import check_with_programs
from interfaces.demo.checks import check
from interfaces.demo.incidents import Incident, Incidents
from interfaces.demo.money import MoneyMoved, move_money
from interfaces.demo.money_report import print_agreed, print_disputes, print_payout, print_programs, print_steps
from interfaces.demo.orders import Order
from interfaces.demo.outcome import Outcome
from interfaces.demo.report import (
    Figures,
    print_balances,
    print_figures,
    print_incidents,
    print_refusals,
    print_statuses,
    print_timeline,
    print_trial_balance,
)
from interfaces.demo.shop import Result, Shop
from interfaces.runtime.settings import Settings
from projections.engine.checkpoint import positions
from projections.payout.payouts import PAYOUTS
from projections.verification import Replay
from projections.views import VIEWS

IN_FLIGHT_MAX = 32
TWICE_EVERY = 10
SETTLED_WITHIN_S = 60.0
_POLL_S = 0.05


async def demonstrate(settings: Settings, url: str, orders: Sequence[Order], console: Console) -> Outcome:
    """Send the orders through the API at `url`, cause the incidents, move one merchant's money to its bank account, and
    check everything."""
    connector = aiohttp.TCPConnector(limit=2 * IN_FLIGHT_MAX)
    async with Core(settings) as core, aiohttp.ClientSession(connector=connector) as http:
        # First of all, so that every process has read the rates before money is converted at them.
        rates = await publish_rates(core, operator("demo"))
        shops = await _open_shops(core, http, url, orders)
        figures, results = await _send(shops, orders)
        await _wait_until_settled(core)
        incidents = await _cause_incidents(core, http, url, next(iter(shops.values())))
        money = await move_money(core, http, url, rates=rates)
        await _wait_until_settled(core)
        replay, head = Replay(), await core.store.head()
        async for batch in all_events(core, "Replaying", up_to=head):
            replay.take_in(batch)
        verdict = await check(core, replay)
        money = await _compared_with_bank(settings, replay, money)
        programs = await check_with_programs(settings, head)
        print_statuses(console, verdict)
        balances = {name: (await shop.get("/v1/balances"))["balances"] for name, shop in shops.items()}
        print_balances(console, balances)
        print_trial_balance(console, verdict)
        print_refusals(console, figures)
        for order, payment_id in _most_eventful(orders, results):
            timeline = await shops[order.merchant].get(f"/v1/payments/{payment_id}/timeline")
            print_timeline(console, payment_id, timeline["timeline"])
        print_incidents(console, incidents)
        print_agreed(console, money)
        print_steps(console, money)
        print_payout(console, money)
        print_disputes(console, money)
        print_programs(console, programs)
        print_figures(console, figures)
        return Outcome(figures=figures, verdict=verdict, incidents=incidents, money=money, programs=programs)


async def _compared_with_bank(settings: Settings, replay: Replay, money: MoneyMoved) -> MoneyMoved:
    payments = await bank_payments(settings)
    return replace(money, bank_differences=bank_differences(replay.rows[PAYOUTS.name].values(), payments))


async def _cause_incidents(core: Core, http: aiohttp.ClientSession, url: str, shop: Shop) -> Sequence[Incident]:
    """At the preferred provider."""
    operator = await create_operator_key(core.access.operators, "demo", Role.OPERATOR, ids.new_id)
    preferred = core.accounts[0].url
    return await Incidents(http, api_url=url, provider_url=preferred, shop=shop, operator=operator).all()


async def _open_shops(core: Core, http: aiohttp.ClientSession, url: str, orders: Sequence[Order]) -> dict[str, Shop]:
    run = ids.new_id("run")
    shops = {}
    for name in sorted({order.merchant for order in orders}):
        merchant_id = await create_merchant(core.access.directory, name, ids.new_id)
        key = await create_key(core.access.directory, merchant_id, ids.new_id)
        shops[name] = Shop(http, url, key.secret, run)
    return shops


async def _send(shops: dict[str, Shop], orders: Sequence[Order]) -> tuple[Figures, list[Result]]:
    slots = asyncio.Semaphore(IN_FLIGHT_MAX)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("Sending orders", total=len(orders))

        async def place(number: int, order: Order) -> Result:
            async with slots:
                result = await shops[order.merchant].place(order, twice=number % TWICE_EVERY == 0)
            progress.advance(bar)
            return result

        started = time.perf_counter()
        results = await asyncio.gather(*(place(number, order) for number, order in enumerate(orders)))
        seconds = time.perf_counter() - started
    repeated = [result.duplicate_differed for result in results if result.duplicate_differed is not None]
    figures = Figures(
        payments=sum(result.payment_id is not None for result in results),
        refusals=[result.refusal for result in results if result.refusal is not None],
        duplicates_sent=len(repeated),
        duplicates_differing=sum(repeated),
        seconds=seconds,
        confirm_ms=[result.confirm_ms for result in results],
    )
    return figures, results


async def _wait_until_settled(core: Core) -> None:
    """Return once no outcome is unknown and every view has reached the end of the store, or after SETTLED_WITHIN_S."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    async with await view_connection(core.settings) as connection:
        while True:
            head = await core.store.head()
            stands = await positions(connection, VIEWS.values())
            unresolved = await core.payment.operation_queue.unresolved(claimed_before=utc_now())
            if not unresolved and min(stands.values()) >= head:
                return
            if time.monotonic() > deadline:
                # The checks report what is missing.
                return
            await asyncio.sleep(_POLL_S)


def _most_eventful(orders: Sequence[Order], results: Sequence[Result]) -> list[tuple[Order, str]]:
    """The paid order with the most steps, and its payment's id; empty when all orders were refused."""
    paid = [
        (order, result.payment_id)
        for order, result in zip(orders, results, strict=True)
        if result.payment_id is not None
    ]
    return sorted(paid, key=lambda pair: len(pair[0].then))[-1:]
