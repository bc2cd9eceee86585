"""The problems of API keys, merchants and operators."""

from typing import Final

from application.access.merchant import KeyNotFound, MerchantNotFound
from interfaces.resources.problems.problem import problem
from interfaces.resources.refusals import MissingKey, OperatorRoleNeeded, OtherMerchant, UnknownKey

PROBLEMS: Final = (
    problem(
        MissingKey,
        401,
        "api_key_missing",
        "An API key is needed",
        "Send your API key as 'Authorization: Bearer tsk_…'.",
        headers=lambda _: {"WWW-Authenticate": "Bearer"},
    ),
    problem(
        UnknownKey,
        401,
        "api_key_unknown",
        "The API key is not valid",
        "The API key is not known, or has been revoked.",
        headers=lambda _: {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    ),
    problem(
        OperatorRoleNeeded,
        403,
        "operator_role_needed",
        "An auditor cannot do this",
        "The key may look at everything, and change nothing.",
    ),
    problem(
        OtherMerchant,
        403,
        "other_merchant",
        "The merchant is not yours",
        "merchant_id has to be that of the API key; it can be left out.",
        field="merchant_id",
    ),
    problem(
        MerchantNotFound,
        404,
        "merchant_not_found",
        "No such merchant",
        lambda e: f"There is no merchant {e.merchant_id}.",
    ),
    problem(KeyNotFound, 404, "key_not_found", "No such key", lambda e: f"There is no key {e.key_id} in force."),
)
