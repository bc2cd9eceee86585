"""A file with a secret is readable by one account only, and appears under its name complete or not at all."""

import os
import re
import secrets
from pathlib import Path

from infrastructure.embedded.errors import PasswordFileInvalid
from infrastructure.embedded.privileges import Account, give_to

_PASSWORD = re.compile(r"[A-Za-z0-9_-]+")
"""The characters that a URL can hold without escapes."""


def kept_password(path: Path, owner: Account | None = None) -> str:
    """The password kept in `path`; the first call creates the password. Raises PasswordFileInvalid."""
    if not path.exists():
        write_private(path, new_password(), owner)
    return read_password(path)


def read_password(path: Path) -> str:
    """The password in `path`. Raises PasswordFileInvalid for a file without a password."""
    try:
        text = path.read_bytes().decode("ascii", errors="replace")
    except OSError as error:
        raise PasswordFileInvalid(path, f"cannot be read: {error.strerror}") from error
    password = text.removesuffix("\n")
    if not password:
        raise PasswordFileInvalid(path, "is empty: restore it from a backup")
    if _PASSWORD.fullmatch(password) is None:
        raise PasswordFileInvalid(path, "holds no password of ours (letters and digits): restore it from a backup")
    return password


def new_password() -> str:
    return secrets.token_hex(24)


def write_private(path: Path, text: str, owner: Account | None = None) -> None:
    """Replace `path` by `text` with mode 0600; the content is on disk before the file appears under its name."""
    unfinished = path.with_name(f"{path.name}.tmp")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    give_to(owner, unfinished)
    unfinished.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Write a folder's names to disk, so that a rename survives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
