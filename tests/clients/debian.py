"""Debian's programs for the tests that run them, hledger and chromium: into the virtual environment, without root."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PROGRAMS: Final[Mapping[str, str]] = {"hledger": "usr/bin/hledger", "chromium": "usr/lib/chromium/chromium"}
"""A package, and its program."""
WRAPPER: Final = """#!/bin/sh
LD_LIBRARY_PATH={libraries} LC_ALL=C.UTF-8 exec {program} "$@"
"""


def install(name: str) -> None:
    """Make a program a command of the virtual environment, with the libraries that this machine is without.

    Raises CalledProcessError or FileNotFoundError where Debian's packages are not to be had.
    """
    installed = Path(sys.prefix) / "debian" / name
    shutil.rmtree(installed, ignore_errors=True)
    installed.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # apt-get downloads as a user of its own
        subprocess.run(["apt-get", "--quiet", "download", *_missing(name)], cwd=folder, check=True)
        for package in sorted(Path(folder).glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, installed], check=True)
    libraries = sorted({str(path.parent) for path in installed.rglob("*.so*")})
    command = Path(sys.prefix) / "bin" / name
    command.write_text(WRAPPER.format(libraries=":".join(libraries), program=installed / PROGRAMS[name]))
    command.chmod(0o755)
    subprocess.run([command, "--version"], check=True)


def _missing(name: str) -> Sequence[str]:
    """The packages that would be installed. Their list is brought up to date where it is missing, if we are root."""
    simulate = ["apt-get", "--simulate", "--no-install-recommends", "install", name]
    simulated = subprocess.run(simulate, stdout=subprocess.PIPE, text=True, check=False)
    if simulated.returncode and os.geteuid() == 0:
        subprocess.run(["apt-get", "--quiet", "update"], check=True)
        simulated = subprocess.run(simulate, stdout=subprocess.PIPE, text=True, check=False)
    simulated.check_returncode()
    return [line.split()[1] for line in simulated.stdout.splitlines() if line.startswith("Inst ")]


if __name__ == "__main__":
    try:
        install(sys.argv[1])
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        sys.exit(str(error))
