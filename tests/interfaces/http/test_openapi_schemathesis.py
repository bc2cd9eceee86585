"""Requests made up from the OpenAPI document, good and bad: the running API answers all of them as it is documented.

`HYPOTHESIS_SEED=n` runs other requests than the usual ones; a failure prints the request as a curl command.
"""

import os
import re
from itertools import count
from typing import Any
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, seed, settings
from schemathesis.config import ChecksConfig, PositiveDataAcceptanceConfig

from interfaces import ids
from interfaces.http.server.app import openapi_document
from interfaces.http.server.documented import IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_PATTERN
from interfaces.resources.position import POSITION_HEADER, POSITION_PATTERN
from interfaces.runtime.supervisor import Stack
from tests.support.running import merchant_of

SEED = int(os.environ.get("HYPOTHESIS_SEED", "20261121"))
EXAMPLES_MAX = int(os.environ.get("OPENAPI_EXAMPLES", "10"))
"""Made up of each operation."""
EVERY_BOUND = "OPENAPI_EXAMPLES" in os.environ
"""Whether the values at each bound in the document are sent besides: seven times as many requests."""

SCHEMA = schemathesis.openapi.from_dict(openapi_document())
SCHEMA.config.checks = ChecksConfig(
    # 422 is for requests that are well formed: over a limit, or a key that came with another request before, as
    # made-up keys do.
    positive_data_acceptance=PositiveDataAcceptanceConfig(expected_statuses=["2xx", "401", "403", "404", "409", "422"]),
)
SCHEMA.config.phases.coverage.enabled = EVERY_BOUND
KEY_FIELD = "idempotency_key"

Case = schemathesis.Case[Any]


class Caller:
    """Who sends the requests, and the payments that they are about."""

    def __init__(self, url: str, secret: str, payment_ids: list[str]) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {secret}"}
        self._payment_ids = payment_ids
        self._numbers = count()

    def send(self, case: Case) -> None:
        """Send what was made up, brought to where it is about something, and check the answer."""
        self._about_a_payment(case)
        self._in_the_past(case)
        self._with_one_new_key(case)
        self._with_whole_amounts(case)
        self._with_the_amounts_currency(case)
        case.call_and_validate(base_url=self.url, headers=self.headers)

    def _about_a_payment(self, case: Case) -> None:
        """Made-up ids are nobody's: most of those that are well formed become the merchant's own."""
        for name in ("payment_id", "intent_id"):
            given = (case.path_parameters or {}).get(name)
            if isinstance(given, str) and re.fullmatch(ids.pattern(ids.PAYMENT, ids.INTENT), given):
                own = self._payment_ids[crc32(given.encode()) % len(self._payment_ids)]
                case.path_parameters[name] = own or given

    def _in_the_past(self, case: Case) -> None:
        """A moment that has not come is refused, however well formed; a schema cannot say so."""
        position = str(case.headers.get(POSITION_HEADER, ""))
        if re.fullmatch(POSITION_PATTERN, position):
            case.headers[POSITION_HEADER] = "0" * len(position)
        as_of = str((case.query or {}).get("as_of", ""))
        if re.fullmatch(POSITION_PATTERN, as_of):
            case.query["as_of"] = "0" * len(as_of)
        elif re.match(r"[0-9]{4}-", as_of):
            case.query["as_of"] = "2001" + as_of[4:]
        for bound, year in (("from", "2000"), ("to", "2004")):
            if re.match(r"[0-9]{4}-", str((case.query or {}).get(bound, ""))):
                case.query[bound] = year + case.query[bound][4:]

    def _with_one_new_key(self, case: Case) -> None:
        """Header and body carry the same key or are refused, and one of them is enough; a schema cannot say so.
        The keys made up are mostly the same few, and so would mostly be refused: each gets a number."""
        if _is_key(case.headers.get(IDEMPOTENCY_KEY)):
            case.headers[IDEMPOTENCY_KEY] = f"{case.headers[IDEMPOTENCY_KEY][:240]}-{next(self._numbers)}"
        if isinstance(case.body, dict) and _is_key(case.body.get(KEY_FIELD)):
            del case.body[KEY_FIELD]
            if IDEMPOTENCY_KEY in case.headers:
                case.body[KEY_FIELD] = case.headers[IDEMPOTENCY_KEY]

    def _with_whole_amounts(self, case: Case) -> None:
        """`2500.0` is an integer to JSON Schema, and a mistake to us: money never meets a float."""
        if isinstance(case.body, dict):
            amount = case.body.get("amount")
            if isinstance(amount, float) and amount.is_integer():
                case.body["amount"] = int(amount)

    def _with_the_amounts_currency(self, case: Case) -> None:
        """A search by amount needs the currency that says how much it is; a schema cannot say so."""
        query = case.query or {}
        if {"amount", "amount_gte", "amount_lte"} & query.keys() and "currency" not in query:
            case.query["currency"] = "EUR"


def _is_key(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(IDEMPOTENCY_KEY_PATTERN, value) is not None


@pytest.fixture(scope="module")
async def caller(stack: Stack) -> Caller:
    async with merchant_of(stack) as merchant:
        made = [await merchant.pay(), await merchant.pay(capture_method="manual"), await merchant.pay(confirm=False)]
        return Caller(stack.url, merchant.secret, [*(reply.json["payment_id"] for reply in made), ""])


@SCHEMA.parametrize()
@seed(SEED)
@settings(
    max_examples=EXAMPLES_MAX,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_as_documented(case: Case, caller: Caller) -> None:
    caller.send(case)
