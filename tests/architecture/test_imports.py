"""The rooms of the house: who may import whom, and what the domain never touches. One test a rule."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.product import ROOT, assert_none, at, files, nodes

EFFECTS = {
    "asyncio",
    "contextvars",
    "http",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
    "urllib",
}
"""Standard library, but I/O, clock or randomness: what a decision gets as an argument or not at all."""
AMBIENT_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "uuid7", "open", "print", "input"}
COMPOSITION = ROOT / "interfaces" / "composition"


def imports(*packages: str) -> Iterator[tuple[Path, int, str]]:
    """Every package that a file imports, inside functions too, with its line. A relative import is the package ''."""
    for path, node in nodes(*packages):
        match node:
            case ast.Import(names=names):
                yield from ((path, node.lineno, alias.name.partition(".")[0]) for alias in names)
            case ast.ImportFrom(level=0, module=str(module)):
                yield path, node.lineno, module.partition(".")[0]
            case ast.ImportFrom():
                yield path, node.lineno, ""
            case _:
                pass


def test_the_import_contracts_of_pyproject_hold() -> None:
    # A process of its own: import-linter reconfigures logging for the process that calls it.
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_module_is_imported_by_its_full_name() -> None:
    assert_none(at(path, line) for path, line, package in imports() if not package)


def test_the_domain_imports_itself_msgspec_and_the_effectless_standard_library() -> None:
    allowed = (sys.stdlib_module_names - EFFECTS) | {"domain", "msgspec"}
    assert_none(f"{at(path, line)} imports {name}" for path, line, name in imports("domain") if name not in allowed)


def test_the_domain_asks_no_clock_and_no_dice() -> None:
    calls = [(path, node, node.func) for path, node in nodes("domain") if isinstance(node, ast.Call)]
    names = [
        (at(path, node.lineno), func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", ""))
        for path, node, func in calls
    ]
    assert_none(f"{place} calls {called}()" for place, called in names if called in AMBIENT_CALLS)


def test_the_domain_awaits_nothing() -> None:
    awaiting = (ast.AsyncFunctionDef, ast.Await)
    assert_none(at(path, node.lineno) for path, node in nodes("domain") if isinstance(node, awaiting))


def test_the_domain_has_no_float() -> None:
    floats = []
    for path, node in nodes("domain"):
        match node:
            case ast.Constant(value=float()) | ast.Name(id="float"):
                floats.append(at(path, node.lineno))
            case ast.BinOp(op=ast.Div()):
                floats.append(f"{at(path, node.lineno)} divides by /")
            case _:
                pass
    assert_none(floats)


def test_only_the_composition_knows_the_infrastructure() -> None:
    infrastructure = [(path, line) for path, line, package in imports("interfaces") if package == "infrastructure"]
    assert_none(at(path, line) for path, line in infrastructure if path.parent != COMPOSITION)


def test_nothing_that_ships_imports_the_tests() -> None:
    assert_none(at(path, line) for path, line, package in imports() if package == "tests")


def test_every_file_of_the_application_is_in_the_room_of_its_noun() -> None:
    loose = [path for path in files("application") if path.parent == ROOT / "application"]
    assert [path.name for path in loose] == ["__init__.py"]
