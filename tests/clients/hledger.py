"""hledger for the tests that run it: from Debian's packages into the virtual environment, without root."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

PACKAGES: Final = ("hledger", "libffi8", "libgmp10", "libtinfo6")
"""With the libraries that a machine may be without."""
INSTALLED: Final = Path(sys.prefix) / "hledger"
COMMAND: Final = Path(sys.prefix) / "bin/hledger"
WRAPPER: Final = """#!/bin/sh
LD_LIBRARY_PATH={libraries} LC_ALL=C.UTF-8 exec {program} "$@"
"""


def install() -> None:
    """Make hledger a command of the virtual environment.

    Raises CalledProcessError or FileNotFoundError where Debian's packages are not to be had.
    """
    with tempfile.TemporaryDirectory() as folder:
        _download(Path(folder))
        shutil.rmtree(INSTALLED, ignore_errors=True)
        for package in sorted(Path(folder).glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, INSTALLED], check=True)
    libraries = sorted({str(path.parent) for path in INSTALLED.rglob("*.so.*")})
    COMMAND.write_text(WRAPPER.format(libraries=":".join(libraries), program=INSTALLED / "usr/bin/hledger"))
    COMMAND.chmod(0o755)
    subprocess.run([COMMAND, "--version"], check=True)


def _download(folder: Path) -> None:
    """The lists of packages are brought up to date only where they are too old, or missing, and only root may."""
    folder.chmod(0o777)  # apt-get downloads as a user of its own
    download = ["apt-get", "--quiet", "download", *PACKAGES]
    if os.geteuid() != 0:
        subprocess.run(download, cwd=folder, check=True)
    elif subprocess.run(download, cwd=folder, check=False).returncode:
        subprocess.run(["apt-get", "--quiet", "update"], check=True)
        subprocess.run(download, cwd=folder, check=True)


if __name__ == "__main__":
    try:
        install()
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        sys.exit(str(error))
