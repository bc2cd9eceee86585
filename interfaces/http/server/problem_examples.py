"""Examples of refusals in the OpenAPI document, described by the problem table itself so that they stay true."""

from typing import Any, Final

import msgspec

from interfaces.http.dispute.examples import EXAMPLES as DISPUTES
from interfaces.http.operator.examples import EXAMPLES as OPERATORS
from interfaces.http.payment.examples import examples_of_payments
from interfaces.http.payout.examples import EXAMPLES as PAYOUTS
from interfaces.http.webhooks.examples import EXAMPLES as WEBHOOKS
from interfaces.resources.problems.table import PROBLEMS, problem_body
from interfaces.resources.refusals import BodyTooSlow, HeaderRepeated, TargetTooLong

REQUEST_ID: Final = "req_01kah2q6c8f3v9w1x5y7z0b4d6"

_OF_ANY: Final[tuple[Exception, ...]] = (
    HeaderRepeated(name="Idempotency-Key"),
    TargetTooLong(bytes_max=8192),
    BodyTooSlow(within_s=5),
)
_OF_OPERATION: Final = {**DISPUTES, **OPERATORS, **PAYOUTS, **WEBHOOKS}
"""Every other operation is one on payments."""


def examples_of(operation_id: str, status: int, *, is_command: bool) -> dict[str, dict[str, Any]]:
    """For OpenAPI, by the problem's slug: refusals that the operation may give with `status`."""
    refusals = _OF_OPERATION.get(operation_id) or examples_of_payments(operation_id, is_command=is_command)
    return {
        PROBLEMS[type(refusal)].slug: {
            "summary": PROBLEMS[type(refusal)].title,
            "value": msgspec.to_builtins(problem_body(refusal, REQUEST_ID)),
        }
        for refusal in (*_OF_ANY, *refusals)
        if PROBLEMS[type(refusal)].status == status
    }
