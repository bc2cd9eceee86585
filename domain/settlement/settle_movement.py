"""What a provider paid us for a movement, net of its cost; the fee that was an estimate until then is trued up."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from msgspec import Struct

from domain.errors import DomainError
from domain.identifiers import ProviderName
from domain.money.money import Money, zero
from domain.payment.debit import DebitSource
from domain.payment.events import MovementKind, MovementSettled, ProviderCost
from domain.payment.movements import Movement, MovementKey
from domain.payment.proceeds import Drawn, Proceeds, from_available, from_owed
from domain.payment.state import Payment, terms_of
from domain.terms.fee import Fee, FeeKind
from domain.terms.fee_plan import FeePlan, true_up

FeePlans = Callable[[str], FeePlan | None]
"""Any version there ever was of any plan; None for one that cannot be found."""

NO_FEE_PLAN = "none"
"""Of a movement on which no fee was charged that could be trued up."""


class MovementUnknown(DomainError):
    """Nothing of the kind has moved, as far as we know."""

    movement: MovementKind
    movement_id: str


class MovementDiffers(DomainError):
    """The provider says otherwise of the movement than our books do; `what` is what it differs in."""

    movement: MovementKind
    movement_id: str
    what: str
    ours: str
    theirs: str


class FeePlanMissing(DomainError):
    """The version of the plan that an estimated fee was charged by cannot be read, so that it cannot be trued up."""

    plan: str


class SettleMovement(Struct, frozen=True, kw_only=True):
    """`gross` is what the provider counts it for: negative where money went back. `cost` is in its currency."""

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
    """Record the settlement of one of the payment's `movements`; nothing when that same one is recorded. What the
    merchant is charged on is taken from `source`: what is available, or else it owes it.

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
        _require_same(command, "cost", _told(movement.settled.cost), _told(command.cost))
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
    """What the merchant is still to be charged, and by which plan."""
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
    """The cost in exact minor units of the currency that the merchant is settled in: of a converted capture the same
    share of what it was settled for as it is of what was taken, so that a cost just as it was estimated changes
    nothing."""
    conversion = proceeds.conversion
    if conversion is None:
        return Fraction(cost_minor)
    return Fraction(cost_minor * conversion.settled.minor, conversion.amount.minor)


def _drawn(more: Money, source: DebitSource) -> Drawn | None:
    """What is given back is given to what is available, wherever it was taken from."""
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


def _told(cost: ProviderCost) -> str:
    return (
        f"interchange {cost.interchange_minor}, scheme {cost.scheme_minor}, mark-up {cost.markup_minor}, "
        f"other {cost.other_minor}"
    )
