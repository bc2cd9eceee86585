"""The hash of the code that makes a view's rows, so that a view made by other code is found and rebuilt."""

# The hash covers the view's fold and row type and, by name, everything in `domain` and `projections` that these use;
# comments and docstrings are left out. A process that only reads rows compares their form instead (form.py).

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from projections.engine.view import View, types_taken

OURS = ("domain", "projections")
UPCASTING = "superseded"
"""The name of the modules that convert events of earlier versions: the events of today do not refer to them."""
FORMAT = "1"
"""The version of the hash and of the rows that row_sql.py writes: a new version makes every view outdated."""


class _Name(NamedTuple):
    module: str
    name: str


class _Module(NamedTuple):
    """The top-level statements by the names that they bind, and the origins of imported names."""

    statements: dict[str, list[ast.stmt]]
    imports: dict[str, _Name]


class _Code(NamedTuple):
    """The text of the statements that bind a name, and the names used in them."""

    text: str
    uses: frozenset[str]


@cache
def code_of(view: View[Any]) -> str:
    """The hash of the code that makes the view's rows; the same on every machine."""
    takes = sorted(taken.__name__ for taken in types_taken(view))
    table = (view.name, view.table, view.types, view.key, view.ddl.split(), view.indexes.split(), takes)
    roots = [_Name(made.__module__, made.__qualname__) for made in (view.row, view.keys_of, view.apply)]
    digest = hashlib.blake2b(repr((FORMAT, table, roots)).encode(), digest_size=16)
    for name in sorted(_reached(roots)):
        digest.update(f"\n{name.module}.{name.name} {_code(name).text}".encode())
    return digest.hexdigest()


def _reached(roots: list[_Name]) -> set[_Name]:
    """The roots, and every name of ours that they use, directly or not."""
    found: set[_Name] = set()
    pending = [*roots]
    while pending:
        name = pending.pop()
        if name in found or name.module.partition(".")[0] not in OURS:
            continue
        module = _module(name.module)
        if name.name in module.imports:
            pending.append(module.imports[name.name])
        elif name.name in module.statements:
            found.add(name)
            pending += [_Name(name.module, each) for each in _code(name).uses]
            pending += _upcasting(name)
        else:
            # The name of a module, or of a function defined inside another: all statements of the module count.
            inside = f"{name.module}.{name.name}"
            whole = inside if _is_module(inside) else name.module
            pending += [_Name(whole, each) for each in _module(whole).statements]
    return found


def _upcasting(name: _Name) -> list[_Name]:
    """The names in the module `superseded` that convert events of earlier versions into `name`."""
    superseded = f"{name.module.rpartition('.')[0]}.{UPCASTING}"
    if name.module == superseded or not _is_module(superseded):
        return []
    module = _module(superseded)
    if module.imports.get(name.name) != name:
        return []
    return [_Name(superseded, each) for each in module.statements if name.name in _code(_Name(superseded, each)).uses]


@cache
def _code(name: _Name) -> _Code:
    module = _module(name.module)
    statements = module.statements[name.name]
    known = module.statements.keys() | module.imports.keys()
    return _Code(_text(statements), frozenset(_used(statements) & known))


@cache
def _module(name: str) -> _Module:
    statements: dict[str, list[ast.stmt]] = {}
    imports: dict[str, _Name] = {}
    for statement in ast.parse(_source(name)).body:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            imports |= {each.asname or each.name: _Name(statement.module, each.name) for each in statement.names}
        else:
            for bound in _bound(statement):
                statements.setdefault(bound, []).append(statement)
    return _Module(statements, imports)


def _source(name: str) -> bytes:
    spec = find_spec(name)
    assert spec is not None, f"no module {name}"
    assert spec.origin is not None, f"no source of {name}"
    return Path(spec.origin).read_bytes()


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a top-level statement binds, also inside an `if` or `try`."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case _:
            for each in ast.walk(statement):
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                    yield each.id


@cache
def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _used(node: object) -> set[str]:
    """The names used in a syntax tree, and the contents of its strings, which may name types ahead."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.Constant(value=str(text)):
            return {text}
        case ast.AST():
            return set().union(*(_used(value) for _, value in _fields(node)))
        case list():
            return set().union(*map(_used, node))
        case _:
            return set()


def _text(node: object) -> str:
    """The content of a syntax tree, without positions in the file, the same in every version of Python."""
    match node:
        case ast.AST():
            return f"{type(node).__name__}({','.join(f'{name}={_text(value)}' for name, value in _fields(node))})"
        case list():
            return f"[{','.join(map(_text, node))}]"
        case _:
            return repr(node)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    """The fields of a node, without docstrings and the types in a function's signature, which change no row."""
    for name, value in ast.iter_fields(node):
        if value is None or name == "returns" or (name == "annotation" and isinstance(node, ast.arg)):
            continue
        kept = [each for each in value if not _is_docstring(each)] if isinstance(value, list) else value
        if kept != []:
            yield name, kept


def _is_docstring(node: object) -> bool:
    match node:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return False
