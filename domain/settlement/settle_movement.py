"""A movement is settled net of its cost, and the fee that was estimated for it is trued up."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import ProviderName
from domain.money.money import Money, zero
from domain.payment.debit import DebitSource
from domain.payment.movements import Movement, MovementKey
from domain.payment.proceeds import Drawn, Proceeds, from_available, from_owed
from domain.payment.settlement_events import MovementKind, MovementSettled, ProviderCost
from domain.payment.state import Payment, terms_of
from domain.terms.fee import Fee, FeeKind
from domain.terms.fee_plan import FeePlan, true_up

FeePlans = Callable[[str], FeePlan | None]
"""The fee plan of a version; None where no plan has that version."""

NO_FEE_PLAN = "none"
"""The plan of a movement without a fee to be trued up."""


class MovementUnknown(DomainError):
    """No movement of that kind and id is on record."""

    movement: MovementKind
    movement_id: str


class MovementDiffers(DomainError):
    """The provider's row and our books differ about the movement in `what`."""

    movement: MovementKind
    movement_id: str
    what: str
    ours: str
    theirs: str


class FeePlanMissing(DomainError):
    """The fee plan of an estimated fee cannot be read, so the fee cannot be trued up."""

    plan: str


class SettleMovement(Struct, frozen=True, kw_only=True):
    """`gross` is the provider's amount of the movement, negative where money went back; `cost` is in the same
    currency."""

    provider: ProviderName
    settlement_id: str
    bank: str
    movement: MovementKind
    movement_id: str
    gross: Money
    cost: ProviderCost


def settle_movement(
    payment: Payment,
    movements: Mapping[MovementKey, Movement],
    command: SettleMovement,
    plans: FeePlans,
    *,
    source: DebitSource = DebitSource.AVAILABLE,
) -> tuple[MovementSettled, ...]:
    """Record the settlement of one of the payment's `movements`; no event when the same settlement is on record. A fee
    trued up to the merchant's cost is taken from `source`: the available balance, or a debt.

    Raises MovementUnknown, MovementDiffers, FeePlanMissing.
    """
    movement = movements.get((command.movement, command.movement_id))
    if movement is None:
        raise MovementUnknown(movement=command.movement, movement_id=command.movement_id)
    _require_same(command, "provider", movement.provider, command.provider)
    _require_same(command, "amount", str(movement.gross), str(command.gross))
    if movement.settled is not None:
        _require_same(command, "settlement", movement.settled.settlement_id, command.settlement_id)
        _require_same(command, "bank", movement.settled.bank, command.bank)
        _require_same(command, "cost", _cost_text(movement.settled.cost), _cost_text(command.cost))
        return ()
    more, plan = _true_up(movement, command.cost, plans)
    return (
        MovementSettled(
            merchant_id=terms_of(payment).merchant_id,
            provider=command.provider,
            settlement_id=command.settlement_id,
            bank=command.bank,
            movement=command.movement,
            movement_id=command.movement_id,
            gross=command.gross,
            cost=command.cost,
            true_up=more,
            drawn=_drawn(more, source),
            fee_plan=plan,
        ),
    )


def _true_up(movement: Movement, cost: ProviderCost, plans: FeePlans) -> tuple[Money, str]:
    """The amount still to be charged to the merchant, and the plan's version."""
    proceeds = movement.proceeds
    estimated = None if proceeds is None else _estimated(proceeds)
    if proceeds is None or estimated is None:
        settled_in = movement.gross.currency if proceeds is None else proceeds.gross.currency
        return zero(settled_in), NO_FEE_PLAN
    plan = plans(estimated.plan)
    if plan is None:
        raise FeePlanMissing(plan=estimated.plan)
    actual = _as_settled(cost.interchange_minor + cost.scheme_minor, proceeds)
    return true_up(plan, estimated, proceeds.gross, actual), estimated.plan


def _estimated(proceeds: Proceeds) -> Fee | None:
    return next((fee for fee in proceeds.fees if fee.estimate and fee.kind is FeeKind.PROCESSING), None)


def _as_settled(cost_minor: int, proceeds: Proceeds) -> Fraction:
    """The cost in exact minor units of the currency that the merchant is settled in. For a converted capture the cost
    has the same ratio to the settled amount as `cost_minor` has to the captured amount, so that a cost equal to its
    estimate changes nothing."""
    conversion = proceeds.conversion
    if conversion is None:
        return Fraction(cost_minor)
    return Fraction(cost_minor * conversion.settled.minor, conversion.amount.minor)


def _drawn(more: Money, source: DebitSource) -> Drawn | None:
    """The accounts that the true-up is taken from. A fee given back always goes to the available balance."""
    if more.minor == 0:
        return None
    if more.minor < 0:
        return from_available(-more)
    return from_owed(more) if source is DebitSource.OWED else from_available(more)


def _require_same(command: SettleMovement, what: str, ours: str, theirs: str) -> None:
    if ours != theirs:
        raise MovementDiffers(
            movement=command.movement, movement_id=command.movement_id, what=what, ours=ours, theirs=theirs
        )


def _cost_text(cost: ProviderCost) -> str:
    return (
        f"interchange {cost.interchange_minor}, scheme {cost.scheme_minor}, mark-up {cost.markup_minor}, "
        f"other {cost.other_minor}"
    )
