"""A sealed file opens with its key, under its name, whole and unchanged; otherwise not at all."""

import secrets
from pathlib import Path

import pytest

from infrastructure.backup.errors import KeyUnusable, SealBroken
from infrastructure.backup.key import BackupKey, create_key, keep_apart, read_key
from infrastructure.backup.sealed import opened, seal

KEY = BackupKey(bytes(range(32)))
CHUNK = 1024 * 1024
HEAD = 8 + 8 + 32


def read(path: Path, name: str = "wal/1", key: BackupKey = KEY) -> bytes:
    return b"".join(opened(path, name, key))


@pytest.fixture
def three_chunks(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    seal(path, "wal/1", [secrets.token_bytes(2 * CHUNK + 17)], KEY)
    return path


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_was_sealed_is_what_is_opened(tmp_path: Path, size: int) -> None:
    content = secrets.token_bytes(size)
    seal(tmp_path / "file", "wal/1", [content[:5], content[5:]], KEY)
    assert read(tmp_path / "file") == content
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_zeros_take_no_room(tmp_path: Path) -> None:
    seal(tmp_path / "file", "wal/1", [bytes(16 * CHUNK)], KEY)
    assert (tmp_path / "file").stat().st_size < 100_000


def test_another_name_does_not_open_it(three_chunks: Path) -> None:
    with pytest.raises(SealBroken, match="another name"):
        read(three_chunks, "wal/2")


def test_another_key_is_named(three_chunks: Path) -> None:
    with pytest.raises(SealBroken, match=KEY.key_id.hex()):
        read(three_chunks, key=BackupKey(bytes(32)))


@pytest.mark.parametrize("cut_bytes", [1, 17 + 16, CHUNK, CHUNK + 16 + 17])
def test_a_file_cut_short_is_refused(three_chunks: Path, cut_bytes: int) -> None:
    sealed = three_chunks.read_bytes()
    three_chunks.write_bytes(sealed[: HEAD + 2 * (CHUNK + 16)] if cut_bytes == 17 + 16 else sealed[:-cut_bytes])
    with pytest.raises(SealBroken):
        read(three_chunks)


@pytest.mark.parametrize("at", [HEAD - 1, HEAD, HEAD + CHUNK + 20, -1])
def test_one_changed_byte_is_noticed(three_chunks: Path, at: int) -> None:
    sealed = bytearray(three_chunks.read_bytes())
    sealed[at] ^= 1
    three_chunks.write_bytes(sealed)
    with pytest.raises(SealBroken):
        read(three_chunks)


def test_chunks_cannot_be_exchanged(three_chunks: Path) -> None:
    sealed = three_chunks.read_bytes()
    one, two = sealed[HEAD : HEAD + CHUNK + 16], sealed[HEAD + CHUNK + 16 : HEAD + 2 * (CHUNK + 16)]
    three_chunks.write_bytes(sealed[:HEAD] + two + one + sealed[HEAD + 2 * (CHUNK + 16) :])
    with pytest.raises(SealBroken):
        read(three_chunks)


def test_no_two_files_are_encrypted_alike(tmp_path: Path) -> None:
    for name in ("a", "b"):
        seal(tmp_path / name, "wal/1", [b"the same"], KEY)
    assert (tmp_path / "a").read_bytes()[HEAD:] != (tmp_path / "b").read_bytes()[HEAD:]


def test_content_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def failing() -> list[bytes]:
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        seal(tmp_path / "file", "wal/1", (part for _ in range(1) for part in failing()), KEY)
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_kept_for_its_owner_and_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "backup.key"
    key = create_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_key(file) == key
    assert repr(key.secret) not in repr(key)
    with pytest.raises(KeyUnusable, match="exists already"):
        create_key(file)
    file.chmod(0o640)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        read_key(file)


@pytest.mark.parametrize("text", ["", "tallystick-backup-key-1 c2hvcnQ=", "hello", "tallystick-backup-key-1 ?"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "backup.key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(KeyUnusable, match="no backup key"):
        read_key(file)


def test_a_key_is_not_kept_with_what_it_opens(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="inside the backup folder"):
        keep_apart(tmp_path / "backups" / "deep" / "key", tmp_path / "backups")
    keep_apart(tmp_path / "key", tmp_path / "backups")
