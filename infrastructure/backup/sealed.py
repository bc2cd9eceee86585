"""A sealed file is compressed and encrypted with a key of its own, and opens only under its own name."""

# The construction is that of Tink's streaming AEAD and of age's payload. HKDF-SHA256 derives the file's key from the
# operator's key, a random salt and the file's name. AES-256-GCM encrypts one chunk after the other; the nonce is the
# chunk's number and a mark of the last chunk. No nonce is used twice under one key, and chunks cannot be exchanged,
# left out or cut off.

import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from infrastructure.backup.errors import SealBroken
from infrastructure.backup.key import ID_BYTES, BackupKey
from infrastructure.embedded.private_files import sync_folder

_MAGIC: Final = b"TLYSEAL1"
_SALT_BYTES: Final = 32
_CHUNK_BYTES: Final = 1024 * 1024
_TAG_BYTES: Final = 16
_FAST: Final = 1
"""The compression level of zlib, a low one: the processor is shared with the processes that take payments."""


def seal(path: Path, name: str, content: Iterable[bytes], key: BackupKey) -> str:
    """Write `content` sealed under `name` to `path`, and return the file's SHA-256.

    The file is on disk before it appears under its name. Raises OSError and every error of `content`; no file exists
    then.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    checksum = sha256()
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for part in _encrypted(_deflated(content), name, key):
                checksum.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return checksum.hexdigest()


def opened(path: Path, name: str, key: BackupKey) -> Iterator[bytes]:
    """The content of `path` that was sealed under `name`; each part is authenticated before it is returned.

    Only the last part proves that no part is missing. Raises SealBroken, OSError.
    """
    with path.open("rb") as file:
        head = file.read(len(_MAGIC) + ID_BYTES + _SALT_BYTES)
        magic, key_id = head[: len(_MAGIC)], head[len(_MAGIC) : len(_MAGIC) + ID_BYTES]
        if magic != _MAGIC or len(head) < len(_MAGIC) + ID_BYTES + _SALT_BYTES:
            raise SealBroken(path, "it is no sealed file of this version")
        if key_id != key.key_id:
            raise SealBroken(path, f"it was sealed with the key {key_id.hex()}, and this is {key.key_id.hex()}")
        cipher = _cipher(key, head[-_SALT_BYTES:], name)
        try:
            yield from _inflated(_decrypted(file, cipher))
        except InvalidTag:
            what = "it is damaged or cut short, or was sealed under another name"
            raise SealBroken(path, what) from None
        except zlib.error as error:  # authentic, but not compressed content: sealed by another program
            raise SealBroken(path, str(error)) from error


def _encrypted(content: Iterable[bytes], name: str, key: BackupKey) -> Iterator[bytes]:
    salt = secrets.token_bytes(_SALT_BYTES)
    cipher = _cipher(key, salt, name)
    yield _MAGIC + key.key_id + salt
    pending, number = bytearray(), 0
    for part in content:
        pending += part
        while len(pending) > _CHUNK_BYTES:  # the last chunk is marked, so one full chunk is held back
            yield cipher.encrypt(_nonce(number, is_last=False), bytes(pending[:_CHUNK_BYTES]), None)
            del pending[:_CHUNK_BYTES]
            number += 1
    yield cipher.encrypt(_nonce(number, is_last=True), bytes(pending), None)


def _decrypted(file: IO[bytes], cipher: AESGCM) -> Iterator[bytes]:
    chunk, number = file.read(_CHUNK_BYTES + _TAG_BYTES), 0
    while True:
        following = file.read(_CHUNK_BYTES + _TAG_BYTES)
        yield cipher.decrypt(_nonce(number, is_last=not following), chunk, None)
        if not following:
            return
        chunk, number = following, number + 1


def _cipher(key: BackupKey, salt: bytes, name: str) -> AESGCM:
    info = b"tallystick sealed file 1\0" + name.encode()
    return AESGCM(HKDF(SHA256(), 32, salt=salt, info=info).derive(key.secret))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if is_last else b"\0")


def _deflated(content: Iterable[bytes]) -> Iterator[bytes]:
    deflate = zlib.compressobj(_FAST)
    for part in content:
        if made := deflate.compress(part):
            yield made
    yield deflate.flush()


def _inflated(content: Iterable[bytes]) -> Iterator[bytes]:
    """The decompressed content, in parts of bounded size whatever the compression ratio."""
    inflate = zlib.decompressobj()
    for part in content:
        while part:
            yield inflate.decompress(part, _CHUNK_BYTES)
            part = inflate.unconsumed_tail
    yield inflate.flush()
    if not inflate.eof:
        raise zlib.error("its content is not whole")
