"""`tallystick record`: operations in a provider's records that no notification has reported are recorded by hand."""

from collections.abc import Callable, Coroutine
from typing import Any

import click

from application.payment.adoption import Adopted
from domain.event import name_of
from domain.history import Cause
from domain.identifiers import PaymentId
from domain.payment.events import OperationKind
from domain.payment.status import status_of
from interfaces import ids
from interfaces.cli.doubts import PAYMENT
from interfaces.cli.shared import console, operator_option, report_failures, with_core
from interfaces.composition import Core

TEXT_CHARACTERS_MAX = 255


class Text(click.ParamType[str]):
    """A text that is stored with the payment, of at most TEXT_CHARACTERS_MAX printable characters."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value or value != value.strip() or not value.isprintable() or len(value) > TEXT_CHARACTERS_MAX:
            self.fail(f"expected up to {TEXT_CHARACTERS_MAX} printable characters", param, ctx)
        return str(value)


named = click.option(
    "--reference", type=Text(), required=True, help="The provider's own name for it: recorded once, however often."
)
of_amount = click.option(
    "--amount", type=click.IntRange(min=1), required=True, help="In minor units of the payment's currency."
)
because = click.option(
    "--reason", type=Text(), required=True, help="Why, in words: kept with the payment, where its merchant reads it."
)


@click.group("record")
def record() -> None:
    """What was done at a provider without us, as the provider's own records show it.

    Look it up there first: it is recorded in full, under your name, and moves the merchant's money. What is on record
    already stays as it is; the same reference with another amount, or of another payment, is refused. The notifications
    that it explains are read once more, and their dead letters end.
    """


@record.command("refund")
@click.argument("payment", type=PAYMENT)
@named
@of_amount
@because
@operator_option
@report_failures
def refund(payment: PaymentId, reference: str, amount: int, reason: str, cause: Cause) -> None:
    """Record that a refund of PAYMENT (pay_…) was made at the provider.

    The merchant is debited, beyond its limit if need be; what is more than the payment has left becomes its debt, or
    our loss, as its terms say. While a refund of ours has no outcome yet, that one has to be settled first.
    """
    _made_at_provider(payment, OperationKind.REFUND, reference, amount, reason, cause)


@record.command("capture")
@click.argument("payment", type=PAYMENT)
@named
@of_amount
@because
@operator_option
@report_failures
def capture(payment: PaymentId, reference: str, amount: int, reason: str, cause: Cause) -> None:
    """Record that money of PAYMENT (pay_…) was captured at the provider.

    Also more than was reserved, and after the authorisation has ended.
    """
    _made_at_provider(payment, OperationKind.CAPTURE, reference, amount, reason, cause)


@record.command("void")
@click.argument("payment", type=PAYMENT)
@named
@because
@operator_option
@report_failures
def void(payment: PaymentId, reference: str, reason: str, cause: Cause) -> None:
    """Record that what is still reserved for PAYMENT (pay_…) was released at the provider."""
    _made_at_provider(payment, OperationKind.VOID, reference, None, reason, cause)


@record.command("refund-failed")
@click.argument("payment", type=PAYMENT)
@named
@of_amount
@because
@operator_option
@report_failures
def refund_failed(payment: PaymentId, reference: str, amount: int, reason: str, cause: Cause) -> None:
    """Record that a refund of PAYMENT (pay_…) failed after it had succeeded.

    The merchant gets back what the refund had debited, its fee too, and the money can be refunded again.
    """
    _act(
        lambda core: core.webhook_in.operator_records.refund_failed_later(
            payment, reference=reference, amount_minor=amount, reason=reason, cause=cause
        )
    )


def _made_at_provider(
    payment: PaymentId, kind: OperationKind, reference: str, amount_minor: int | None, reason: str, cause: Cause
) -> None:
    _act(
        lambda core: core.webhook_in.operator_records.made_at_provider(
            payment, kind, reference=reference, amount_minor=amount_minor, reason=reason, cause=cause
        )
    )


def _act(work: Callable[[Core], Coroutine[Any, Any, Adopted]]) -> None:
    """Do the work, and print the recorded events and the payment's status."""
    adopted = with_core(work, needs_open_store=True)
    recorded = ", ".join(map(name_of, adopted.events)) or "nothing, it is on record already"
    payment_id = ids.text_of(ids.PAYMENT, adopted.loaded.id)
    console.print(f"Recorded: {recorded}. {payment_id} is {status_of(adopted.loaded.payment)}.")
