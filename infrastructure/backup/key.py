"""The operator's key is one file, readable by its owner only, and no backup can be opened without the key."""

import base64
import binascii
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infrastructure.backup.errors import KeyUnusable
from infrastructure.embedded.private_files import write_private

KEY_BYTES: Final = 32
ID_BYTES: Final = 8
_FIRST_WORD: Final = "tallystick-backup-key-1"


@dataclass(frozen=True, slots=True, repr=False)
class BackupKey:
    secret: bytes

    @property
    def key_id(self) -> bytes:
        """An identifier of the key, which reveals nothing about the secret."""
        return HKDF(SHA256(), ID_BYTES, salt=None, info=b"tallystick backup key id").derive(self.secret)


def create_key(path: Path) -> BackupKey:
    """Create a random key and keep it in `path`, mode 0600. Raises KeyUnusable where the file exists already."""
    if path.exists():
        raise KeyUnusable(f"{path} exists already, and what is sealed with its key could not be opened with another.")
    key = BackupKey(secrets.token_bytes(KEY_BYTES))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, f"{_FIRST_WORD} {base64.b64encode(key.secret).decode()}\n")
    except OSError as error:
        raise KeyUnusable(f"the key cannot be kept in {path}: {error.strerror}.") from error
    return key


def read_key(path: Path) -> BackupKey:
    """The key in `path`. Raises KeyUnusable, also where other users may read the file."""
    try:
        text, mode = path.read_text(), path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(
            f"{path} cannot be read: {error}. Without the key no backup can be opened; "
            "`tallystick backup key FILE` makes one for new backups."
        ) from error
    if mode & 0o077:
        raise KeyUnusable(f"{path} can be read by others (mode {mode & 0o777:o}): `chmod 600 {path}`.")
    first_word, _, encoded = text.strip().partition(" ")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        secret = b""
    if first_word != _FIRST_WORD or len(secret) != KEY_BYTES:
        raise KeyUnusable(f"{path} is no backup key: expected one line made by `tallystick backup key`.")
    return BackupKey(secret)


def keep_apart(key_file: Path, folder: Path) -> None:
    """Raises KeyUnusable where the key lies inside the backup folder, beside the files that the key opens."""
    if key_file.resolve().is_relative_to(folder.resolve()):
        raise KeyUnusable(f"{key_file} is inside the backup folder {folder}: whoever has the one would have the other.")
