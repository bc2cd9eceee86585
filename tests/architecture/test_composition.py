"""What the composition promises the type checker, it has at run time; each capability has one place in it; and nobody
loads what it does not run."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from interfaces import composition
from interfaces.http.server.app import CONTROLLERS
from tests.architecture.product import assert_none, at, nodes, parsed

COMPOSITION = Path(composition.__file__).parent


def promised() -> list[tuple[str, str, str]]:
    """Every name of the composition, and of what it is the name in which module."""
    tree = ast.parse(Path(composition.__file__).read_text(encoding="utf-8"))
    [promises] = (node for node in tree.body if isinstance(node, ast.If))
    return [
        (alias.asname or alias.name, node.module, alias.name)
        for node in promises.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    ]


def test_a_part_is_what_its_name_promises() -> None:
    assert_none(
        f"{name} is not {module}:{original}"
        for name, module, original in promised()
        if getattr(composition, name) is not getattr(import_module(module), original)
    )


def test_a_name_that_there_is_not_is_no_part() -> None:
    assert not hasattr(composition, "Lottery")


def capabilities() -> dict[str, Path]:
    """The file of each capability, by the name of its module: it wires the capability."""
    return {
        path.stem: path
        for path in COMPOSITION.glob("*.py")
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef) and node.name == "wire"
    }


def test_a_capability_is_wired_in_one_place_and_used_by_capabilities_alone() -> None:
    modules, core = capabilities(), COMPOSITION / "core.py"
    wired = [ast.unparse(node.func) for node in ast.walk(parsed(core)) if isinstance(node, ast.Call)]
    assert_none(f"{name} is wired {n} times" for name in modules if (n := wired.count(f"{name}.wire")) != 1)
    named = {f"interfaces.composition.{name}" for name in modules}
    importing = [
        (path, node)
        for path, node in nodes("interfaces", "infrastructure")
        if isinstance(node, ast.ImportFrom) and path not in (core, *modules.values())
    ]
    assert_none(
        f"{at(path, node.lineno)} imports a capability"
        for path, node in importing
        if {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)} & named
    )


def test_every_controller_is_served() -> None:
    controllers = [
        (path, node.name)
        for path, node in nodes("interfaces")
        if isinstance(node, ast.ClassDef) and "Controller" in map(ast.unparse, node.bases)
    ]
    served = [controller.__name__ for controller in CONTROLLERS]
    assert_none(f"{at(path)} {name} is not served" for path, name in controllers if served.count(name) != 1)


@pytest.mark.parametrize(
    ("imported", "does_without"),
    [
        ("interfaces.cli.main", {"aiohttp", "litestar", "nats", "psycopg", "rich"}),
        ("interfaces.composition.worker", {"granian", "litestar"}),
        ("infrastructure.simulator.server", {"eventsourcing", "nats", "psycopg"}),
    ],
)
def test_a_process_loads_what_it_runs(imported: str, does_without: set[str]) -> None:
    loading = f"import sys, {imported}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", loading], capture_output=True, text=True, check=True).stdout.split()
    assert does_without.isdisjoint(loaded)
