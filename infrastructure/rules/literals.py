"""The words and literals of a condition, and the comparisons between them, as its text shows them."""

import ast
import re
from typing import Final, Literal

from msgspec import Struct

_STRING = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
_TOKEN: Final = re.compile(
    rf"""
    (?P<skip>\s+|//[^\n]*)
  | (?P<raw>[rR]{_STRING})
  | (?P<bytes>[bB][rR]?{_STRING})
  | (?P<string>{_STRING})
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+\.\d*(?:[eE][+-]?\d+)?|\d+(?:[eE][+-]?\d+)?[uU]?)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<sign>==|!=|<=|>=|&&|\|\||.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BINDERS: Final = frozenset({"all", "exists", "exists_one", "map", "filter"})


class Token(Struct, frozen=True):
    """`value` is the text of a word or sign, or the value of a literal: a text, or a number without its fraction."""

    kind: Literal["string", "number", "word", "sign", "other"]
    value: str | int


_DOT, _CALL, _MINUS = (Token("sign", sign) for sign in ".(-")
_COMPARISONS: Final = frozenset(Token("sign", sign) for sign in ("==", "!=", "<", "<=", ">", ">="))


class Literals(Struct, frozen=True, kw_only=True):
    """`compared` pairs a word with a text that it is compared with; `members` pairs it with what is looked up in it,
    as in `providers.north`, `providers["north"]` and `"north" in providers`. `fields` stand behind a dot. `bound` are
    names made by `macros`, which go through lists. `orders_texts` when a text is compared by the alphabet,
    `compares_unknowns` when neither side of a comparison is a literal."""

    texts: frozenset[str]
    numbers: frozenset[int]
    compared: frozenset[tuple[str, str]]
    members: frozenset[tuple[str, str]]
    fields: frozenset[str]
    bound: frozenset[str]
    macros: int
    orders_texts: bool
    compares_unknowns: bool


def literals_of(when: str) -> Literals:
    """The literals of a condition that compiles."""
    tokens = _tokens(when)
    compared: set[tuple[str, str]] = set()
    members: set[tuple[str, str]] = set()
    bound: set[str] = set()
    macros, orders_texts = 0, False
    fields = {
        str(field.value)
        for dot, field, after in zip(tokens, tokens[1:], [*tokens[2:], None], strict=False)
        if dot == _DOT and field.kind == "word" and after != _CALL
    }
    for at in range(len(tokens)):
        match tokens[at : at + 4]:
            case [Token("word", word), Token("sign", "==" | "!="), Token("string", text), *_]:
                compared.add((str(word), str(text)))
            case [Token("string", text), Token("sign", "==" | "!="), Token("word", word), *_]:
                compared.add((str(word), str(text)))
            case [Token("sign", "<" | "<=" | ">" | ">="), Token("string"), *_]:
                orders_texts = True
            case [Token("string"), Token("sign", "<" | "<=" | ">" | ">="), *_]:
                orders_texts = True
            case [Token("word", word), Token("word", "in"), Token("sign", "["), *_]:
                compared |= {(str(word), text) for text in _listed(tokens[at + 3 :])}
            case [Token("string", text), Token("word", "in"), Token("word", word), *_]:
                members.add((str(word), str(text)))
            case [Token("word", word), Token("sign", "["), Token("string", text), *_]:
                members.add((str(word), str(text)))
            case [Token("word", binder), Token("sign", "("), Token("word", name), Token("sign", ",")] if (
                binder in _BINDERS
            ):
                bound.add(str(name))
                macros += 1
            case [Token("word", word), Token("sign", "."), Token("word", name), *following] if following[:1] != [
                Token("sign", "(")
            ] and (at == 0 or tokens[at - 1] != Token("sign", ".")):
                members.add((str(word), str(name)))
            case _:
                pass
    return Literals(
        texts=frozenset({str(token.value) for token in tokens if token.kind == "string"}),
        numbers=frozenset({int(token.value) for token in tokens if token.kind == "number"}),
        compared=frozenset(compared),
        members=frozenset(members),
        fields=frozenset(fields),
        bound=frozenset(bound),
        macros=macros,
        orders_texts=orders_texts,
        compares_unknowns=any(
            token in _COMPARISONS
            and not _is_literal(tokens[at - 1])
            and not _is_literal(tokens[at + 1], *tokens[at + 2 :])
            for at, token in enumerate(tokens)
        ),
    )


def _is_literal(token: Token, *behind: Token) -> bool:
    if token == _MINUS and behind:
        token = behind[0]
    return token.kind in ("string", "number")


def _listed(tokens: list[Token]) -> list[str]:
    """The texts up to the end of the list."""
    texts = []
    for token in tokens:
        if token == Token("sign", "]"):
            break
        if token.kind == "string":
            texts.append(str(token.value))
    return texts


def _tokens(when: str) -> list[Token]:
    tokens = []
    for found in _TOKEN.finditer(when):
        text = found.group()
        match found.lastgroup:
            case "skip":
                pass
            case "raw":
                tokens.append(Token("string", text[2:-1]))
            case "string":
                tokens.append(Token("string", _unescaped(text)))
            case "number":
                tokens.append(Token("number", _whole(text)))
            case "word":
                tokens.append(Token("word", text))
            case "sign":
                tokens.append(Token("sign", text))
            case _:
                tokens.append(Token("other", text))
    return tokens


def _unescaped(text: str) -> str:
    """CEL's escapes are Python's, all but a few that no name here needs."""
    try:
        return str(ast.literal_eval(text))
    except (SyntaxError, ValueError):
        return text[1:-1]


def _whole(text: str) -> int:
    digits = text.rstrip("uU")
    if digits.lower().startswith("0x"):
        return int(digits, 16)
    return int(float(digits)) if re.search(r"[.eE]", digits) else int(digits)
