"""What happens in a run, all of it drawn from one seed: the orders, what goes wrong at the providers, who is killed."""

import random
from typing import Any, Final

import msgspec
from msgspec import Struct

from infrastructure.simulator.faults import Faults, WebhookFaults

PROVIDERS: Final = ("north", "south", "west")
API: Final = "api"
WORKER: Final = "worker"
KILLED: Final = (API, API, WORKER, *PROVIDERS)
"""Who is killed, the API as often as any two others: it is the one that has payments in hand."""
SERVING_ALONE: Final = 0.8
PAYMENTS_A_KILL: Final = 60
SPELL_PAYMENTS_MIN: Final = 6
LOSING_PAYMENTS_MIN: Final = 500
"""Providers lose notices in the first half of runs of so many payments and more: to learn without them takes half a
minute, or one."""
SOFT_DECLINES: Final = ("try_again_later", "issuer_unavailable", "processing_error")
"""After which the policies of every run go on to the next provider."""
DOWN_S_MAX: Final = 0.4
HUNG_UP_AFTER_S_MAX: Final = 0.3

APPROVED: Final = ("tok_visa", "tok_mastercard", "tok_amex")
REFUSED: Final = ("tok_declined", "tok_insufficient_funds", "tok_expired_card", "tok_fraud", "tok_do_not_honor")
TROUBLED: Final = (
    "tok_try_again",
    "tok_issuer_unavailable",
    "tok_error_5xx",
    "tok_timeout",
    "tok_slow",
    "tok_pending_capture",
    "tok_capture_timeout",
    "tok_capture_declined",
    "tok_refund_timeout",
    "tok_refund_declined",
)
WITH_CUSTOMER: Final = (
    ("card", "tok_3ds"),
    ("card", "tok_3ds_approves"),
    ("card", "tok_3ds_declines"),
    ("wallet", "wallet_approves"),
    ("wallet", "wallet_declines"),
    ("wallet", "wallet_waits"),
    ("upi_collect", "upi_approves"),
    ("upi_collect", "upi_declines"),
    ("upi_collect", "upi_waits"),
    ("bank_transfer", "bank_approves"),
    ("bank_transfer", "bank_waits"),
)
"""Methods whose customer has to act, and what that one does; who waits acts when told to, or never."""
WITH_CUSTOMER_SHARE: Final = 0.3
CURRENCIES: Final = ("EUR", "USD", "JPY", "KWD", "INR")


class Order(Struct, frozen=True, kw_only=True):
    """One payment. `created_first` confirms it in a request of its own; `copies` requests are sent at once under one
    key, and the first of them is hung up on after `patience_s`. `steps_seed` decides what is done with it later, by
    `hands` at once that know nothing of each other."""

    number: int
    body: dict[str, Any]
    created_first: bool
    copies: int
    patience_s: float | None
    steps_max: int
    hands: int
    steps_seed: str


class Kill(Struct, frozen=True, kw_only=True):
    """SIGKILL once `at` orders are answered, and a new start `down_s` later. `serving` kills what serves requests
    alone, which its supervisor starts again."""

    at: int
    process: str
    serving: bool
    down_s: float


class Weather(Struct, frozen=True, kw_only=True):
    """How a provider does from the `at`th answered order on, until its next weather."""

    at: int
    provider: str
    faults: Faults


class Customers(Struct, frozen=True, kw_only=True):
    """Once `at` orders are answered, everybody whom a provider waits for acts: `approves_percent` of them approve."""

    at: int
    provider: str
    approves_percent: float


class Policy(Struct, frozen=True, kw_only=True):
    """The routing policy that an operator adds and activates once `at` orders are answered."""

    at: int
    document: str


Happening = Kill | Weather | Customers | Policy


class Plan(Struct, frozen=True, kw_only=True):
    """`happenings` in the order in which they come."""

    seed: int
    orders: tuple[Order, ...]
    happenings: tuple[Happening, ...]


def plan(seed: int, payments: int) -> Plan:
    """The run of `seed`: the same for the same arguments, down to the last draw."""
    choose = random.Random(seed)
    orders = tuple(_order(seed, number, choose) for number in range(1, payments + 1))
    happenings: list[Happening] = []
    for provider in PROVIDERS:
        at = 0
        while at < payments:
            faults = _faults(choose, loses_notices=payments >= LOSING_PAYMENTS_MIN and at < payments // 2)
            happenings.append(Weather(at=at, provider=provider, faults=faults))
            at += choose.randint(SPELL_PAYMENTS_MIN, max(2 * SPELL_PAYMENTS_MIN, payments // 15))
    for _ in range(max(choose.choice((1, 1, 1, 2)), payments // PAYMENTS_A_KILL)):
        happenings.append(
            Kill(
                at=choose.randint(1, max(1, payments * 9 // 10)),
                process=choose.choice(KILLED),
                serving=choose.random() < SERVING_ALONE,
                down_s=choose.uniform(0, DOWN_S_MAX),
            )
        )
    for at in (0, payments // 3, payments // 2):
        happenings.append(Policy(at=at, document=_policy(choose)))
    for at in (payments // 4, payments // 2, payments * 3 // 4):
        share = choose.uniform(0, 100)
        happenings += [Customers(at=at, provider=provider, approves_percent=share) for provider in PROVIDERS]
    return Plan(seed=seed, orders=orders, happenings=tuple(sorted(happenings, key=lambda happening: happening.at)))


def _order(seed: int, number: int, choose: random.Random) -> Order:
    body = {
        "customer_id": f"customer-{number}",
        "amount": choose.randint(100, 100_000),
        "currency": choose.choice(CURRENCIES),
        "payment_method": _method(choose),
        "capture_method": choose.choice(("manual", "automatic")),
    }
    return Order(
        number=number,
        body=body,
        created_first=choose.random() < 0.2,
        copies=2 if choose.random() < 0.1 else 1,
        patience_s=choose.uniform(0, HUNG_UP_AFTER_S_MAX) if choose.random() < 0.1 else None,
        steps_max=choose.randint(0, 3),
        hands=choose.choice((1, 1, 1, 2)),
        steps_seed=f"{seed}/{number}",
    )


def _method(choose: random.Random) -> dict[str, str]:
    if choose.random() < WITH_CUSTOMER_SHARE:
        method, token = choose.choice(WITH_CUSTOMER)
        return {"type": method, "token": token}
    return {"type": "card", "token": choose.choice((*APPROVED * 6, *REFUSED, *TROUBLED))}


def _policy(choose: random.Random) -> str:
    def providers() -> list[str]:
        return choose.sample(PROVIDERS, len(PROVIDERS))

    def split() -> dict[str, int]:
        first, second = sorted(choose.sample(range(1, 100), 2))
        return dict(zip(providers(), (first, second - first, 100 - second), strict=True))

    document = {
        "name": "chaos",
        "costs": {provider: {"basis_points": choose.randint(50, 300)} for provider in PROVIDERS},
        "rules": [
            {"name": "with-customer", "when": "method != 'card'", "priority": providers()},
            {"name": "doing-well", "when": "providers.north.success_bp > 7000", "cheapest": providers()},
        ],
        "default": choose.choice(({"priority": providers()}, {"split": split()}, {"cheapest": providers()})),
        "retry": {"soft_declines": SOFT_DECLINES, "attempts_max": choose.randint(2, 3), "total_s_max": 30},
    }
    return msgspec.json.encode(document).decode()


def _faults(choose: random.Random, *, loses_notices: bool) -> Faults:
    """Fair weather, or one of the ways to be bad, or some of all; and its notices come late, twice, in any order."""
    seed = choose.randrange(2**32)
    slow_s = choose.choice((0.1, 0.3, 0.9))
    webhooks = WebhookFaults(
        duplicate_percent=choose.choice((0, 20, 60)),
        delay_s_max=choose.choice((0, 0.2, 2)),
        drop_percent=choose.choice((0, 5)) if loses_notices else 0,
        muted=choose.random() < 0.2,
    )
    match choose.choice(("fair", "fair", "fair", "down", "failing", "losing", "slow", "declining", "all")):
        case "fair":
            return Faults(seed=seed, webhooks=webhooks)
        case "down":
            return Faults(seed=seed, webhooks=webhooks, down=True)
        case "failing":
            return Faults(seed=seed, webhooks=webhooks, error_5xx_percent=choose.uniform(10, 60))
        case "losing":
            return Faults(seed=seed, webhooks=webhooks, lost_answer_percent=choose.uniform(10, 40))
        case "slow":
            return Faults(seed=seed, webhooks=webhooks, slow_percent=choose.uniform(20, 60), slow_s=slow_s)
        case "declining":
            return Faults(seed=seed, webhooks=webhooks, decline_percent=choose.uniform(20, 90))
        case _:
            return Faults(
                seed=seed,
                webhooks=webhooks,
                error_5xx_percent=choose.uniform(0, 15),
                lost_answer_percent=choose.uniform(0, 15),
                slow_percent=choose.uniform(0, 15),
                slow_s=slow_s,
                decline_percent=choose.uniform(0, 25),
            )
