"""Values that break what trusts them, and bodies made of them by an operation's own schema."""

import random
from typing import Any

import msgspec

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ufffe\uffff",
    "\u202e\u200b",
    "é" * 300,
    "💳" * 200,
    "'; DROP TABLE event; --",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%00%0a%0d",
    "\r\nX-Injected: 1",
    "4242424242424242",
    "4242-4242-4242-4242-" * 40,
    "1-" * 4_000,
    "a" * 60_000,
    "pay_00000000000000000000000000",
    "pi_zzzzzzzzzzzzzzzzzzzzzzzzzz",
    "mer_01kah2q6c8f3v9w1x5y7z0b4d6",
    "9999-12-31T23:59:60Z",
    "0000-00-00",
    "2026-02-30T25:61:61+99:99",
    "1e400",
    "-0",
    "NaN",
    "٣",
    "EUR\n",
    "ZZZ",
    "XAU",
)
SENSIBLE = {
    "customer_id": "customer-1",
    "amount": 1000,
    "currency": "EUR",
    "payment_method": {"type": "card", "token": "tok_visa"},
    "confirm": True,
    "capture_method": "automatic",
}
"""By the field's name, so that some requests come all the way through."""
NUMBERS = (0, -1, 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**400, -(2**63) - 1, 0.1, -0.0, 1e308)
ODD: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": None}, {"a": {"b": {"c": []}}}, [1, "a", {}])


def text(chance: random.Random) -> str:
    if chance.random() < 0.3:
        return "".join(chr(chance.choice((chance.randrange(128), chance.randrange(0xD800)))) for _ in range(20))
    return chance.choice(TEXTS)


def value(chance: random.Random) -> Any:
    kind = chance.randrange(4)
    return text(chance) if kind == 0 else chance.choice((NUMBERS, ODD, TEXTS)[kind - 1])


def fitting(chance: random.Random, schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """A value that the schema would about take, with something wrong here and there."""
    if depth > 6 or chance.random() < 0.12:
        return value(chance)
    if "$ref" in schema:
        return fitting(chance, schemas[schema["$ref"].rpartition("/")[2]], schemas, depth + 1)
    if "const" in schema:
        return schema["const"]
    for choice in ("oneOf", "anyOf", "enum", "examples"):
        if options := schema.get(choice):
            chosen = chance.choice(options)
            return chosen if choice in ("enum", "examples") else fitting(chance, chosen, schemas, depth + 1)
    match schema.get("type"):
        case "object":
            fields = {
                name: SENSIBLE[name]
                if name in SENSIBLE and chance.random() < 0.85
                else fitting(chance, about, schemas, depth + 1)
                for name, about in schema.get("properties", {}).items()
                if name in schema.get("required", ()) or chance.random() < 0.5
            }
            return fields | ({text(chance): value(chance)} if chance.random() < 0.1 else {})
        case "array":
            return [fitting(chance, schema.get("items", {}), schemas, depth + 1) for _ in range(chance.randrange(4))]
        case "integer" | "number":
            return chance.choice((1, 100, 1000, schema.get("maximum", 7), schema.get("minimum", 0)))
        case "boolean":
            return chance.random() < 0.5
        case "null":
            return None
        case _:
            return chance.choice(("EUR", "tok_visa", "customer-1", "card", text(chance)))


def body(chance: random.Random, schema: dict[str, Any], schemas: dict[str, Any]) -> bytes:
    """JSON, mostly; a member may come twice, a number be none, and the text be cut, nested or no UTF-8."""
    made = _encoded(fitting(chance, schema, schemas))
    match chance.randrange(14):
        case 0:
            return made[: chance.randrange(len(made) + 1)]
        case 1:
            return made[:-1] + b',"amount":1,"amount":2}'
        case 2:
            return made.replace(b":1", b":NaN").replace(b":null", b":1e999")
        case 3:
            return b'{"a":' * 5_000 + made + b"}" * 5_000
        case 4:
            return made.replace(b'"', b'"\xff', 1)
        case 5:
            return b"\xef\xbb\xbf" + made
        case 6:
            return made.decode().encode("utf-16")
        case 7:
            return made.replace(b'"', b'"\\ud800', 1)
        case 8:
            return b"[" * chance.choice((10, 60_000))
        case _:
            return made[:64_000]


def _encoded(made: Any) -> bytes:
    try:
        return msgspec.json.encode(made)
    except (OverflowError, ValueError, UnicodeEncodeError):
        return b'{"amount":' + b"9" * 400 + b"}"
