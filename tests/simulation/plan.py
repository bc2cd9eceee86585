"""What happens in a run, all of it drawn from one seed: the orders, what goes wrong at the providers, who is killed."""

import random
from typing import Any, Final

from msgspec import Struct

from infrastructure.simulator.faults import Faults

PROVIDERS: Final = ("north", "south", "west")
API: Final = "api"
WORKER: Final = "worker"
KILLED: Final = (API, API, WORKER, *PROVIDERS)
"""Who is killed, the API as often as any two others: it is the one that has payments in hand."""
SERVING_ALONE: Final = 0.7
PAYMENTS_A_KILL: Final = 60
SPELL_PAYMENTS_MIN: Final = 6
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
CURRENCIES: Final = ("EUR", "USD", "JPY", "KWD", "INR")


class Order(Struct, frozen=True, kw_only=True):
    """One payment. `created_first` confirms it in a request of its own; `copies` requests are sent at once under one
    key, and the first of them is hung up on after `patience_s`. `steps_seed` decides what is done with it later."""

    number: int
    body: dict[str, Any]
    created_first: bool
    copies: int
    patience_s: float | None
    steps_max: int
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


class Plan(Struct, frozen=True, kw_only=True):
    """`happenings` in the order in which they come."""

    seed: int
    orders: tuple[Order, ...]
    happenings: tuple[Kill | Weather, ...]


def plan(seed: int, payments: int) -> Plan:
    """The run of `seed`: the same for the same arguments, down to the last draw."""
    choose = random.Random(seed)
    orders = tuple(_order(seed, number, choose) for number in range(1, payments + 1))
    happenings: list[Kill | Weather] = []
    for provider in PROVIDERS:
        at = 0
        while at < payments:
            happenings.append(Weather(at=at, provider=provider, faults=_faults(choose)))
            at += choose.randint(SPELL_PAYMENTS_MIN, max(2 * SPELL_PAYMENTS_MIN, payments // 15))
    for _ in range(max(choose.randint(1, 2), payments // PAYMENTS_A_KILL)):
        happenings.append(
            Kill(
                at=choose.randint(1, max(1, payments * 9 // 10)),
                process=choose.choice(KILLED),
                serving=choose.random() < SERVING_ALONE,
                down_s=choose.uniform(0, DOWN_S_MAX),
            )
        )
    return Plan(seed=seed, orders=orders, happenings=tuple(sorted(happenings, key=lambda happening: happening.at)))


def _order(seed: int, number: int, choose: random.Random) -> Order:
    body = {
        "customer_id": f"customer-{number}",
        "amount": choose.randint(100, 100_000),
        "currency": choose.choice(CURRENCIES),
        "payment_method": {"type": "card", "token": choose.choice((*APPROVED * 6, *REFUSED, *TROUBLED))},
        "capture_method": choose.choice(("manual", "automatic")),
    }
    return Order(
        number=number,
        body=body,
        created_first=choose.random() < 0.2,
        copies=2 if choose.random() < 0.1 else 1,
        patience_s=choose.uniform(0, HUNG_UP_AFTER_S_MAX) if choose.random() < 0.1 else None,
        steps_max=choose.randint(0, 3),
        steps_seed=f"{seed}/{number}",
    )


def _faults(choose: random.Random) -> Faults:
    """Fair weather, or one of the ways to be bad, or some of all."""
    seed = choose.randrange(2**32)
    slow_s = choose.choice((0.1, 0.3, 0.9))
    match choose.choice(("fair", "down", "failing", "losing", "slow", "declining", "all")):
        case "fair":
            return Faults(seed=seed)
        case "down":
            return Faults(seed=seed, down=True)
        case "failing":
            return Faults(seed=seed, error_5xx_percent=choose.uniform(10, 60))
        case "losing":
            return Faults(seed=seed, lost_answer_percent=choose.uniform(10, 40))
        case "slow":
            return Faults(seed=seed, slow_percent=choose.uniform(20, 60), slow_s=slow_s)
        case "declining":
            return Faults(seed=seed, decline_percent=choose.uniform(20, 90))
        case _:
            return Faults(
                seed=seed,
                error_5xx_percent=choose.uniform(0, 15),
                lost_answer_percent=choose.uniform(0, 15),
                slow_percent=choose.uniform(0, 15),
                slow_s=slow_s,
                decline_percent=choose.uniform(0, 25),
            )
