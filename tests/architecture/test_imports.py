"""The rooms of the house: who may import whom, and what the domain never touches."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ["domain", "application", "projections", "infrastructure", "interfaces"]
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


def modules_under(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported_by(path: Path) -> Iterator[str]:
    """The full name of every module that `path` imports, inside functions too."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level):
                assert level == 0, f"{name_of(path)} imports relatively: write the module's full name"
                assert module is not None
                yield module
            case _:
                pass


def packages_imported_by(path: Path) -> set[str]:
    return {module.partition(".")[0] for module in imported_by(path)}


def test_the_import_contracts_of_pyproject_hold() -> None:
    # A process of its own: import-linter reconfigures logging for whoever calls it.
    linter = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", modules_under("domain"), ids=name_of)
def test_the_domain_imports_itself_msgspec_and_the_effectless_standard_library(path: Path) -> None:
    assert packages_imported_by(path) <= (sys.stdlib_module_names - EFFECTS) | {"domain", "msgspec"}


@pytest.mark.parametrize("path", modules_under("domain"), ids=name_of)
def test_the_domain_asks_no_clock_and_no_dice_and_awaits_nothing(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await), f"line {node.lineno}"
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            assert called not in AMBIENT_CALLS, f"line {node.lineno} calls {called}()"


@pytest.mark.parametrize("path", modules_under("domain"), ids=name_of)
def test_the_domain_has_no_float(path: Path) -> None:
    for node in ast.walk(parsed(path)):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), f"line {node.lineno}"
        assert not (isinstance(node, ast.Name) and node.id == "float"), f"line {node.lineno}"
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), f"line {node.lineno} divides by /"


@pytest.mark.parametrize("path", modules_under("interfaces"), ids=name_of)
def test_only_the_composition_knows_the_infrastructure(path: Path) -> None:
    if path.parent != ROOT / "interfaces" / "composition":
        assert "infrastructure" not in packages_imported_by(path)


@pytest.mark.parametrize("package", ROOMS)
def test_nothing_that_ships_imports_the_tests(package: str) -> None:
    assert [name_of(path) for path in modules_under(package) if "tests" in packages_imported_by(path)] == []
