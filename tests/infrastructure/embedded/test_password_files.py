"""A password file that is empty, damaged or another's is named at once, and the right one starts the server again."""

import pytest

from infrastructure.embedded.errors import PasswordFileInvalid
from infrastructure.embedded.nats import EmbeddedNats
from infrastructure.embedded.postgres import EmbeddedPostgres

DAMAGED = [
    (b"", "is empty"),
    (b"\n", "is empty"),
    (b"\xff\xfe", "no password of ours"),
    (b"a b", "no password of ours"),
]
POSTGRES_FILES = ["postgres.password", "postgres.app.password", "postgres.owner.password", "postgres.reader.password"]


def test_of_postgres(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    for name in POSTGRES_FILES:
        file = postgres.home / name
        kept = file.read_bytes()
        for damaged, told in DAMAGED:
            file.write_bytes(damaged)
            with pytest.raises(PasswordFileInvalid, match=f"{name} .*{told}"):
                postgres.start()
            assert not postgres.running
        file.write_bytes(kept)
    superuser = postgres.home / "postgres.password"
    kept = superuser.read_bytes()
    superuser.write_text("another")
    with pytest.raises(
        PasswordFileInvalid, match=r"postgres\.password holds another password than the one that the data"
    ):
        postgres.start()
    assert not postgres.running
    superuser.write_bytes(kept + b"\n")
    postgres.start()
    assert postgres.running


@pytest.mark.parametrize(("damaged", "told"), DAMAGED)
def test_of_nats(nats: EmbeddedNats, damaged: bytes, told: str) -> None:
    nats.home.mkdir()
    (nats.home / "nats.password").write_bytes(damaged)
    with pytest.raises(PasswordFileInvalid, match=rf"nats\.password .*{told}"):
        nats.start()
    assert not nats.running
