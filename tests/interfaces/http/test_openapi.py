"""The OpenAPI document: valid, complete, and true to what the routes decode and answer."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from interfaces.http.payment.bodies import CreateIntentBody
from interfaces.http.server.app import CONTROLLERS
from interfaces.http.server.documented import IDEMPOTENCY_KEY
from interfaces.resources.problems.problem import PROBLEM_JSON, TYPE_PREFIX
from interfaces.resources.problems.table import PROBLEMS
from tests.support.openapi import document
from tests.support.running import Merchant, Reply

DOCUMENT = document()


class Operation(NamedTuple):
    method: str
    path: str
    about: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.about["operationId"])


def operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method, about in item.items():
            yield Operation(method.upper(), path, about)


OPERATIONS = {operation.id: operation for operation in operations()}
each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_route_is_in_it() -> None:
    handlers = {
        value.operation_id
        for controller in CONTROLLERS
        for value in vars(controller).values()
        if hasattr(value, "operation_id")
    }
    assert handlers == OPERATIONS.keys()


@each_operation
def test_only_health_and_providers_need_no_key_and_operators_need_their_own(operation: Operation) -> None:
    if operation.path.startswith(("/health/", "/v1/provider_webhooks/")):
        assert operation.about["security"] == []
    elif operation.path.startswith("/v1/operator/"):
        assert operation.about["security"] == [{"operator_key": []}]
    else:
        assert operation.about["security"] == [{"api_key": []}]


@each_operation
def test_every_reply_names_its_request_id(operation: Operation) -> None:
    assert all("X-Request-Id" in response["headers"] for response in operation.about["responses"].values())


@each_operation
def test_refusals_are_problems_with_true_examples(operation: Operation) -> None:
    for status, response in operation.about["responses"].items():
        problem = response["content"].get(PROBLEM_JSON)
        if problem is None:
            continue
        assert problem["schema"] == {"$ref": "#/components/schemas/ProblemBody"}
        assert problem["examples"], f"{status} has no example"
        for slug, example in problem["examples"].items():
            assert example["value"]["status"] == int(status)
            assert example["value"]["type"] == TYPE_PREFIX + slug
            check(example["value"], "ProblemBody")


@pytest.mark.parametrize(
    ("operation_id", "needed"),
    [
        ("create_payment_intent", True),
        ("capture_payment", True),
        ("refund_payment", True),
        ("cancel_payment_intent", True),
        ("confirm_payment_intent", False),
        ("void_payment", False),
    ],
)
def test_commands_take_an_idempotency_key(operation_id: str, needed: bool) -> None:
    about = OPERATIONS[operation_id].about
    [key] = [parameter for parameter in about["parameters"] if parameter["name"] == IDEMPOTENCY_KEY]
    assert (key["in"], key["required"]) == ("header", needed)
    assert "Idempotency-Replayed" in about["responses"][min(about["responses"])]["headers"]


def test_every_problem_type_is_listed() -> None:
    assert all(f"`{problem.slug}`" in DOCUMENT["info"]["description"] for problem in PROBLEMS.values())


def test_bodies_are_described_in_the_terms_by_which_they_are_decoded() -> None:
    body = DOCUMENT["components"]["schemas"]["CreateIntentBody"]
    assert body["additionalProperties"] is False
    assert body["properties"].keys() == {field.name for field in msgspec.structs.fields(CreateIntentBody)}
    assert body["properties"]["amount"]["minimum"] == 1
    assert body["properties"]["currency"]["$ref"].endswith("/Currency")
    assert "KWD" in DOCUMENT["components"]["schemas"]["Currency"]["enum"]


# what generators of clients would lose


NOT_ALWAYS_THERE = {("ProblemBody", "field"), ("ProblemBody", "current_status")} | {
    ("MethodResource", "brand"),
    ("MethodResource", "country"),
    ("Readiness", "closed_since"),
    ("Readiness", "reasons"),
    ("Readiness", "closed_because"),
}


def reached_from(*parts: str) -> dict[str, dict[str, Any]]:
    """The schemas that these parts of operations hold, by name."""
    reached: dict[str, dict[str, Any]] = {}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).partition("/components/schemas/")[2]
            if name and name not in reached:
                reached[name] = DOCUMENT["components"]["schemas"][name]
                walk(reached[name])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    for operation in OPERATIONS.values():
        walk([operation.about.get(part) for part in parts])
    return reached


def test_what_a_reply_always_has_is_required_and_has_no_default() -> None:
    sent = reached_from("responses")
    missing = {
        (name, member)
        for name, schema in sent.items()
        for member in schema.get("properties", {}).keys() - set(schema.get("required", ()))
    }
    assert missing == NOT_ALWAYS_THERE
    assert [name for name, schema in sent.items() if "default" in repr(schema.get("properties"))] == []


def test_what_a_body_can_leave_out_is_never_null_and_has_its_default_in_words() -> None:
    taken = reached_from("requestBody")
    assert len(taken) > 10
    for name, schema in taken.items():
        for member, about in schema.get("properties", {}).items():
            assert not about.keys() & {"default", "anyOf"} or "discriminator" in about, (name, member)
    assert taken["CreateIntentBody"]["properties"]["confirm"]["description"] == "By default `false`."


def test_members_of_a_union_are_told_apart_by_a_constant() -> None:
    unions = [
        about
        for schema in DOCUMENT["components"]["schemas"].values()
        for about in schema.get("properties", {}).values()
        if "discriminator" in about
    ]
    assert len(unions) == 2
    for union in unions:
        tag, members = union["discriminator"]["propertyName"], union["discriminator"]["mapping"]
        assert [member["$ref"] for member in union["anyOf"]] == list(members.values())
        for value, reference in members.items():
            member = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
            assert member["properties"][tag] == {"type": "string", "const": value}
            assert tag in member["required"]


def test_an_enumeration_has_one_name_wherever_it_stands() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    named = {frozenset(schema["enum"]) for schema in schemas.values() if "enum" in schema}
    assert {"Status", "OperationStatus", "MethodType", "Currency"} <= schemas.keys()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            assert frozenset(node.get("enum", ())) not in named, node
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk([DOCUMENT["paths"], *(schema for schema in schemas.values() if "enum" not in schema)])


def test_objects_and_files_are_told_as_such() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for about in (schema, *schema.get("properties", {}).values()):
            if about.get("type") == "object":
                assert about.keys() & {"properties", "additionalProperties"}, name
    for operation in OPERATIONS.values():
        assert len(operation.about.get("requestBody", {}).get("content", "x")) == 1, operation.id


def test_no_pattern_has_what_only_python_reads() -> None:
    assert "(?!" not in msgspec.json.encode(DOCUMENT).decode()


async def test_it_is_served(merchant: Merchant) -> None:
    reply = await merchant.get("/openapi.json", headers={"Authorization": ""})
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.body == msgspec.json.encode(DOCUMENT)


async def test_what_is_answered_is_what_is_documented(merchant: Merchant) -> None:
    body = {
        "customer_id": "customer-1",
        "amount": 10_000,
        "currency": "EUR",
        "payment_method": {"type": "card", "token": "tok_visa"},
        "capture_method": "manual",
    }
    created = await merchant.send("POST", "/v1/payment_intents", body, key="document-1")
    check_reply("create_payment_intent", created, 201)
    check_reply(
        "create_payment_intent", await merchant.send("POST", "/v1/payment_intents", body, key="document-1"), 201
    )
    payment, intent = created.json["payment_id"], created.json["payment_intent_id"]
    check_reply("confirm_payment_intent", await merchant.send("POST", f"/v1/payment_intents/{intent}/confirm"), 200)
    check_reply("capture_payment", await merchant.act(payment, "capture", amount=6_000, final=False), 200)
    check_reply("void_payment", await merchant.act(payment, "void"), 200)
    refunded = await merchant.act(payment, "refunds", amount=1_000)
    check_reply("refund_payment", refunded, 201)

    unwanted = (await merchant.pay(confirm=False)).json["payment_intent_id"]
    canceled = await merchant.send("POST", f"/v1/payment_intents/{unwanted}/cancel", {"reason": "no"}, key="cancel")
    check_reply("cancel_payment_intent", canceled, 200)

    declined = await merchant.pay(token="tok_declined")
    check_reply("create_payment_intent", declined, 201)
    check_reply("get_payment", await merchant.get(f"/v1/payments/{declined.json['payment_id']}"), 200)

    seen = {"Tallystick-Position": declined.headers["Tallystick-Position"]}
    for operation_id, path in (
        ("get_payment", f"/v1/payments/{payment}"),
        ("get_payment_intent", f"/v1/payment_intents/{intent}"),
        ("list_payment_refunds", f"/v1/payments/{payment}/refunds"),
        ("get_refund", f"/v1/refunds/{refunded.json['refund_id']}"),
        ("list_refunds", "/v1/refunds?limit=1"),
        ("list_payment_events", f"/v1/payments/{payment}/events"),
        ("list_payment_entries", f"/v1/payments/{payment}/ledger"),
        ("get_payment_timeline", f"/v1/payments/{payment}/timeline"),
        ("search_payments", "/v1/payments?limit=1"),
        ("list_balances", "/v1/balances"),
        ("list_unsettled", "/v1/reconciliation"),
        ("list_events", "/v1/events"),
        ("live", "/health/live"),
        ("ready", "/health/ready"),
    ):
        check_reply(operation_id, await merchant.get(path, headers=seen), 200)


async def test_refusals_are_documented_too(merchant: Merchant) -> None:
    paid = (await merchant.pay()).json["payment_id"]
    check_reply("void_payment", await merchant.act(paid, "void"), 409)
    check_reply(
        "cancel_payment_intent", await merchant.send("POST", f"/v1/payment_intents/{paid}/cancel", key="cancel"), 409
    )
    check_reply("refund_payment", await merchant.act(paid, "refunds", amount=1_001), 422)
    check_reply("refund_payment", await merchant.act(paid, "refunds", amount=-1), 400)
    check_reply("capture_payment", await merchant.act("pay_00000000000000000000000000", "capture"), 404)
    check_reply("list_balances", await merchant.get("/v1/balances", headers={"Authorization": "Bearer no"}), 401)
    check_reply("create_payment_intent", await merchant.pay(merchant_id="mer_other"), 403)
    too_large = await merchant.send("POST", "/v1/payment_intents", raw=b" " * 70_000, key="document-2")
    check_reply("create_payment_intent", too_large, 413)


async def test_a_parameter_that_is_not_documented_is_refused(merchant: Merchant) -> None:
    for query in ("statsu=captured", "limit=1&limit=2", "status=null"):
        reply = await merchant.get(f"/v1/payments?{query}")
        assert (reply.status, reply.json["field"]) == (400, query.partition("=")[0]), query


def check_reply(operation_id: str, reply: Reply, status: int) -> None:
    """The status, the media type, each header and each field of the body are documented for that operation."""
    assert reply.status == status, reply
    documented = OPERATIONS[operation_id].about["responses"][str(status)]
    told = reply.headers["Content-Type"].partition(";")[0]
    [(media_type, content)] = [each for each in documented["content"].items() if each[0] == told]
    assert reply.headers["Content-Type"] == media_type
    check(reply.json, content["schema"]["$ref"].rsplit("/", 1)[-1])
    for name in documented["headers"]:
        header = DOCUMENT["components"]["headers"][name]
        assert name in reply.headers or not header.get("required"), f"{name} is missing"
        if name in reply.headers:
            assert re.search(header["schema"].get("pattern", header["schema"].get("const")), reply.headers[name])
    ours = {name for name in reply.headers if name in DOCUMENT["components"]["headers"]}
    assert ours <= documented["headers"].keys()


def check(value: object, schema: str) -> None:
    """`value` fits the schema, and has no field that the schema does not name."""
    validator = OAS31Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": _closed()}},
        format_checker=OAS31Validator.FORMAT_CHECKER,
    )
    validator.validate(value)


def _closed() -> dict[str, Any]:
    return {
        name: {**schema, "additionalProperties": False} if schema.get("type") == "object" else schema
        for name, schema in DOCUMENT["components"]["schemas"].items()
    }
