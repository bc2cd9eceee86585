"""Operators in requests: who acts is in every event, and an auditor only looks."""

from typing import Any

from litestar import Request

from application.access.operator import KnownOperator, Role
from domain.history import Cause
from interfaces.resources.refusals import OperatorRoleNeeded

OperatorRequest = Request[KnownOperator, None, Any]


def operator_cause(request: OperatorRequest) -> Cause:
    """For what an operator does. Raises OperatorRoleNeeded for an auditor."""
    if request.user.role is not Role.OPERATOR:
        raise OperatorRoleNeeded()
    state = request.scope["state"]
    return Cause(actor=f"operator:{request.user.key_id}", request_id=state["request_id"], trace_id=state["trace_id"])
