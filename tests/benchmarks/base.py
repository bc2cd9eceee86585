"""Another commit of this project, in a work tree and a virtual environment of its own while it is measured."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.systems import PROJECT, CannotRun

READY_WITHIN_S = 900.0
_OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "VIRTUAL_ENV", "PYTHONPATH")
"""Variables of the `make` that started this benchmark, which is not the other commit's."""


@contextmanager
def checked_out(bench: Bench) -> Iterator[Path]:
    """The folder of commit `bench.base`, whose own `make .venv/ready` has installed what that commit runs on; removed
    afterwards. Raises CannotRun."""
    asked = ["git", "rev-parse", "--verify", "--quiet", f"{bench.base}^{{commit}}"]
    commit = _run(asked, f"{bench.base} is no commit here").strip()
    folder = bench.folder / f"base-{commit[:12]}"
    bench.say(f"{bench.base}: checking {commit[:12]} out and installing what it runs on …")
    _run(["git", "worktree", "add", "--quiet", "--detach", str(folder), commit], f"{bench.base} cannot be checked out")
    try:
        _run(["make", ".venv/ready", f"PYTHON={sys.executable}"], f"`make .venv/ready` of {bench.base} failed", folder)
        yield folder
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=PROJECT, check=False)


def _run(command: Sequence[str], failure: str, folder: Path = PROJECT) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_MAKE}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=READY_WITHIN_S
        )
    except FileNotFoundError as error:
        raise CannotRun(f"BASE: {failure}: {command[0]} is not installed") from error
    if done.returncode != 0:
        raise CannotRun(f"BASE: {failure}: {' '.join(command)}\n{(done.stderr or done.stdout)[-2000:]}")
    return done.stdout
