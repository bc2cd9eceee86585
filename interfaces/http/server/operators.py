"""Operators in requests: every event names its operator, and an auditor has read access only."""

from typing import Any

from litestar import Request

from application.access.operator import KnownOperator, Role
from domain.history import Cause
from interfaces.resources.refusals import OperatorRoleNeeded

OperatorRequest = Request[KnownOperator, None, Any]


def operator_cause(request: OperatorRequest) -> Cause:
    """The cause of an operator's act. Raises OperatorRoleNeeded for an auditor."""
    if request.user.role is not Role.OPERATOR:
        raise OperatorRoleNeeded()
    state = request.scope["state"]
    return Cause(actor=f"operator:{request.user.key_id}", request_id=state["request_id"], trace_id=state["trace_id"])
