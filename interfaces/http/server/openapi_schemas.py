"""The schemas of the OpenAPI document, made from the structs that decode bodies and encode replies, in a form from
which client generators make equally exact types."""

from collections.abc import Collection, Mapping
from inspect import cleandoc
from typing import Any, Final

import msgspec

from domain.countries import COUNTRIES
from domain.money.currencies import DECIMALS, READABLE_DECIMALS

Json = dict[str, Any]

_REFERENCE: Final = "#/components/schemas/{name}"
_CODES: Final = {
    "Country": {"description": "ISO 3166-1, two letters", "enum": sorted(COUNTRIES)},
    "Currency": {"description": "ISO 4217 code", "enum": sorted(DECIMALS)},
    "ReadableCurrency": {
        "description": "ISO 4217 code, also of a withdrawn currency",
        "enum": sorted(READABLE_DECIMALS),
    },
}


def component_schemas(*, replies: Collection[type[Any]], bodies: Collection[type[Any]]) -> Json:
    """The schemas of these structs and of every struct inside them, by name."""
    taken = {name: _as_taken(schema) for name, schema in _schemas_of(bodies).items()}
    schemas = {**_schemas_of(replies), **taken, **_CODES}
    return {name: tidied(schema) for name, schema in schemas.items()}


def with_named_enumerations(document: Json) -> Json:
    """The document with a reference in place of every enumeration that has a schema of its own: a client then has one
    type for each."""
    schemas = document["components"]["schemas"]
    names = {frozenset(schema["enum"]): name for name, schema in schemas.items() if "enum" in schema}
    named = {name: schema if "enum" in schema else _with_references(schema, names) for name, schema in schemas.items()}
    components = {**document["components"], "schemas": named}
    return {**document, "paths": _with_references(document["paths"], names), "components": components}


def tidied(node: Any) -> Any:
    """Docstrings without their indentation; patterns without what only Python needs (in JSON Schema `$` never matches
    before a last line break); the tags of a union as constants, other enumerations with their type; and objects of any
    content as such, where generators would take them for empty ones."""
    match node:
        case {"enum": [str(tag)], **rest} if "type" not in rest:
            return {"type": "string", "const": tag}
        case {"enum": [str(), *_]} if "type" not in node:
            return tidied({**node, "type": "string"})
        case {"type": "object"} if not node.keys() & {"properties", "additionalProperties"}:
            return tidied({**node, "additionalProperties": True})
        case dict():
            return {key: tidied(value) for key, value in node.items()}
        case list():
            return [tidied(item) for item in node]
        case str():
            return cleandoc(node).removesuffix(r"(?!\n)")
        case _:
            return node


def _schemas_of(kinds: Collection[type[Any]]) -> Json:
    in_order = sorted(kinds, key=lambda kind: kind.__name__)
    return msgspec.json.schema_components(in_order, ref_template=_REFERENCE)[1]


def _as_taken(body: Json) -> Json:
    """The body as it is decoded: an optional member is never null. Its default is in the description: to some
    generators a member with a default is a required one."""
    members = body.get("properties", {})
    return {**body, "properties": {name: _given(member) for name, member in members.items()}} if members else body


def _given(member: Json) -> Json:
    kinds = [kind for kind in member.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {key: value for key, value in member.items() if key not in ("anyOf", "default")}
    if member.get("default") is not None:
        default = f"By default `{msgspec.json.encode(member['default']).decode()}`."
        rest["description"] = f"{rest['description']}. {default}" if "description" in rest else default
    if len(kinds) == 1:
        return {**kinds[0], **rest}
    return {"anyOf": kinds, **rest} if kinds else rest


def _with_references(node: Any, names: Mapping[frozenset[str], str]) -> Any:
    match node:
        case {"type": "string", "enum": [*members]} if name := names.get(frozenset(members)):
            kept = {key: node[key] for key in ("description", "default") if key in node}
            return {"$ref": _REFERENCE.format(name=name), **kept}
        case dict():
            return {key: _with_references(value, names) for key, value in node.items()}
        case list():
            return [_with_references(item, names) for item in node]
        case _:
            return node
