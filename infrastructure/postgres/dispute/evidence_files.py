"""Evidence files in Postgres, stored under their SHA-256 digests."""

from typing import Final

from infrastructure.postgres.connection.pool import ReadPool

_INSERT: Final = "INSERT INTO evidence_file (sha256, content) VALUES (%b, %b) ON CONFLICT DO NOTHING"
_SELECT: Final = "SELECT content FROM evidence_file WHERE sha256 = %b"


class PostgresEvidenceFiles:
    """Implements application.dispute.evidence.EvidenceFiles."""

    def __init__(self, pool: ReadPool) -> None:
        self._pool = pool

    async def put(self, sha256: str, content: bytes) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(_INSERT, (bytes.fromhex(sha256), content))

    async def get(self, sha256: str) -> bytes | None:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_SELECT, (bytes.fromhex(sha256),))).fetchone()
        return None if row is None else bytes(row[0])
